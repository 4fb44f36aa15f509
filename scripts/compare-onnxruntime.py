#!/usr/bin/env python3
"""Compares a run's model with onnxruntime's int8 of the dense one, where onnxruntime is installed.

Both alternate, at the tokens and threads of the search; the ratio is a median over rounds. Where it cannot be compared,
a line says why.
"""
import argparse
import contextlib
import importlib.util
import json
import os
import sys
import tempfile

NEEDED = ("numpy", "onnx", "onnxruntime")


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="the folder of a finished search")
    parser.add_argument("--secateur", default=".build/release/secateur")
    return parser.parse_args()


def compare(run, program):
    """How many times as fast as onnxruntime's int8 a run's model is, and over how many rounds."""
    from peers import latency, runtimes, secateur

    with open(f"{run}/run.json") as file:
        searched = json.load(file)
    command = secateur.Command(program, searched["model"])
    setting = latency.Setting(searched["tokens"], searched.get("batch", 1), searched["threads"])
    with tempfile.TemporaryDirectory() as work, contextlib.redirect_stderr(open(os.devnull, "w")):
        peer = runtimes.build_onnxruntime(searched["model"], work)[1]
        times = latency.measure([peer], command, {run: run}, setting, rounds=8, seconds=60)
    return times.speedup(run, peer.name), len(times.others)


def main():
    arguments = options()
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)]
    if missing:
        print(f"not compared with onnxruntime's int8: Python has no {', '.join(missing)}", file=sys.stderr)
        return
    try:
        speedup, rounds = compare(arguments.run, arguments.secateur)
    except Exception as error:
        print(f"not compared with onnxruntime's int8: {type(error).__name__}: {error}", file=sys.stderr)
        return
    print(
        f"\n{speedup:.2f} times as fast as onnxruntime's int8 of the dense model, the median of {rounds} alternating "
        f"rounds")


if __name__ == "__main__":
    main()
