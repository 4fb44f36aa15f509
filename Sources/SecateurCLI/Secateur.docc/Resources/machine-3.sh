secateur benchmark pruned --against models/minilm
