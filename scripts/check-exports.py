#!/usr/bin/env python3
"""Exports a finished run in every format and proves each by the tool that reads it.

Prints one line for each format; exits with 1 when one misses its bound. `make check-exports` runs it
in an environment of its own.
"""
import argparse
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys
import traceback
from importlib.metadata import version

import numpy as np
import torch
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCORE_BOUND = 1e-3
OUTPUT_BOUND = 1e-4
# Where activations are rounded, a last bit that differs moves a value by a 127th of its token's largest; a few
# hundred pairs that are made of the text tell that more than scored ones.
ROUNDED_SCORE_BOUND = 2e-3
ROUNDED_MADE_SCORE_BOUND = 6e-3
ROUNDED_COSINE_BOUND = 0.99
# Where the scales of activations are fixed for all tokens.
STATIC_COSINE_BOUND = 0.98
# Of perplexity, where weights are rounded to 8 bits.
EIGHT_BIT_BOUND = 1e-2


class Missed(Exception):
    """A bound that was not kept."""


def require(holds, message):
    if not holds:
        raise Missed(message)


def close(name, ours, theirs, bound):
    require(abs(ours - theirs) <= bound, f"{name}: ours {ours:.6f}, theirs {theirs:.6f}")
    return f"{name} {theirs:.6f} (ours {ours:.6f})"


