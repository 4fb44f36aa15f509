secateur search --replay checkpoints/first
