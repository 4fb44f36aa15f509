secateur search models/minilm --from carried/first --train data/fortunes.txt \
    --target-latency 0.4 --output checkpoints/there
