#!/usr/bin/env bash
# Measures secateur's encoder beside onnxruntime's in one run; the peers live in a virtual environment.
# Arguments are passed on to bench-peers.py, for instance: --threads 1 --isa avx2
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${PEERS_VENV:-.venv}
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check numpy onnx onnxruntime
exec "$environment/bin/python" scripts/bench-peers.py "$@"
