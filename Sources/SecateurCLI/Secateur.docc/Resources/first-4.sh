secateur report checkpoints/first
