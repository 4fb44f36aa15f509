#!/usr/bin/env bash
# Builds the tutorials of the command and the reference of the library with the documentation compiler that comes
# with Swift; a warning is an error. The library must have been built.
# Usage: make-documentation.sh [OUTPUT_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-.build/documentation}
toolchain=$(dirname "$(readlink -f "$(command -v swift)")")
docc=$toolchain/docc
if [ ! -x "$docc" ]; then
    echo "make-documentation.sh: $docc: no such program: it comes with Swift 5.5 and later" >&2
    exit 1
fi
symbols=$(mktemp -d)
trap 'rm -rf "$symbols"' EXIT
read -ra modules <<< "$(pkg-config --cflags-only-I hdf5 | sed 's/-I/-Xcc -I/g')"
while read -r map; do
    modules+=(-Xcc "-fmodule-map-file=$map")
done < <(find .build/release/ Sources -name module.modulemap -not -path '*/include/*'
    find .build/checkouts -path '*/include/module.modulemap')
"$toolchain/swift-symbolgraph-extract" -module-name Secateur -I .build/release/Modules \
    -target "$(uname -m)-unknown-linux-gnu" -output-dir "$symbols" -minimum-access-level public "${modules[@]}"

mkdir -p "$output"
"$docc" convert Sources/SecateurCLI/Secateur.docc --output-dir "$output/tutorials" --warnings-as-errors
"$docc" convert Sources/Secateur/Secateur.docc --additional-symbol-graph-dir "$symbols" \
    --output-dir "$output/library" --warnings-as-errors
echo "make-documentation.sh: python3 -m http.server --directory $output/tutorials (or $output/library), then" >&2
echo "make-documentation.sh: open http://localhost:8000/tutorials/tutorials (or /documentation/secateur)" >&2
