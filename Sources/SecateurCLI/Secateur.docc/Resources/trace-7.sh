secateur replay checkpoints/first
