secateur search --config checkpoints/first --agent climbing \
    --output checkpoints/climbing
secateur compare checkpoints/first checkpoints/climbing
