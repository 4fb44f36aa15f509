secateur retarget checkpoints/first --threads 1 --latency-table latency.h5 \
    --target-latency 0.4 --output checkpoints/one-thread
