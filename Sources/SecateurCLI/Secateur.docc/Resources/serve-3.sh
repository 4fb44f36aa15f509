curl -s 127.0.0.1:8088/embed -d '{"inputs": ["A cat sits.", "A dog runs."]}' | cut -c 1-70
