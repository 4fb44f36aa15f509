#!/usr/bin/env python3
"""Compares secateur's encoder with onnxruntime's and OpenVINO's: latency, size and quality, in one run.

The peers' files are built from the same safetensors weights: onnxruntime's int8 by dynamic quantization,
OpenVINO's by NNCF's post-training quantization. `secateur prune --level` writes Secateur's folders,
calibrated on the same text. All of them stay in the folder --work; delete it to build them again. Folders
of Secateur that are older than the command are written again.
Every row gets the same number of threads. Rows alternate, round after round; ratios are medians over rounds.
"""
import argparse
import itertools
import os
import platform

from peers import latency, quality, resident, runtimes, secateur

CALIBRATION_TEXTS = 300
FULL = {"tokens": [16, 128, 256], "batch": [1, 32], "threads": [1, 2]}


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="models/minilm")
    parser.add_argument("--secateur", default=os.environ.get("SECATEUR", ".build/release/secateur"))
    parser.add_argument("--isa", default="", help="secateur's instruction set, such as avx2")
    parser.add_argument(
        "--levels", nargs="+", default=["bfloat16", "int8", "int4", "16x1@0.5:int8", "4x1@0.5:int8"],
        help="levels of secateur")
    parser.add_argument(
        "--folders", nargs="+", default=[], metavar="NAME=FOLDER", help="further model folders of secateur")
    parser.add_argument("--tokens", type=int, nargs="+", default=[128])
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--full", action="store_true", help=f"all of {FULL}")
    parser.add_argument("--rounds", type=int, default=30, help="quiet alternating rounds of a setting")
    parser.add_argument(
        "--seconds", type=float, default=600,
        help="no further round of a setting starts after these; three are always measured")
    parser.add_argument(
        "--text", default="data/fortunes.txt", help="text to calibrate all on, a sentence a line")
    parser.add_argument("--sts", default="../shared/data/stsb/dev.tsv", help="sentence pairs with scores")
    parser.add_argument(
        "--retrieval", default="../shared/data/cranfield",
        help="folder of documents.tsv, queries.tsv and relevance.tsv")
    parser.add_argument("--no-quality", action="store_true", help="measure latency and size alone")
    parser.add_argument("--work", help="folder of what is built; default: below checkpoints")
    arguments = parser.parse_args()
    if arguments.full:
        vars(arguments).update(FULL)
    if not arguments.work:
        stems = [os.path.splitext(os.path.basename(path.rstrip("/")))[0] for path in (
            arguments.model, arguments.text)]
        arguments.work = f"checkpoints/peers-{'-'.join(stems)}"
    return arguments


def calibration_texts(path):
    """Texts from the whole of a file, at equal distances."""
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip()]
    step = max(1, len(lines) // CALIBRATION_TEXTS)
    return lines[::step][:CALIBRATION_TEXTS]


def machine():
    """The processor as lscpu names it, with the extensions that matter here."""
    name, numbers = platform.processor() or platform.machine(), ""
    try:
        with open("/proc/cpuinfo") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        name = fields.get("model name", name)
        numbers = f" (family {fields.get('cpu family')}, model {fields.get('model')})"
    except OSError:
        pass
    wanted = ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"]
    has = " ".join(flag for flag in wanted if flag in runtimes.processor_flags())
    return f"{name}{numbers}, {os.cpu_count()} processors, {has or 'none of ' + ' '.join(wanted)}"


def print_latency(setting, times, peers, absent):
    fastest = times.fastest([peer.name for peer in peers])
    rows = list(times.rounds)
    print(
        f"\n{setting}: {len(times.others)} rounds, other programs using up to {max(times.others):.2f} CPUs."
        f"\nTimes as fast as the fastest peer, {fastest}, and as each row:")
    heads = "".join(f"{number:>6d}" for number in range(1, len(rows) + 1))
    print(f"{'':28s} {'median ms':>10s} {'least ms':>9s} {'x fastest':>10s}  {heads}")
    for number, name in enumerate(rows, 1):
        ratios = "".join(f"{times.speedup(name, other):6.2f}" for other in rows)
        print(
            f"{number:3d} {name:24s} {times.median(name):10.3f} {times.least(name):9.3f} "
            f"{times.speedup(name, fastest):10.2f}  {ratios}")
    for name in absent:
        print(f"  - {name:24s} not on this CPU", flush=True)


def megabytes(value):
    return "-" if value is None else f"{value / 1e6:.1f}"


def print_table(rows):
    """Sizes and scores: rows of name, bytes on disk, bytes in memory, and three scores or None."""
    heads = ["disk MB", "memory MB", "Spearman", "nDCG@10", "recall@100"]
    print(f"\n    {'':24s} {' '.join(f'{head:>10s}' for head in heads)}")
    for name, disk, memory, scores in rows:
        values = [f"{score:.4f}" if score is not None else "-" for score in scores]
        cells = [megabytes(disk), megabytes(memory), *values]
        print(f"    {name:24s} {' '.join(f'{cell:>10s}' for cell in cells)}", flush=True)


def describe(arguments, peers, command, folders, tokenizer):
    """Sizes and scores of every row."""
    short = [f"text {number}" for number in range(256)]
    none = (None, None, None)
    for peer in peers:
        encoder = peer.encoder(threads=os.cpu_count())

        def embed(texts):
            return quality.embed(encoder, tokenizer, texts)

        scores = none if arguments.no_quality else quality.scores(embed, arguments.sts, arguments.retrieval)
        memory = resident.added_bytes(peer, quality.token_ids(tokenizer, short))
        yield peer.name, peer.disk_bytes, memory, scores
    for name, folder in ({"Secateur dense": arguments.model} | folders).items():
        scores = none if arguments.no_quality else command.scores(
            folder, arguments.sts, arguments.retrieval)
        yield name, secateur.disk_bytes(folder), command.resident_bytes(folder, short), scores


def main():
    arguments = options()
    os.makedirs(arguments.work, exist_ok=True)
    command = secateur.Command(arguments.secateur, arguments.model, arguments.isa)
    tokenizer = quality.tokenizer(arguments.model)
    folders = {
        f"Secateur {level}": command.pruned(level, arguments.text, arguments.work)
        for level in arguments.levels}
    folders |= dict(folder.split("=", 1) for folder in arguments.folders)
    calibration = quality.token_ids(tokenizer, calibration_texts(arguments.text))
    peers = runtimes.build(arguments.model, arguments.work, calibration)
    absent = []
    if not runtimes.has_native_bfloat16():
        absent = [peer.name for peer in peers if peer.precision == "bf16"]
        peers = [peer for peer in peers if peer.name not in absent]
    print(f"{machine()}\n{runtimes.versions()}; calibrated on {arguments.text}", flush=True)
    for setting in itertools.product(arguments.tokens, arguments.batch, arguments.threads):
        setting = latency.Setting(*setting)
        times = latency.measure(
            peers, command, folders, setting, arguments.rounds, arguments.seconds)
        print_latency(setting, times, peers, absent)
    if not arguments.no_quality:
        for what, path in {"Spearman": arguments.sts, "retrieval": arguments.retrieval}.items():
            if not os.path.exists(path):
                print(f"\n{what} is skipped: {path} is not there")
    print_table(describe(arguments, peers, command, folders, tokenizer))


if __name__ == "__main__":
    main()
