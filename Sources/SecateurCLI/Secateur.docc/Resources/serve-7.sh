kill -TERM $server
wait $server
