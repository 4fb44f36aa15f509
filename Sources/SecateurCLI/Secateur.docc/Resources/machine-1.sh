secateur export checkpoints/first --format policy --output policy.json
