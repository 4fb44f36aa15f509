secateur trace checkpoints/first | tail -n 5
