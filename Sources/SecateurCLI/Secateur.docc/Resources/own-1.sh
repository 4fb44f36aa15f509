cp -r models/minilm my-model
