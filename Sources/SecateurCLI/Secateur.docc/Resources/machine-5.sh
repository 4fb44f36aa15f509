secateur retarget carried/first --model models/minilm --train data/fortunes.txt \
    --target-latency 0.4 --output checkpoints/there
