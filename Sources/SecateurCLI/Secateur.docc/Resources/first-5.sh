secateur benchmark checkpoints/first --breakdown
