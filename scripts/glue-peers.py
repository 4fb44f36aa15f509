#!/usr/bin/env python3
"""Scores onnxruntime's int8 of the models that `Benchmarks glue` fine-tuned, and compares latencies with Secateur's.

`secateur export --format onnx` writes the dense models, onnxruntime quantizes them dynamically, and their heads are
computed here, in float32. Latencies are of 128 tokens, alternating, as multiples of onnxruntime's int8.
"""
import argparse
import dataclasses
import logging
import os

import numpy as np
from onnxruntime.quantization import QuantType, quantize_dynamic

from peers import exported_onnx, latency, onnx_encoder, quality, runtimes, secateur

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


def quantized(command, folder):
    """The path of a folder's encoder in onnxruntime's int8, made once."""
    exact, path = f"{folder}.onnx", f"{folder}-int8.onnx"
    if not os.path.exists(path):
        command.run("export", folder, "--format", "onnx", "--output", exact)
        quantize_dynamic(exact, path, weight_type=QuantType.QInt8)
        os.remove(exact)
    return path


@dataclasses.dataclass(frozen=True)
class Exported:
    """An exported encoder, to be run by onnxruntime."""

    path: str
    name: str = "onnxruntime int8"

    def encoder(self, threads, *shape):
        """Maps ids [batch × tokens], and types of tokens for pairs, to hidden states."""
        session = exported_onnx.onnxruntime_session(self.path, threads)
        names = {node.name for node in session.get_inputs()}

        def hidden_states(ids, types=None):
            inputs = {
                "input_ids": ids, "attention_mask": np.ones_like(ids),
                "token_type_ids": np.zeros_like(ids) if types is None else types}
            return session.run(["last_hidden_state"], {name: inputs[name] for name in names})[0]

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
        return 2 * hits / (2 * hits + false + missed)
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
    logging.getLogger().setLevel(logging.ERROR)
    print(f"{runtimes.versions()}; scores x 100, times as fast as onnxruntime's int8")
    setting = latency.Setting(128, 1, arguments.threads)
    for task in arguments.tasks:
        folder = f"{arguments.models}/{task}-dense"
        command = secateur.Command(arguments.secateur, folder)
        peer = Exported(quantized(command, folder))
        encoder = peer.encoder(os.cpu_count())
        cell = f"{task:6} {METRICS[task]:9} {100 * task_score(encoder, folder, task, arguments.data):6.2f}"
        folders = {case: f"{arguments.models}/{task}-{case}" for case in arguments.cases}
        times = latency.measure([peer], command, folders, setting, arguments.rounds, arguments.seconds)
        ratios = [f"{name} {times.speedup(name, peer.name):.2f}" for name in ["Secateur dense", *folders]]
        print("  ".join([cell, *ratios]), flush=True)


if __name__ == "__main__":
    main()
