#!/usr/bin/env bash
# Runs clients that people have, in an environment of their own, against the server.
# Usage: scripts/check-server.sh MODEL LANGUAGE_MODEL SECATEUR
set -euo pipefail
cd "$(dirname "$0")/.."
export SECATEUR_MODEL SECATEUR_LANGUAGE_MODEL SECATEUR_PROGRAM
SECATEUR_MODEL=$(realpath "$1") SECATEUR_LANGUAGE_MODEL=$(realpath "$2") SECATEUR_PROGRAM=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/environment"
"$work/environment/bin/pip" install --quiet --disable-pip-version-check \
    pytest numpy tensorboard openai langchain-openai llama-index-embeddings-openai-like huggingface_hub
PYTHONPATH=python/tests "$work/environment/bin/python" -m pytest --quiet -p no:cacheprovider Tests/Clients
