"""The peers' encoders: built once from the model folder, then run by onnxruntime or by OpenVINO."""
import dataclasses
import logging
import os

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

from peers import onnx_encoder


@dataclasses.dataclass(frozen=True)
class Peer:
    """A model file, the runtime that runs it, and the precision that OpenVINO is asked for."""

    name: str
    runtime: str
    path: str
    precision: str = ""

    def encoder(self, threads, batch=None, tokens=None):
        """Maps ids [batch × tokens] to hidden states; without a shape, ids of any."""
        make = onnxruntime_encoder if self.runtime == "onnxruntime" else openvino_encoder
        return make(self, threads, batch, tokens)

    @property
    def disk_bytes(self):
        files = [self.path] + ([self.path.replace(".xml", ".bin")] if self.path.endswith(".xml") else [])
        return sum(os.path.getsize(file) for file in files)


def onnxruntime_session(path, threads, batch=None, tokens=None, optimized=""):
    """A session of a file, which leaves the graph that it runs in another one where that is named."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    # Threads that wait for more work would slow down what is measured next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.optimized_model_filepath = optimized
    if batch:
        options.add_free_dimension_override_by_name("batch", batch)
        options.add_free_dimension_override_by_name("tokens", tokens)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def onnxruntime_encoder(peer, threads, batch, tokens):
    session = onnxruntime_session(peer.path, threads, batch, tokens)
    return lambda ids: session.run(None, {"ids": ids})[0]


def openvino_encoder(peer, threads, batch, tokens):
    import openvino

    core = openvino.Core()
    model = core.read_model(peer.path)
    if batch:
        model.reshape([batch, tokens])
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    if peer.precision:
        settings["INFERENCE_PRECISION_HINT"] = peer.precision
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda ids: request.infer([ids])[0]


def processor_flags():
    """What the processor can do, by the names of Linux; none where there is no /proc/cpuinfo."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line.split(":")[1].split() for line in file if line.startswith(("flags", "Features"))]
    except OSError:
        lines = []
    return set(lines[0]) if lines else set()


def has_native_bfloat16():
    return bool(processor_flags() & {"avx512_bf16", "amx_bf16", "bf16"})


def build_onnxruntime(model, work, has_types=False):
    """Builds what is not there yet: peers in fp32 and, by dynamic quantization, in int8."""
    exact, dynamic = f"{work}/fp32.onnx", f"{work}/dynamic-int8.onnx"
    if not os.path.exists(exact):
        onnx_encoder.build(model, exact, has_types)
    if not os.path.exists(dynamic):
        logging.getLogger().setLevel(logging.ERROR)
        quantize_dynamic(exact, f"{dynamic}.incomplete", weight_type=QuantType.QInt8)
        os.rename(f"{dynamic}.incomplete", dynamic)
    return [
        Peer("onnxruntime fp32", "onnxruntime", exact), Peer("onnxruntime int8", "onnxruntime", dynamic)]


def build(model, work, calibration):
    """Builds what is not there yet.

    :param calibration: arrays of ids [1 × tokens], that ranges of activations are taken from
    :return: peers by name; bf16 is there also where this processor only emulates it
    """
    peers = build_onnxruntime(model, work)
    exact, static = peers[0].path, f"{work}/nncf-int8.xml"
    if not os.path.exists(static):
        quantize_static(exact, static, calibration)
    return peers + [
        Peer("OpenVINO fp32", "openvino", exact, "f32"),
        Peer("OpenVINO bf16", "openvino", exact, "bf16"),
        Peer("OpenVINO int8", "openvino", static),
    ]


def quantize_static(exact, path, calibration):
    import nncf
    import openvino

    nncf.set_log_level(logging.ERROR)
    quantized = nncf.quantize(
        openvino.Core().read_model(exact), nncf.Dataset(calibration),
        model_type=nncf.ModelType.TRANSFORMER, subset_size=len(calibration))
    openvino.save_model(quantized, path, compress_to_fp16=False)


def versions():
    import openvino

    return f"onnxruntime {onnxruntime.__version__}, OpenVINO {openvino.__version__.split('-')[0]}"


def random_ids(batch, tokens):
    """Ids of ordinary words, the same at each call."""
    return np.random.default_rng(1).integers(1000, 30000, (batch, tokens))
