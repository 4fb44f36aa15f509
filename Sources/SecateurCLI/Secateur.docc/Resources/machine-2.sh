secateur apply policy.json models/minilm --train data/fortunes.txt --output pruned
