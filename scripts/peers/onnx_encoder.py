"""A BERT encoder as an ONNX graph, built from the safetensors weights of a model folder."""
import json
import struct

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def read_safetensors(path):
    """The fp32 tensors of a file by name, without the prefix that some checkpoints have."""
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
        root = self.constant("root", np.float32(np.sqrt(2)))
        one, half = self.constant("one", np.float32(1)), self.constant("half", np.float32(0.5))
        phi = self.add("Add", self.add("Erf", self.add("Div", x, root)), one)
        return self.add("Mul", self.add("Mul", x, phi), half)


def attention(graph, hidden, prefix, heads, size):
    """Attention of every head over every token: sequences of one length, without padding."""
    shape = graph.constant("heads_shape", np.array([0, 0, heads, size], np.int64))
    back = graph.constant("hidden_shape", np.array([0, 0, heads * size], np.int64))
    root = graph.constant("root_of_size", np.float32(np.sqrt(size)))

    def split(name, permutation):
        projected = graph.linear(hidden, f"{prefix}.self.{name}")
        return graph.add("Transpose", graph.add("Reshape", projected, shape), perm=permutation)

    query, key, value = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1]), split("value", [0, 2, 1, 3])
    scores = graph.add("Softmax", graph.add("Div", graph.add("MatMul", query, key), root), axis=-1)
    context = graph.add("Transpose", graph.add("MatMul", scores, value), perm=[0, 2, 1, 3])
    return graph.add("Reshape", context, back)


def embeddings(graph, epsilon, has_types):
    """Hidden states before the first block, of ids [batch × tokens], and types of tokens where there are any."""
    weights = graph.weights
    words = graph.constant("words", weights["embeddings.word_embeddings.weight"])
    places, types = (weights[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type"))
    places = graph.constant("places", places if has_types else places + types[0])
    zero, one, two = (graph.constant(f"index{i}", np.array([i], np.int64)) for i in range(3))
    tokens = graph.add("Slice", graph.add("Shape", "ids"), one, two)
    places = graph.add("Slice", places, zero, tokens, zero)
    hidden = graph.add("Add", graph.add("Gather", words, "ids"), places)
    if has_types:
        hidden = graph.add("Add", hidden, graph.add("Gather", graph.constant("type_table", types), "types"))
    return graph.norm(hidden, "embeddings.LayerNorm", epsilon)


def build(folder, path, has_types=False):
    """Writes the encoder of a model folder: ids [batch × tokens], and types of tokens, to hidden states."""
    with open(f"{folder}/config.json") as file:
        config = json.load(file)
    epsilon, heads = config["layer_norm_eps"], config["num_attention_heads"]
    graph = Graph(read_safetensors(f"{folder}/model.safetensors"))
    hidden = embeddings(graph, epsilon, has_types)
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        context = attention(graph, hidden, f"{prefix}.attention", heads, config["hidden_size"] // heads)
        projected = graph.linear(context, f"{prefix}.attention.output.dense")
        hidden = graph.norm(
            graph.add("Add", projected, hidden), f"{prefix}.attention.output.LayerNorm", epsilon)
        inner = graph.gelu(graph.linear(hidden, f"{prefix}.intermediate.dense"))
        projected = graph.linear(inner, f"{prefix}.output.dense")
        hidden = graph.norm(graph.add("Add", projected, hidden), f"{prefix}.output.LayerNorm", epsilon)
    shape = ["batch", "tokens"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in (["ids", "types"] if has_types else ["ids"])]
    output = helper.make_tensor_value_info(hidden, TensorProto.FLOAT, [*shape, config["hidden_size"]])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, [output], list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
