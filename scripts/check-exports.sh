#!/usr/bin/env bash
# Proves every export by the tool that reads it; the tools live in a virtual environment.
# Arguments are passed on to check-exports.py, for instance: --run checkpoints/minilm-half
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${EXPORTS_VENV:-.venv-exports}
work=${EXPORTS_WORK:-checkpoints/check-exports}
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
pip=("$environment/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" -r scripts/check-exports.txt
# Pruning tools whose own requirements would bring in GPU libraries and packages from years ago.
"${pip[@]}" --no-deps llmcompressor==0.14.0.1 nni==3.0
# sparse-bitmask was taken out of compressed-tensors after this version.
bitmask="$environment/bitmask"
[ -d "$bitmask/compressed_tensors" ] || "${pip[@]}" --no-deps --target "$bitmask" compressed-tensors==0.13.0
TOKENIZERS_PARALLELISM=false exec "$environment/bin/python" scripts/check-exports.py \
    --work "$work" --bitmask-library "$bitmask" "$@"
