secateur search --config checkpoints/first/config.yaml --agent climbing \
    --output checkpoints/climbing
secateur compare checkpoints/first checkpoints/climbing
