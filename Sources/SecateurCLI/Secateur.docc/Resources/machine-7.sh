secateur profile models/minilm --threads 1 --output latency.h5
