echo 'A cat sits on the mat.' | secateur embed checkpoints/first
