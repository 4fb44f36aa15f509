#!/usr/bin/env bash
# Builds the tutorials with the documentation compiler that comes with Swift; a warning is an error.
# Usage: make-documentation.sh [OUTPUT_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-.build/documentation}
docc=$(command -v docc || echo "$(dirname "$(readlink -f "$(command -v swift)")")/docc")
if [ ! -x "$docc" ]; then
    echo "make-documentation.sh: $docc: no such program: it comes with Swift 5.5 and later" >&2
    exit 1
fi
mkdir -p "$(dirname "$output")"
"$docc" convert Sources/SecateurCLI/Secateur.docc --output-dir "$output" --warnings-as-errors
echo "make-documentation.sh: python3 -m http.server --directory $output, then" >&2
echo "make-documentation.sh: open http://localhost:8000/tutorials/tutorials in a browser" >&2
