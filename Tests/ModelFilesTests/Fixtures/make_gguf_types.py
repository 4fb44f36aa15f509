"""Writes gguf_types.json: random blocks of each of GGUF's quantized types, and their elements by the reference.

    pip install gguf==0.19.0 && python3 make_gguf_types.py

The `gguf` package is llama.cpp's own. Scales are halves of usual sizes, so that no element is infinite.
"""
import base64
import json
import os

import gguf
import numpy
from gguf.quants import dequantize

# Where halves stand in a block that must be numbers; for IQ1_M the scale is spread over four words.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ1_S": [0], "IQ2_XXS": [0], "IQ2_XS": [0], "IQ2_S": [0],
    "IQ3_XXS": [0], "IQ3_S": [0], "IQ4_NL": [0], "IQ4_XS": [0], "TQ1_0": [52], "TQ2_0": [64], "MXFP4": [], "IQ1_M": [],
}
random = numpy.random.default_rng(7)
blocks = {}
for name, places in HALVES.items():
    kind = gguf.GGMLQuantizationType[name]
    _, size = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (2, size), dtype=numpy.uint8)
    for place in places:
        data[:, place:place + 2] = random.normal(0, 0.1, (2, 1)).astype("<f2").view(numpy.uint8)
    if name == "IQ1_M":
        for row in data:
            scale = int(numpy.float16(random.normal(0, 0.1)).view(numpy.uint16))
            for word in range(4):
                row[48 + 2 * word + 1] = (row[48 + 2 * word + 1] & 0x0F) | ((scale >> (4 * word)) & 15) << 4
    if name == "MXFP4":
        data[:, 0] = [120, 1]
    floats = dequantize(data, kind).astype("<f4")
    assert numpy.isfinite(floats).all(), name
    blocks[name] = {
        "type": int(kind), "bytes": base64.b64encode(data.tobytes()).decode(),
        "floats": base64.b64encode(floats.tobytes()).decode()}
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "gguf_types.json"), "w") as file:
    json.dump(blocks, file, indent=1)
