secateur compare checkpoints/first checkpoints/there --output comparison.html