class Exports:
    """One run, its exports as they are asked for, and what Secateur itself says of it."""

    def __init__(self, secateur, run, work, rounded_score_bound=ROUNDED_SCORE_BOUND):
        self.rounded_score_bound = rounded_score_bound
        self.secateur, self.run, self.work = secateur, pathlib.Path(run), pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.policy = json.loads((self.run / "policy.json").read_text())
        self.levels = {entry["layer"]: entry for entry in self.policy["layers"]}
        self.dense = json.loads((self.run / "run.json").read_text())["model"]

    def call(self, *arguments, check=True, **options):
        done = subprocess.run([self.secateur, *map(str, arguments)], capture_output=True, text=True, **options)
        require(not check or done.returncode == 0, f"secateur {arguments[0]}: {done.stderr.strip()}")
        return done

    def export(self, form, name, *more):
        output = self.work / name
        shutil.rmtree(output, ignore_errors=True)
        self.call("export", self.run, "--format", form, "--output", output, *more)
        return output

    def refuses(self, form):
        done = self.call("export", self.run, "--format", form, "--output", self.work / "refused", check=False)
        lines = done.stderr.strip().splitlines()
        require(done.returncode != 0 and len(lines) == 1, f"{form} was not refused in one line: {lines}")
        require(not (self.work / "refused").exists(), f"{form}: something was left behind")

    def score(self, task, data, *more):
        done = self.call("evaluate", self.run, "--task", task, "--data", data, "--json", *more)
        return json.loads(done.stdout)["value"]

    def embed(self, sentences):
        done = self.call("embed", self.run, input="\n".join(sentences) + "\n")
        return np.array([json.loads(line) for line in done.stdout.splitlines()], dtype=np.float32)

    @property
    def integers(self):
        """Layers in int8 and in int4."""
        return self.layers_in("int8") + self.layers_in("int4")

    def layers_in(self, precision):
        return [name for name, entry in self.levels.items() if entry["level"].get("precision") == precision]

    @property
    def score_bound(self):
        return self.rounded_score_bound if self.integers else SCORE_BOUND

    @property
    def static_score_bound(self):
        """Where activations are rounded by scales of the layer, not of the token."""
        return 2 * self.rounded_score_bound

    def compare(self, name, sentences, theirs, bound, cosine_bound=ROUNDED_COSINE_BOUND):
        """Embeddings: equal within a bound, or alike where activations are rounded."""
        ours = self.embed(sentences)
        if not self.integers:
            difference = np.abs(theirs - ours).max()
            require(difference <= bound, f"{name} differ by {difference:.2e}")
            return f"{name} within {difference:.1e}"
        mean = float((theirs * ours).sum(-1).mean())
        require(mean >= cosine_bound, f"{name}: mean cosine {mean:.4f}")
        return f"{name} of mean cosine {mean:.4f}"

    def pruned(self):
        return {name: entry["level"] for name, entry in self.levels.items() if entry["level"]["sparsity"] > 0}

    def check_zeros(self, weights, transposed=False):
        """Zeros are where the policy says: as many, within a unit, and whole units. Rounding adds some of its own."""
        total = 0
        for name, level in self.pruned().items():
            zeros = (weights[name] == 0).numpy()
            zeros = zeros.T if transposed else zeros
            total += int(zeros.sum())
            rows, cols = unit(level["pattern"])
            expected = level["sparsity"] * zeros.size
            slack = 2 * rows * cols + zeros.shape[0] * (rows * cols > 1)
            require(zeros.sum() >= expected - slack, f"{name}: {zeros.sum()} zeros, expected {expected:.0f}")
            whole = zeros[: zeros.shape[0] // rows * rows, : zeros.shape[1] // cols * cols]
            units = whole.reshape(whole.shape[0] // rows, rows, -1, cols).all(axis=(1, 3)).sum()
            if name in self.integers:
                require(units * rows * cols >= expected - slack, f"{name}: zeros are not in {rows}x{cols}")
                continue
            require(zeros.sum() <= expected + slack, f"{name}: {zeros.sum()} zeros, expected {expected:.0f}")
            require(units * rows * cols >= 0.99 * whole.sum(), f"{name}: zeros are not in {rows}x{cols}")
        return total


def unit(pattern):
    parts = re.fullmatch(r"(\d+)x(\d+)", pattern)
    return (int(parts[1]), int(parts[2])) if parts else (1, 1)


def module_from(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def weights_by_layer(state, names):
    """A state dictionary's matrices by the policy's names."""
    return {n: state[f"{n}.weight" if f"{n}.weight" in state else f"bert.{n}.weight"] for n in names}


# Formats that only tell the policy


def check_policy(run):
    import jsonschema

    path = run.export("policy", "policy.json")
    schema = json.loads((ROOT / "docs/policy.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    policy = json.loads(path.read_text())
    jsonschema.validate(policy, schema)
    summary = json.loads((run.run / "summary.json").read_text())
    require([(e["layer"], e["level"]) for e in policy["layers"]]
            == [(e["layer"], e["level"]) for e in summary["policy"]], "layers differ from the summary's")
    for broken in ({"pattern": "0x4", "sparsity": 0.5}, {"pattern": "4x1", "sparsity": 1.0}):
        wrong = {**policy, "layers": [{"layer": "x", "level": broken}]}
        require(not jsonschema.Draft202012Validator(schema).is_valid(wrong), f"the schema takes {broken}")
    return f"jsonschema {version('jsonschema')}: {len(policy['layers'])} layers"


def check_apply(run):
    """The policy alone, on the same model and data, gives the run's very weights."""
    options = json.loads((run.run / "run.json").read_text())
    output = run.work / "applied"
    shutil.rmtree(output, ignore_errors=True)
    run.call("apply", run.work / "policy.json", options["model"], "--train", options["train"], "--task",
             options["task"], "--seed", options["seed"], "--calibration-sentences",
             options["calibrationSentences"], "--output", output)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (run.run / "model", output))
    require(ours.keys() == theirs.keys() and all(torch.equal(ours[n], theirs[n]) for n in ours),
            "weights differ from the run's")
    return f"{len(ours)} tensors equal the run's"


def check_recipe(run):
    import llmcompressor
    from compressed_tensors.utils import match_named_modules
    from llmcompressor.recipe import Recipe
    from transformers import AutoModel

    recipe = Recipe.create_instance(str(run.export("recipe", "recipe.yaml")))
    model = AutoModel.from_pretrained(run.dense)
    seen = {}
    for modifier in recipe.modifiers:
        sparsity = getattr(modifier, "sparsity", None) or modifier.final_sparsity
        for name, _ in match_named_modules(model, modifier.targets):
            require(name not in seen, f"{name} comes twice")
            seen[name] = sparsity
    require(seen == {n: level["sparsity"] for n, level in run.pruned().items()}, "other layers or sparsities")
    kinds = sorted({type(m).__name__ for m in recipe.modifiers})
    return f"llmcompressor {llmcompressor.__version__}: {len(seen)} layers by {', '.join(kinds)}"


def check_nni(run):
    import nni
    from nni.compression.pruning import LevelPruner
    from transformers import AutoModel

    configuration = json.loads(run.export("nni", "nni.json").read_text())
    model = AutoModel.from_pretrained(run.dense)
    _, masks = LevelPruner(model, configuration).compress()
    require(masks.keys() == run.pruned().keys(), "other layers than the policy's")
    for name, level in run.pruned().items():
        zeros = (masks[name]["weight"] == 0).float()
        require(abs(zeros.mean().item() - level["sparsity"]) < 0.01, f"{name}: mask of other sparsity")
        rows, cols = unit(level["pattern"])
        blocks = zeros.unfold(0, rows, rows).unfold(1, cols, cols).sum(dim=(2, 3))
        require(bool(((blocks == 0) | (blocks == rows * cols)).all()), f"{name}: not in {rows}x{cols}")
    return f"nni {nni.__version__}: LevelPruner masks {len(masks)} layers"


# Formats that hold the model


def check_torch(run, dense, task, data, bound):
    folder = run.export("torch", "torch")
    done = subprocess.run([sys.executable, folder / "apply_masks.py", dense, "--data", data],
                          capture_output=True, text=True)
    require(done.returncode == 0, f"apply_masks.py: {done.stderr.strip().splitlines()[-1:]}")
    told = dict(line.split() for line in done.stdout.splitlines())
    masks = load_file(folder / "masks.safetensors")
    zeros = sum(int((~mask).sum()) for mask in masks.values())
    changed = run.pruned().keys() | set(run.integers)
    require(masks.keys() == changed and int(told["layers"]) == len(changed), f"{told['layers']} layers")
    require(int(told["zeros"]) == zeros, f"{told['zeros']} zeros, the masks have {zeros}")
    metric, limit = ("spearman", None) if task == "sts" else ("perplexity", ("--windows", 40))
    ours = run.score(task, data, *(limit or ()))
    told_score = close(metric, ours, float(told[metric]), bound * max(1, abs(ours)))
    return f"torch {torch.__version__}: {told_score}, {zeros} zeros"


def check_hf(run, script, data, sentences):
    import transformers

    folder = run.export("hf", "hf")
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    zeros = run.check_zeros(weights_by_layer(model.state_dict(), run.pruned()))
    alike = run.compare("embeddings", sentences, script.embed(model, tokenizer, sentences).numpy(), SCORE_BOUND)
    score = close("spearman", run.score("sts", data), script.score(model, tokenizer, data)[1], run.score_bound)
    return f"transformers {transformers.__version__}: {score}, {alike}, {zeros} zeros"


DECOMPRESS = """
import sys
from compressed_tensors import __version__
from compressed_tensors.compressors import ModelCompressor
from safetensors.torch import save_file
import json, pathlib
folder, output = sys.argv[1:]
configuration = json.loads((pathlib.Path(folder) / "config.json").read_text())["quantization_config"]
compressor = ModelCompressor.from_compression_config(configuration)
state = dict(compressor.sparsity_compressor.decompress(folder))
save_file({name: value.contiguous() for name, value in state.items()}, output)
print(__version__)
"""


def check_compressed(run, library, hf):
    folder = run.export("compressed", "compressed")
    output = run.work / "decompressed.safetensors"
    done = subprocess.run([sys.executable, "-c", DECOMPRESS, folder, output], capture_output=True, text=True,
                          env={"PYTHONPATH": str(library), "PATH": ""})
    require(done.returncode == 0, f"compressed-tensors: {done.stderr.strip().splitlines()[-1:]}")
    theirs, ours = load_file(output), load_file(hf / "model.safetensors")
    require(ours.keys() == theirs.keys(), "other tensors than the folder of hf")
    require(all(torch.equal(ours[n], theirs[n]) for n in ours), "other weights than the folder of hf")
    sizes = [(f / "model.safetensors").stat().st_size for f in (folder, hf)]
    zeros = sum(int((ours[n] == 0).sum()) for n in ours)
    require(sizes[0] < sizes[1] - 3 * zeros, f"{sizes[0]} bytes, whole {sizes[1]}, {zeros} zeros")
    return (f"compressed-tensors {done.stdout.strip()}: {len(ours)} tensors equal, "
            f"{sizes[0]} bytes of {sizes[1]} ({sizes[0] / sizes[1]:.3f})")


def check_quantized(run, script, hf, data, sentences):
    """int-quantized and pack-quantized, which transformers loads by compressed-tensors: it rounds activations by token,
    too."""
    import transformers

    folder = run.export("compressed", "compressed")
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    stored = [name for name, value in model.state_dict().items() if value.dtype == torch.int8]
    require(sorted(stored) == sorted(f"{name}.weight" for name in run.layers_in("int8")), "other layers in int8")
    packed = [name for name, value in model.state_dict().items() if name.endswith("weight_packed")]
    require(sorted(packed) == sorted(f"{name}.weight_packed" for name in run.layers_in("int4")), "other layers in int4")
    alike = run.compare("embeddings", sentences, script.embed(model, tokenizer, sentences).numpy(), SCORE_BOUND)
    # The first pass has turned the weights into floats.
    theirs, ours = model.state_dict(), transformers.AutoModel.from_pretrained(hf).state_dict()
    require(all(torch.equal(ours[n], theirs[n]) for n in ours), "other weights than the folder of hf")
    score = close("spearman", run.score("sts", data), script.score(model, tokenizer, data)[1], run.score_bound)
    sizes = [(f / "model.safetensors").stat().st_size for f in (folder, hf)]
    whole = sum(ours[f"{name}.weight"].numel() for name in run.integers)
    require(sizes[0] < sizes[1] - 2.9 * whole, f"{sizes[0]} bytes, whole {sizes[1]}, {whole} in whole numbers")
    return (f"compressed-tensors {version('compressed-tensors')}, transformers: {score}, {alike}, "
            f"{sizes[0]} bytes of {sizes[1]} ({sizes[0] / sizes[1]:.3f})")


def round_inputs(model, names):
    """Makes layers round what they are given as Secateur does."""
    def rounded(_, inputs):
        scale = inputs[0].abs().amax(-1, keepdim=True).clamp_min(1e-30) / 127
        return (torch.round(inputs[0] / scale) * scale, *inputs[1:])

    modules = dict(model.named_modules())
    for name in names:
        modules[name].register_forward_pre_hook(rounded)


def check_onnx(run, script, hf, data, sentences):
    import onnx
    import onnxruntime
    import transformers

    path = run.export("onnx", "model.onnx")
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    model = transformers.AutoModel.from_pretrained(hf).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(hf)

    def embed(_, tokenizer, sentences, batch=32):
        found = []
        for start in range(0, len(sentences), batch):
            inputs = tokenizer(sentences[start:start + batch], padding=True, truncation=True,
                               max_length=script.longest(model), return_tensors="np")
            found.append(session.run(["sentence_embedding"], dict(inputs))[0])
        return torch.from_numpy(np.concatenate(found))

    alike = run.compare("embeddings", sentences, embed(None, tokenizer, sentences).numpy(), OUTPUT_BOUND)
    round_inputs(model, run.integers)
    inputs = tokenizer(sentences[:8], padding=True, return_tensors="pt")
    states = session.run(["last_hidden_state"], {n: v.numpy() for n, v in inputs.items()})[0]
    with torch.no_grad():
        reference = model(**inputs).last_hidden_state
    kept = inputs["attention_mask"].bool()
    pairs = torch.from_numpy(states)[kept], reference[kept]
    hidden = (pairs[0] - pairs[1]).abs().max().item()
    cosine = torch.nn.functional.cosine_similarity(*pairs, dim=-1).min().item()
    require(hidden <= OUTPUT_BOUND or (run.integers and cosine >= ROUNDED_COSINE_BOUND),
            f"hidden states differ from transformers' by {hidden:.2e}, least cosine {cosine:.4f}")
    share = path.stat().st_size / (hf / "model.safetensors").stat().st_size
    whole = sum(model.state_dict()[f"{name}.weight"].numel() for name in run.integers)
    require(path.stat().st_size < (hf / "model.safetensors").stat().st_size - 2.9 * whole + 1e6,
            f"{share:.3f} of the bytes of hf")
    original, script.embed = script.embed, embed
    try:
        score = close("spearman", run.score("sts", data), script.score(model, tokenizer, data)[1], run.score_bound)
    finally:
        script.embed = original
    return (f"onnxruntime {onnxruntime.__version__}: {score}, {alike}, hidden states within {hidden:.1e} of "
            f"transformers', least cosine {cosine:.4f}, {share:.3f} of the bytes")


def check_static_onnx(run, script, hf, data, text, sentences):
    """Scales that are fixed on text: onnxruntime and OpenVINO both compute every layer in int8 in it."""
    import onnx
    import transformers
    from peers import exported_onnx, runtimes

    path = run.export("onnx", "static.onnx", "--activations", "static", "--train", text)
    onnx.checker.check_model(str(path), full_check=True)
    model = transformers.AutoModel.from_pretrained(hf).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(hf)
    ours, told = run.score("sts", data), []
    for name, reader in exported_onnx.READERS.items():
        embed_batch, integers = reader(path, 2)
        require(integers == len(run.integers), f"{name}: {integers} products in 8 bits of {len(run.integers)}")

        def embed(_, tokenizer, sentences, batch=32):
            return torch.from_numpy(np.concatenate([
                embed_batch(dict(tokenizer(sentences[start:start + batch], padding=True, truncation=True,
                                           max_length=script.longest(model), return_tensors="np")))
                for start in range(0, len(sentences), batch)]))

        embeddings = embed(None, tokenizer, sentences).numpy()
        alike = run.compare("embeddings", sentences, embeddings, OUTPUT_BOUND, STATIC_COSINE_BOUND)
        original, script.embed = script.embed, embed
        try:
            score = script.score(model, tokenizer, data)[1]
        finally:
            script.embed = original
        told.append(f"{name} {close('spearman', ours, score, run.static_score_bound)}, {alike}, "
                    f"{integers} products in 8 bits")
    return f"{runtimes.versions()}: {'; '.join(told)}"


def check_gguf_types(run, text):
    """Layers in int8 as Q8_0, in int4 as Q4_0, everything else as F32; and the same types for llama-quantize."""
    import gguf
    import transformers

    path = run.export("gguf", "model.gguf")
    types = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(path).tensors}
    require(run.integers and set(types.values()) <= {"F32", "Q8_0", "Q4_0"}, f"types {set(types.values())}")
    counts = {}
    for kind, precision in {"Q8_0": "int8", "Q4_0": "int4"}.items():
        counts[kind] = sum(name == kind for name in types.values())
        expected = len(run.layers_in(precision))
        require(counts[kind] == expected, f"{counts[kind]} tensors in {kind}, {expected} layers in {precision}")
    require(all(types[name] == "F32" for name in types if "norm" in name), "norms are not F32")
    lines = run.export("llama-quantize", "types.txt").read_text().split()
    for line in lines:
        pattern, kind = line.split("=")
        found = [name for name in types if re.search(pattern, name)]
        require(len(found) == 1 and types[found[0]] == kind.upper(), f"{line} finds {found}")
    require(len(lines) == len(run.levels), f"{len(lines)} lines of {len(run.levels)} layers")
    loaded = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(run.export("hf", "lm-hf"))
    run.export("torch", "torch")
    script = module_from(run.work / "torch/apply_masks.py", "lm_types_script")
    ours = run.score("lm", text, "--windows", 40)
    score = close("perplexity", ours, script.score(loaded, tokenizer, text)[1], EIGHT_BIT_BOUND * ours)
    return f"gguf, transformers: {counts} of {len(types)} tensors, {len(lines)} lines, {score}"


def check_gguf(run, text):
    import gguf
    import transformers

    path = run.export("gguf", "model.gguf")
    tensors = {t.name: t for t in gguf.GGUFReader(path).tensors}
    hf = transformers.AutoModelForCausalLM.from_pretrained(run.export("hf", "lm-hf"), dtype=torch.float32).eval()
    loaded = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    zeros = run.check_zeros(weights_by_layer(loaded.state_dict(), run.pruned()))
    tokenizer = transformers.AutoTokenizer.from_pretrained(run.work / "lm-hf")
    ids = tokenizer(pathlib.Path(text).read_text(), return_tensors="pt").input_ids[:, :512]
    with torch.no_grad():
        difference = (loaded(ids).logits - hf(ids).logits).abs().max().item()
    require(difference <= OUTPUT_BOUND, f"logits differ from those of hf by {difference:.2e}")
    script = module_from(run.work / "torch/apply_masks.py", "lm_script")
    ours = run.score("lm", text, "--windows", 40)
    score = close("perplexity", ours, script.score(loaded, tokenizer, text)[1], SCORE_BOUND * ours)
    return f"gguf, transformers: {len(tensors)} tensors, {score}, {zeros} zeros"


# What is checked


def sentence_pairs(text, path, count=400):
    """Neighbouring sentences, scored by the words that they share: something to correlate with."""
    lines = [line for line in pathlib.Path(text).read_text().splitlines() if 20 < len(line) < 200]
    words = [set(re.findall(r"\w+", line.lower())) for line in lines]
    rows = ["sentence1\tsentence2\tscore"]
    for i in range(min(count, len(lines) - 1)):
        share = len(words[i] & words[i + 1]) / max(len(words[i] | words[i + 1]), 1)
        rows.append("\t".join([lines[i].replace("\t", " "), lines[i + 1].replace("\t", " "), f"{5 * share:.3f}"]))
    path.write_text("\n".join(rows) + "\n")
    return [line for line in lines[:64]]


def make_language_model(folder, text):
    """A small Llama with a byte-level tokenizer of its own, to search."""
    import transformers
    from tokenizers import ByteLevelBPETokenizer

    folder.mkdir(parents=True, exist_ok=True)
    bpe = ByteLevelBPETokenizer()
    bpe.train([str(text)], vocab_size=600, special_tokens=["<|endoftext|>"])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, eos_token="<|endoftext|>")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=128, intermediate_size=384, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
        tie_word_embeddings=True, eos_token_id=0, bos_token_id=0, initializer_range=0.2))
    model.save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--secateur", default=str(ROOT / ".build/release/secateur"))
    parser.add_argument("--run", help="a finished run of an encoder; default: made by a short search")
    parser.add_argument("--model", default="models/minilm", help="what to search for it")
    parser.add_argument("--text", default="data/fortunes.txt", help="text to search and to score on")
    parser.add_argument("--pairs", help="scored pairs of sentences; default: made of the text")
    parser.add_argument("--work", required=True, help="folder for everything that is made")
    parser.add_argument("--bitmask-library", required=True,
                        help="folder of the compressed-tensors that reads sparse-bitmask")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)

    def search(run, *options):
        if not (run / "policy.json").exists():
            subprocess.run([arguments.secateur, "search", *map(str, options), "--train", arguments.text,
                            "--recover", "none", "--output", str(run), "--overwrite"], check=True, stdout=subprocess.DEVNULL)
        return run

    usual = ("--task", "fidelity", "--budget", 120, "--threads", 1)
    encoder_run = pathlib.Path(arguments.run) if arguments.run else search(
        work / "run", arguments.model, *usual, "--target-latency", 0.8,
        "--levels", "dense,4x1@0.5,4x1@0.8,unstructured@0.8")
    integer_run = search(
        work / "integer-run", arguments.model, *usual, "--target-latency", 0.6,
        "--levels", "dense,4x1@0.5,int8,16x1@0.5:int8,unstructured@0.7:int8")
    four_bit_run = search(
        work / "four-bit-run", arguments.model, *usual, "--target-latency", 0.28, "--levels", "dense,int4,4x1@0.5:int8")
    if not (work / "lm/config.json").exists():
        make_language_model(work / "lm", arguments.text)
    decoder_run = search(work / "lm-run", work / "lm", "--task", "lm", "--target-latency", 0.95, "--target-size", 0.9,
                         "--budget", 120, "--threads", 1)
    eight_bit_run = search(
        work / "lm-8bit-run", work / "lm", "--task", "lm", "--latency-of", "decode", "--target-latency", 1,
        "--budget", 120, "--threads", 1)
    bound = ROUNDED_SCORE_BOUND if arguments.pairs else ROUNDED_MADE_SCORE_BOUND
    encoder = Exports(arguments.secateur, encoder_run, work / "encoder", bound)
    integers = Exports(arguments.secateur, integer_run, work / "integers", bound)
    four_bits = Exports(arguments.secateur, four_bit_run, work / "four-bits", bound)
    decoder = Exports(arguments.secateur, decoder_run, work / "decoder")
    eight_bit = Exports(arguments.secateur, eight_bit_run, work / "eight-bit")
    pairs = work / "pairs.tsv"
    sentences = sentence_pairs(arguments.text, pairs)
    pairs = arguments.pairs or pairs

    def script(run):
        return module_from(run.work / "torch/apply_masks.py", "script")

    def of_encoder(run, kind):
        """The checks of an encoder's exports."""
        hf = run.work / "hf"
        compressed = check_quantized if run.integers else (
            lambda run, *_: check_compressed(run, arguments.bitmask_library, hf))
        return [
            (f"policy{kind}", lambda: check_policy(run)),
            (f"apply{kind}", lambda: check_apply(run)),
            (f"torch{kind}", lambda: check_torch(run, run.dense, "sts", pairs, run.score_bound)),
            (f"hf{kind}", lambda: check_hf(run, script(run), pairs, sentences)),
            (f"compressed{kind}", lambda: compressed(run, script(run), hf, pairs, sentences)),
            (f"onnx{kind}", lambda: check_onnx(run, script(run), hf, pairs, sentences)),
        ]

    checks = [
        *of_encoder(encoder, ""),
        *of_encoder(integers, ", int8"),
        *of_encoder(four_bits, ", int4"),
        ("onnx, static", lambda: check_static_onnx(
            integers, script(integers), integers.work / "hf", pairs, arguments.text, sentences)),
        ("torch, lm", lambda: check_torch(decoder, decoder.dense, "lm", arguments.text, SCORE_BOUND)),
        ("gguf", lambda: check_gguf(decoder, arguments.text)),
        ("gguf, int8", lambda: check_gguf_types(eight_bit, arguments.text)),
        ("compressed, lm", lambda: check_compressed(decoder, arguments.bitmask_library, work / "decoder/lm-hf")),
        ("refusals", lambda: (encoder.refuses("gguf"), decoder.refuses("onnx"), "one line each")[-1]),
        ("recipe", lambda: check_recipe(encoder)),
        ("nni", lambda: check_nni(encoder)),
    ]
    missed = 0
    for name, check in checks:
        try:
            print(f"ok      {name:<15} {check()}", flush=True)
        except Exception as error:  # one format's failure must not hide the others
            missed += 1
            text = str(error) if isinstance(error, Missed) else traceback.format_exc(limit=-2).strip()
            print(f"MISSED  {name:<15} {text}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
