"""A BERT folder so small that a search takes seconds, and text of its words."""
import json
import os
import random
import struct

import numpy as np

HIDDEN, NEURONS, BLOCKS, PLACES = 32, 64, 2, 64
WORDS = "the cat dog bird sits runs sings on under near a mat tree house red old quick and but sleeps eats".split()


def write(folder, seed=1):
    """The model, and `text.txt` beside its files."""
    os.makedirs(folder)
    generator, vocabulary = np.random.default_rng(seed), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tensors = {}

    def add(name, shape, spread, centre=0):
        tensors[name] = (centre + spread * generator.uniform(-1, 1, shape)).astype(np.float32)

    def norm(name):
        add(f"{name}.weight", [HIDDEN], 0.1, 1)
        add(f"{name}.bias", [HIDDEN], 0.1)

    def linear(name, rows, columns):
        add(f"{name}.weight", [rows, columns], 0.4)
        add(f"{name}.bias", [rows], 0.1)

    add("embeddings.word_embeddings.weight", [len(vocabulary), HIDDEN], 1)
    add("embeddings.position_embeddings.weight", [PLACES, HIDDEN], 0.2)
    add("embeddings.token_type_embeddings.weight", [2, HIDDEN], 0.1)
    norm("embeddings.LayerNorm")
    for block in range(BLOCKS):
        prefix = f"encoder.layer.{block}"
        for name in ["self.query", "self.key", "self.value", "output.dense"]:
            linear(f"{prefix}.attention.{name}", HIDDEN, HIDDEN)
        norm(f"{prefix}.attention.output.LayerNorm")
        linear(f"{prefix}.intermediate.dense", NEURONS, HIDDEN)
        linear(f"{prefix}.output.dense", HIDDEN, NEURONS)
        norm(f"{prefix}.output.LayerNorm")
    header, offset = {}, 0
    for name, values in tensors.items():
        header[name] = {
            "dtype": "F32", "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header).encode()
    with open(f"{folder}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(values.tobytes() for values in tensors.values()))
    with open(f"{folder}/vocab.txt", "w") as file:
        file.write("\n".join(vocabulary) + "\n")
    with open(f"{folder}/config.json", "w") as file:
        json.dump({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN, "num_hidden_layers": BLOCKS,
            "num_attention_heads": 2, "intermediate_size": NEURONS, "vocab_size": len(vocabulary),
            "max_position_embeddings": PLACES, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
            "architectures": ["BertModel"]}, file)
    words = random.Random(seed)
    lines = {" ".join(words.choices(WORDS, k=words.randint(4, 12))) for _ in range(400)}
    with open(f"{folder}/text.txt", "w") as file:
        file.write("\n".join(sorted(lines)) + "\n")
    return folder
