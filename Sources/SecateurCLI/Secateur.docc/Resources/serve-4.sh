curl -s 127.0.0.1:8088/v1/embeddings \
    -d '{"model": "first", "input": "A cat sits.", "dimensions": 4}'
