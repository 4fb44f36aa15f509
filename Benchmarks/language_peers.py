"""Prefill and decoding compared with llama.cpp, in one run: alternating, the median over rounds of the ratios.

Usage: python language_peers.py SECATEUR DENSE_GGUF [--pruned NAME=MODEL ...] [--text FILE] [--windows 40]
       [--threads 1 2] [--rounds 3] [--inner-rounds 5]
A MODEL `level:LEVEL` is the dense one with zeros scattered over every layer, for the speed alone.
Needs llama-cpp-python. llama.cpp is called by its low-level `llama_decode`, with the logits of the last
token only, and both sides make up their tokens.
"""
import argparse
import ctypes
import json
import os
import statistics
import subprocess
import time

import llama_cpp

TOKENS = 512
DECODED = 32


class Llama:
    def __init__(self, path, threads):
        quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
        self.quiet = quiet
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = TOKENS + DECODED + 32
        params.n_batch = params.n_ubatch = TOKENS
        params.n_threads = params.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, params)

    def decode(self, count, position):
        batch = llama_cpp.llama_batch_init(count, 0, 1)
        batch.n_tokens = count
        for i in range(count):
            batch.token[i] = 100
            batch.pos[i] = position + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i == count - 1
        start = time.perf_counter()
        if llama_cpp.llama_decode(self.context, batch) != 0:
            raise RuntimeError("llama_decode failed")
        llama_cpp.llama_get_logits_ith(self.context, count - 1)
        elapsed = time.perf_counter() - start
        llama_cpp.llama_batch_free(batch)
        return elapsed

    def rates(self):
        """Tokens per second of prefill and of decoding after it, medians."""
        prefill, decode = [], []
        for _ in range(3):
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
            prefill.append(self.decode(TOKENS, 0))
        for i in range(DECODED):
            decode.append(self.decode(1, TOKENS + i))
        return TOKENS / statistics.median(prefill), 1 / statistics.median(decode)


def secateur(command, model, dense, threads, rounds):
    arguments = [command, "benchmark", model, "--against", dense, "--threads", str(threads), "--tokens", str(TOKENS)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    if model.startswith("level:"):
        arguments[2] = dense
        arguments += ["--level", model.removeprefix("level:")]
    output = subprocess.run(
        arguments + ["--rounds", str(rounds), "--json"], check=True, capture_output=True, text=True, env=environment)
    return json.loads(output.stdout)


def perplexity(command, model, text, windows, weights):
    """Over windows of 512 tokens; with 8-bit weights as decoding computes it, token by token."""
    arguments = [command, "evaluate", model, "--task", "lm", "--data", text, "--windows", str(windows)]
    output = subprocess.run(arguments + ["--weights", weights, "--json"], check=True, capture_output=True, text=True)
    return json.loads(output.stdout)["value"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("secateur")
    parser.add_argument("dense")
    parser.add_argument("--pruned", nargs="*", default=[])
    parser.add_argument("--text", help="show perplexity on it next to the speeds")
    parser.add_argument("--windows", type=int, default=40, help="of the text")
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3, help="in each of which every program runs once")
    parser.add_argument("--inner-rounds", type=int, default=5, help="of `secateur benchmark`")
    options = parser.parse_args()
    models = dict(entry.split("=", 1) for entry in options.pruned)
    median = statistics.median
    if options.text:
        for name in ["dense", *models]:
            if models.get(name, "").startswith("level:"):
                continue
            exact, decoded = (
                perplexity(options.secateur, models.get(name, options.dense), options.text, options.windows, weights)
                for weights in ["float", "8bit"]
            )
            print(f"perplexity of {name}: {exact:.2f} in prefill, {decoded:.2f} in decoding", flush=True)
    for threads in options.threads:
        peer = Llama(options.dense, threads)
        peer.rates()
        theirs, ours = [], {name: [] for name in ["dense", *models]}
        for _ in range(options.rounds):
            theirs.append(peer.rates())
            for name in ours:
                model = models.get(name, options.dense)
                ours[name].append(secateur(options.secateur, model, options.dense, threads, options.inner_rounds))
        print(f"{threads} thread(s), {TOKENS} tokens: prefill and decode, tokens/s (times llama.cpp)")
        print(f"  llama.cpp {llama_cpp.__version__}: {median(t[0] for t in theirs):.0f}, {median(t[1] for t in theirs):.0f}")
        for name, runs in ours.items():
            prefill = median(r["prefillTokensPerSecond"] for r in runs)
            decode = median(r["decodeTokensPerSecond"] for r in runs)
            ratios = [
                median(r[key] / t[i] for r, t in zip(runs, theirs))
                for i, key in enumerate(["prefillTokensPerSecond", "decodeTokensPerSecond"])
            ]
            own = median(r["speedup"] for r in runs)
            print(f"  {name}: {prefill:.0f} ({ratios[0]:.2f}x), {decode:.0f} ({ratios[1]:.2f}x); prefill {own:.2f}x our dense")


main()
