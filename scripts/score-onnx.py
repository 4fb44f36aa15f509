#!/usr/bin/env python3
"""Scores encoders that `secateur export --format onnx` wrote, as onnxruntime and OpenVINO compute them.

For each file and reader: how many products are computed in 8 bits, the least time of 128 tokens on one thread (files
and readers alternating), Spearman of sentence pairs, and nDCG@10 where there is a collection.
"""
import argparse
import os
import time

import numpy as np

from peers import exported_onnx, quality, runtimes


def inputs(ids):
    ids = ids.astype(np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def least_times(embedders, rounds):
    """Milliseconds of each, alternating."""
    tokens = inputs(np.random.default_rng(1).integers(1000, 30000, (1, 128)))
    least = [float("inf")] * len(embedders)
    for _ in range(rounds):
        for index, embed in enumerate(embedders):
            start = time.perf_counter()
            embed(tokens)
            least[index] = min(least[index], 1e3 * (time.perf_counter() - start))
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="what export wrote")
    parser.add_argument("--model", default="models/minilm", help="the folder of the tokenizer")
    parser.add_argument("--sts", default="../shared/data/stsb/dev.tsv", help="pairs of sentences with scores")
    parser.add_argument("--retrieval", default="", help="folder of documents and queries")
    parser.add_argument("--rounds", type=int, default=40, help="how often each is timed")
    arguments = parser.parse_args()
    print(runtimes.versions())
    tokenizer = quality.tokenizer(arguments.model)
    rows = [(path, name) for path in arguments.files for name in exported_onnx.READERS]
    readers = [exported_onnx.READERS[name](path, 1) for path, name in rows]
    times = least_times([embed for embed, _ in readers], arguments.rounds)
    for (path, name), (embed, integers), ms in zip(rows, readers, times):
        def embedded(texts):
            return np.concatenate([embed(inputs(ids)) for ids in quality.token_ids(tokenizer, texts)])

        spearman, ndcg, _ = quality.scores(embedded, arguments.sts, arguments.retrieval)
        scores = [f"{label} {value:.4f}" for label, value in (("Spearman", spearman), ("nDCG@10", ndcg)) if value]
        print(f"{os.path.basename(path):<28} {name:<12} {integers:3} products in 8 bits  {ms:7.2f} ms  "
              + "  ".join(scores), flush=True)


if __name__ == "__main__":
    main()
