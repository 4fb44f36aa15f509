#!/usr/bin/env python3
"""Times all-MiniLM-L6-v2's encoder in onnxruntime, fp32 and dynamic int8, beside secateur, in one run.

The ONNX file is built here from the same safetensors weights: embeddings, encoder blocks with exact GELU,
no padding. Secateur and onnxruntime are measured alternating, round after round; the table gives medians.
"""
import argparse
import json
import os
import statistics
import struct
import subprocess
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(body[begin:end], np.float32)
            tensors[name.removeprefix("bert.")] = values.reshape(entry["shape"])
    return tensors


class Graph:
    """Nodes and weights of an ONNX graph under construction."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], {}

    def constant(self, name, value):
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def add(self, operation, *inputs, **attributes):
        output = f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def linear(self, x, name):
        weight = self.constant(f"{name}.weight", self.weights[f"{name}.weight"].T)
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.add("Add", self.add("MatMul", x, weight), bias)

    def norm(self, x, name, epsilon):
        weight = self.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)

    def gelu(self, x):
        root = self.constant("half_root", np.float32(1 / np.sqrt(2)))
        one, half = self.constant("one", np.float32(1)), self.constant("half", np.float32(0.5))
        phi = self.add("Mul", self.add("Add", self.add("Erf", self.add("Mul", x, root)), one), half)
        return self.add("Mul", x, phi)


def attention(graph, hidden, prefix, tokens, heads, size):
    shape = graph.constant("heads_shape", np.array([1, tokens, heads, size], np.int64))
    back = graph.constant("hidden_shape", np.array([1, tokens, heads * size], np.int64))
    scale = graph.constant("scale", np.float32(1 / np.sqrt(size)))

    def split(name, permutation):
        projected = graph.linear(hidden, f"{prefix}.self.{name}")
        return graph.add("Transpose", graph.add("Reshape", projected, shape), perm=permutation)

    query, key, value = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1]), split("value", [0, 2, 1, 3])
    scores = graph.add("Softmax", graph.add("Mul", graph.add("MatMul", query, key), scale), axis=-1)
    context = graph.add("Transpose", graph.add("MatMul", scores, value), perm=[0, 2, 1, 3])
    return graph.add("Reshape", context, back)


def build_onnx(folder, tokens, path):
    weights = read_safetensors(f"{folder}/model.safetensors")
    with open(f"{folder}/config.json") as file:
        config = json.load(file)
    epsilon, heads = config["layer_norm_eps"], config["num_attention_heads"]
    graph = Graph(weights)
    words = graph.constant("words", weights["embeddings.word_embeddings.weight"])
    places = weights["embeddings.position_embeddings.weight"][:tokens]
    places = graph.constant("places", places + weights["embeddings.token_type_embeddings.weight"][0])
    hidden = graph.add("Add", graph.add("Gather", words, "ids"), places)
    hidden = graph.norm(hidden, "embeddings.LayerNorm", epsilon)
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        context = attention(
            graph, hidden, f"{prefix}.attention", tokens, heads, config["hidden_size"] // heads)
        projected = graph.linear(context, f"{prefix}.attention.output.dense")
        hidden = graph.norm(
            graph.add("Add", projected, hidden), f"{prefix}.attention.output.LayerNorm", epsilon)
        inner = graph.gelu(graph.linear(hidden, f"{prefix}.intermediate.dense"))
        projected = graph.linear(inner, f"{prefix}.output.dense")
        hidden = graph.norm(graph.add("Add", projected, hidden), f"{prefix}.output.LayerNorm", epsilon)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, tokens])
    output = helper.make_tensor_value_info(hidden, TensorProto.FLOAT, [1, tokens, config["hidden_size"]])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", [ids], [output], list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnx_times(run, tokens, passes):
    ids = np.full((1, tokens), 100, np.int64)
    run.run(None, {"ids": ids})
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        run.run(None, {"ids": ids})
        times.append(1000 * (time.perf_counter() - start))
    return times


def secateur(arguments, level, threads):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    command = [
        arguments.secateur, "benchmark", arguments.model, "--tokens", str(arguments.tokens), "--threads",
        str(threads), "--rounds", "10", "--level", level, "--json"]
    if arguments.isa:
        environment["SECATEUR_ISA"] = arguments.isa
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="models/minilm")
    parser.add_argument("--secateur", default=".build/release/secateur")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--level", default="4x1@0.8")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--isa", help="secateur's instruction set, such as avx2")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        exact, quantized = f"{folder}/fp32.onnx", f"{folder}/int8.onnx"
        build_onnx(arguments.model, arguments.tokens, exact)
        quantize_dynamic(exact, quantized, weight_type=QuantType.QInt8)
        for threads in arguments.threads:
            compare(arguments, {"fp32": exact, "int8": quantized}, threads)


def compare(arguments, files, threads):
    times = {"secateur dense": [], f"secateur {arguments.level}": []}
    sessions = {f"onnxruntime {name}": session(path, threads) for name, path in files.items()}
    times |= {name: [] for name in sessions}
    for _ in range(arguments.rounds):
        for name, run in sessions.items():
            times[name] += onnx_times(run, arguments.tokens, 20)
        ours = secateur(arguments, arguments.level, threads)
        times["secateur dense"].append(ours["denseMedianMs"])
        times[f"secateur {arguments.level}"].append(ours["medianMs"])
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{arguments.tokens} tokens, {threads} threads, {ours['isa']}, onnxruntime {onnxruntime.__version__}")
    for name, median in medians.items():
        ratios = "  ".join(f"{other / median:5.2f}" for other in medians.values())
        print(f"  {name:26s} {median:7.3f} ms   faster than each row by  {ratios}")


if __name__ == "__main__":
    main()
