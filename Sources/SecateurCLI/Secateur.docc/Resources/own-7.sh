secateur search --config run.yaml --seed 2 --output checkpoints/mine-2
secateur compare checkpoints/mine checkpoints/mine-2
