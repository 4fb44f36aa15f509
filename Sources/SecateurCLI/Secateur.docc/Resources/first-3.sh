secateur resume checkpoints/first
