#!/usr/bin/env bash
# Measures secateur's language model beside llama.cpp in one run, dense and pruned uniformly; the peer lives in a
# virtual environment, where pip builds it for this processor.
# Usage: bench-peers-language.sh MODEL_FOLDER TRAINING_TEXT; set TEST_TEXT to show perplexity on another text.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${PEERS_VENV:-.venv}
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check numpy llama-cpp-python

pruned=()
for level in 4x1@0.800 unstructured@0.500; do
    folder=checkpoints/peers-${level/@/-}
    [ -d "$folder" ] ||
        .build/release/Benchmarks uniform-model "$1" --train "$2" --level "$level" --output "$folder"
    pruned+=("$level=$folder")
done
exec "$environment/bin/python" Benchmarks/language_peers.py .build/release/secateur "$1"/*.gguf \
    --pruned "${pruned[@]}" --text "${TEST_TEXT:-$2}"
