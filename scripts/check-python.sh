#!/usr/bin/env bash
# Installs the Python package's wheel in an environment of its own, and runs its tests there, away from this folder and
# without Swift in the library path.
# Usage: scripts/check-python.sh MODEL LANGUAGE_MODEL SECATEUR [OPTIONS OF swift build FOR THE LIBRARY]
set -euo pipefail
cd "$(dirname "$0")/.."
export SECATEUR_MODEL SECATEUR_LANGUAGE_MODEL SECATEUR_PROGRAM
SECATEUR_MODEL=$(realpath "$1") SECATEUR_LANGUAGE_MODEL=$(realpath "$2") SECATEUR_PROGRAM=$(realpath "$3")
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/make-wheel.sh "$work" "$@"
python3 -m venv "$work/environment"
"$work/environment/bin/pip" install --quiet --disable-pip-version-check "$work"/secateur-*.whl pytest gymnasium
cp -r python/tests "$work/tests"
cd "$work"
env -u LD_LIBRARY_PATH "$work/environment/bin/python" -m pytest --quiet "$work/tests"
