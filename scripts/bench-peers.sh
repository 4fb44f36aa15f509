#!/usr/bin/env bash
# Compares secateur's encoder with onnxruntime's and OpenVINO's in one run.
# The peers live in a virtual environment.
# Arguments are passed on to bench-peers.py, for instance: --full, or --threads 1 2 --isa avx2
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${PEERS_VENV:-.venv}
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    numpy onnx onnxruntime openvino nncf tokenizers
export TOKENIZERS_PARALLELISM=false
exec "$environment/bin/python" -u scripts/bench-peers.py "$@"
