#!/usr/bin/env bash
# Makes the Python package as a wheel with the C library inside.
# Usage: scripts/make-wheel.sh FOLDER [OPTIONS OF swift build]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:?the folder to write to}")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/make-library.sh "$work/library" "$@"
cp -r python "$work/python"
mkdir -p "$work/python/secateur/lib"
mv "$work/library/lib/libsecateur.so" "$work/python/secateur/lib/"
python3 -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$folder" \
    --config-settings="--build-option=--plat-name=linux_$(uname -m)" "$work/python"
echo "$folder: $(cd "$folder" && ls secateur-*.whl)"
