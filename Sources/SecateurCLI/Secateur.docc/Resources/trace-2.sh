secateur trace checkpoints/first --csv > trace.csv
