"""Checks Secateur's language models against llama.cpp and transformers: greedy generation, perplexity, logits.

Usage: python language_reference.py SECATEUR TEXT MODEL [MODEL ...] [--windows 40]
Needs llama-cpp-python, torch and transformers. MODEL is what `secateur convert` takes, dense or pruned.
"""
import argparse
import ctypes
import json
import os
import pathlib
import subprocess
import tempfile

import llama_cpp
import numpy as np

CONTEXT = 512
PROMPTS = ["The history of the Roman Empire began", "def fibonacci(n):\n", "Once upon a time, in a small village,"]


def run(*arguments, text=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    return subprocess.run(arguments, check=True, capture_output=True, text=True, input=text, env=environment).stdout


class Llama:
    def __init__(self, path, threads):
        self.quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.quiet, ctypes.c_void_p(0))
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = CONTEXT
        params.n_threads = params.n_threads_batch = threads
        params.type_k = params.type_v = 0  # single precision, as Secateur's
        params.flash_attn_type = 0
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))

    def clear(self):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)

    def logits(self, ids, position=0):
        batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, position + i, 1, True
            batch.seq_id[i][0] = 0
        if llama_cpp.llama_decode(self.context, batch) != 0:
            raise RuntimeError("llama_decode failed")
        rows = llama_cpp.llama_get_logits(self.context)
        result = np.ctypeslib.as_array(rows, shape=(len(ids), self.vocabulary)).astype(np.float64)
        llama_cpp.llama_batch_free(batch)
        return result

    def perplexity(self, windows):
        every, late = [], []
        for window in windows:
            self.clear()
            logits = self.logits(window)[:-1]
            top = logits.max(-1)
            losses = top + np.log(np.exp(logits - top[:, None]).sum(-1)) - logits[np.arange(CONTEXT - 1), window[1:]]
            every.extend(losses)
            late.extend(losses[CONTEXT // 2 :])
        return np.exp(np.mean(every)), np.exp(np.mean(late))

    def greedy(self, ids, ours):
        """Where generation parts from ours, and by how much the best logits differ there; None when nowhere."""
        self.clear()
        logits = self.logits(ids)[-1]
        for step, token in enumerate(ours):
            best = int(logits.argmax())
            if best != token:
                return step, float(logits[best] - logits[token])
            logits = self.logits([token], len(ids) + step)[-1]
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("secateur")
    parser.add_argument("text")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--windows", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    for model in options.models:
        print(f"{model}:")
        check(options, model)


def check(options, model):
    with tempfile.TemporaryDirectory() as scratch:
        gguf, folder = f"{scratch}/model.gguf", f"{scratch}/folder"
        run(options.secateur, "convert", model, "--output", gguf)
        run(options.secateur, "convert", model, "--format", "folder", "--output", folder)
        peer = Llama(gguf, options.threads)
        text = pathlib.Path(options.text).read_text()
        ids = json.loads(run(options.secateur, "tokenize", model, "--json", text=text))
        windows = [np.array(ids[i * CONTEXT : (i + 1) * CONTEXT]) for i in range(options.windows)]
        ours = json.loads(
            run(options.secateur, "evaluate", gguf, "--task", "lm", "--data", options.text, "--windows",
                str(options.windows), "--json"))
        theirs = peer.perplexity(windows)
        print(f"perplexity, the written GGUF: ours {ours['value']:.4f} and {ours['secondHalf']:.4f} (second halves), "
              f"llama.cpp {theirs[0]:.4f} and {theirs[1]:.4f}")
        for prompt in PROMPTS:
            start = json.loads(run(options.secateur, "tokenize", gguf, "--json", text=prompt))
            made = json.loads(
                run(options.secateur, "generate", gguf, "--prompt", prompt, "--max-tokens", "64", "--json"))
            parting = peer.greedy(start, made)
            verdict = "the same" if parting is None else f"parts at {parting[0]}, logits {parting[1]:.2e} apart"
            print(f"greedy, {len(made)} tokens after {prompt!r}: {verdict}")
        compare_transformers(folder, peer, windows[0])


def compare_transformers(folder, peer, window):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(2)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sample = "Hello world! It's 12345 naïve café"
    print(f"transformers tokenizer: {tokenizer(sample)['input_ids']}")
    with torch.no_grad():
        logits = model(torch.tensor(window[None])).logits[0].double().numpy()
    peer.clear()
    print(f"transformers against llama.cpp on what Secateur wrote: largest difference "
          f"{np.abs(logits - peer.logits(window)).max():.2e}")


main()
