secateur search my-model --task fidelity --train my-sentences.txt \
    --validation other-sentences.txt --target-latency 0.4 --tokens 64 --threads 1 \
    --output checkpoints/mine
