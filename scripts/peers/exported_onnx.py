"""Encoders that `secateur export --format onnx` wrote, run by onnxruntime and by OpenVINO.

A reader takes a file and a number of threads. It gives a function of inputs by name to an embedding of each sequence,
and how many products of the graph that is run are of 8 bits.
"""
import os
import tempfile

import onnx
import openvino

from peers import runtimes

EMBEDDING = "sentence_embedding"


def onnxruntime_reader(path, threads):
    with tempfile.TemporaryDirectory() as folder:
        optimized = os.path.join(folder, "run.onnx")
        session = runtimes.onnxruntime_session(path, threads, optimized=optimized)
        nodes = onnx.load(optimized).graph.node
    names = {node.name for node in session.get_inputs()}

    def embed(inputs):
        return session.run([EMBEDDING], {name: inputs[name] for name in names})[0]

    return embed, sum("MatMulInteger" in node.op_type or node.op_type == "QLinearMatMul" for node in nodes)


def openvino_reader(path, threads):
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    request, names = compiled.create_infer_request(), {node.any_name for node in compiled.inputs}

    def embed(inputs):
        return request.infer({name: inputs[name] for name in names})[EMBEDDING].copy()

    def is_integer(operation):
        told = operation.get_rt_info()
        kind, precision = (str(told[name].value) for name in ("layerType", "runtimePrecision"))
        return kind in ("FullyConnected", "MatMul") and precision in ("u8", "i8")

    return embed, sum(map(is_integer, compiled.get_runtime_model().get_ordered_ops()))


READERS = {"onnxruntime": onnxruntime_reader, "OpenVINO": openvino_reader}
