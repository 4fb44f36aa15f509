secateur serve checkpoints/first --port 8088 &
server=$!
until curl -sf 127.0.0.1:8088/health; do sleep 0.2; done
