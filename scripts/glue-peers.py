#!/usr/bin/env python3
"""Scores onnxruntime's int8 of the models that `Benchmarks glue` fine-tuned, and compares latencies with Secateur's.

The dense models' encoders are quantized dynamically; their heads are computed here, in float32. Latencies are of 128
tokens, alternating, as multiples of onnxruntime's int8.
"""
import argparse
import dataclasses
import os

import numpy as np

from peers import latency, onnx_encoder, quality, runtimes, secateur

METRICS = {"cola": "matthews", "rte": "accuracy", "mrpc": "f1", "stsb": "spearman", "sst2": "accuracy"}


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="checkpoints/glue", help="what `Benchmarks glue` wrote")
    parser.add_argument("--data", default="../shared/data", help="the folders of the tasks")
    parser.add_argument("--tasks", nargs="+", default=list(METRICS), choices=METRICS)
    parser.add_argument("--cases", nargs="+", default=["integers", "mixed"], help="whose latencies are compared")
    parser.add_argument("--secateur", default=".build/release/secateur")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5, help="quiet alternating rounds of each task")
    parser.add_argument("--seconds", type=float, default=60, help="no further round starts after these")
    return parser.parse_args()


@dataclasses.dataclass(frozen=True)
class Quantized:
    """The encoder of a model folder in onnxruntime's int8, built once."""

    folder: str
    name: str = "onnxruntime int8"

    def encoder(self, threads, batch=None, tokens=None):
        """Maps ids [batch × tokens], and types of tokens for pairs, to hidden states."""
        work = f"{self.folder}.onnxruntime"
        os.makedirs(work, exist_ok=True)
        path = runtimes.build_onnxruntime(self.folder, work, has_types=True)[1].path
        session = runtimes.onnxruntime_session(path, threads, batch, tokens)

        def hidden_states(ids, types=None):
            types = np.zeros_like(ids) if types is None else types
            return session.run(None, {"ids": ids, "types": types})[0]

        return hidden_states


def classes(encoder, folder, tokenizer, rows):
    """The class of each row: BERT's pooler and classifier over the first token."""
    weights = onnx_encoder.read_safetensors(f"{folder}/model.safetensors")
    pooler, head = ([weights[f"{name}.{part}"] for part in ("weight", "bias")] for name in (
        "pooler.dense", "classifier"))
    for row in rows:
        texts = [row["sentence"]] if "sentence" in row else [row["sentence1"], row["sentence2"]]
        encoding = tokenizer.encode(*texts)
        first = encoder(np.array([encoding.ids]), np.array([encoding.type_ids]))[0, 0]
        pooled = np.tanh(pooler[0] @ first + pooler[1])
        yield int(np.argmax(head[0] @ pooled + head[1]))


def score(metric, labels, found):
    """Accuracy, F1 of class 1, or Matthews' correlation."""
    labels, found = np.array(labels), np.array(list(found))
    if metric == "accuracy":
        return float((labels == found).mean())
    hits, false, missed, rest = (
        float(((found == own) & (labels == label)).sum()) for own, label in ((1, 1), (1, 0), (0, 1), (0, 0)))
    if metric == "f1":
        return 2 * hits / max(2 * hits + false + missed, 1)
    product = (hits + false) * (hits + missed) * (rest + false) * (rest + missed)
    return (hits * rest - false * missed) / product**0.5 if product else 0.0


def task_score(encoder, folder, task, data):
    tokenizer, path = quality.tokenizer(folder), f"{data}/{task}/dev.tsv"
    if METRICS[task] == "spearman":
        return quality.spearman(lambda texts: quality.embed(encoder, tokenizer, texts), path)
    rows = quality.read_table(path)
    return score(METRICS[task], [int(row["label"]) for row in rows], classes(encoder, folder, tokenizer, rows))


def main():
    arguments = options()
    print("onnxruntime's int8: score x 100; how many times as fast as it others are")
    setting = latency.Setting(128, 1, arguments.threads)
    for task in arguments.tasks:
        folder = f"{arguments.models}/{task}-dense"
        command = secateur.Command(arguments.secateur, folder)
        peer = Quantized(folder)
        encoder = peer.encoder(os.cpu_count())
        cell = f"{task:6} {METRICS[task]:9} {100 * task_score(encoder, folder, task, arguments.data):6.2f}"
        folders = {case: f"{arguments.models}/{task}-{case}" for case in arguments.cases}
        times = latency.measure([peer], command, folders, setting, arguments.rounds, arguments.seconds)
        ratios = [f"{name} {times.speedup(name, peer.name):.2f}" for name in ["Secateur dense", *folders]]
        print("  ".join([cell, *ratios]), flush=True)


if __name__ == "__main__":
    main()
