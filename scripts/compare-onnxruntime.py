#!/usr/bin/env python3
"""Compares a run's model with onnxruntime's int8 of the dense one, where onnxruntime is installed; else does nothing.

Both alternate, with 128 tokens; the ratio is a median over rounds. onnxruntime's files stay below checkpoints.
"""
import argparse
import importlib.util
import os


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="the folder of a finished search")
    parser.add_argument("--model", default="models/minilm", help="the dense model's folder")
    parser.add_argument("--secateur", default=".build/release/secateur")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return parser.parse_args()


def main():
    arguments = options()
    if not all(importlib.util.find_spec(name) for name in ("numpy", "onnx", "onnxruntime")):
        return
    from peers import latency, runtimes, secateur

    work = f"checkpoints/onnxruntime-{os.path.basename(arguments.model.rstrip('/'))}"
    os.makedirs(work, exist_ok=True)
    peer = runtimes.build_onnxruntime(arguments.model, work)[1]
    command = secateur.Command(arguments.secateur, arguments.model)
    setting = latency.Setting(128, 1, arguments.threads)
    times = latency.measure([peer], command, {"the pruned model": arguments.run}, setting, rounds=8, seconds=60)
    print(
        f"\n{peer.name} of the dense model, in {len(times.others)} alternating rounds: the pruned model is "
        f"{times.speedup('the pruned model', peer.name):.2f} times as fast")


if __name__ == "__main__":
    main()
