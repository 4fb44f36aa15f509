curl -s 127.0.0.1:8088/metrics | grep te_request_count
