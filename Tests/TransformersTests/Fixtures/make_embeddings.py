"""Writes embeddings.json: embeddings of a few sentences by an independent NumPy BERT in double precision.

Usage: python make_embeddings.py MODEL_FOLDER   (needs numpy, safetensors and tokenizers)
"""
import json
import math
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

SENTENCES = [
    "This is an example sentence",
    "Each sentence is converted",
    "The quick brown fox jumps over the lazy dog, while 12345 naïve cafés stay open until 3 a.m.",
]


def main():
    folder = pathlib.Path(sys.argv[1])
    w = {k: v.astype(np.float64) for k, v in load_file(folder / "model.safetensors").items()}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    erf = np.vectorize(math.erf)

    def norm(x, name):
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + 1e-12) * w[name + ".weight"] + w[name + ".bias"]

    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def embed(ids):
        e = "embeddings."
        x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][: len(ids)]
        x = norm(x + w[e + "token_type_embeddings.weight"][0], e + "LayerNorm")
        for layer in range(6):
            p = f"encoder.layer.{layer}."
            q, k, v = (linear(x, p + f"attention.self.{n}").reshape(len(ids), 12, 32) for n in ("query", "key", "value"))
            scores = np.einsum("qhd,khd->hqk", q, k) / math.sqrt(32)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            scores /= scores.sum(-1, keepdims=True)
            context = np.einsum("hqk,khd->qhd", scores, v).reshape(len(ids), 384)
            x = norm(x + linear(context, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            h = linear(x, p + "intermediate.dense")
            h = h * 0.5 * (1 + erf(h / math.sqrt(2)))
            x = norm(x + linear(h, p + "output.dense"), p + "output.LayerNorm")
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)

    out = {s: [round(float(v), 7) for v in embed(tokenizer.encode(s).ids)] for s in SENTENCES}
    path = pathlib.Path(__file__).with_name("embeddings.json")
    path.write_text(json.dumps(out, ensure_ascii=False))


main()
