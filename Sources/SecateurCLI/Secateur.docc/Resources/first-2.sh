secateur search models/minilm --task fidelity --train data/fortunes.txt \
    --target-latency 0.5 --output checkpoints/first
