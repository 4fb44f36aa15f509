#!/usr/bin/env bash
# Makes the C library: FOLDER/lib/libsecateur.so with the Swift runtime inside, and FOLDER/include/secateur.h.
# Usage: scripts/make-library.sh FOLDER [OPTIONS OF swift build]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?the folder to write to}
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$(swift build --quiet -c release "$@" --show-bin-path)
# An archive that is added to keeps what files gave it that are no longer there.
rm -f "$build/libCSecateur.a"
swift build --quiet -c release --product CSecateur "$@"
swift=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
# One object of all: the Swift compiler looks into objects for what else to link them with, not into archives.
ld -r -o "$work/main.o" --whole-archive "$build/libCSecateur.a"
swiftc -emit-library -static-stdlib -use-ld=lld -o "$work/libsecateur.so" "$work/main.o" \
    -L "$swift/lib/swift_static/linux" -lCoreFoundation -l_FoundationICU -l_FoundationCollections -l_FoundationCShims \
    $(pkg-config --libs openblas hdf5 zlib) -Xlinker --version-script=Sources/CSecateur/exports.map -Xlinker -z -Xlinker defs \
    -Xlinker --gc-sections -Xlinker --strip-all -Xlinker -soname=libsecateur.so
mkdir -p "$folder/lib" "$folder/include"
mv "$work/libsecateur.so" "$folder/lib/libsecateur.so"
cp Sources/CSecateur/include/secateur.h "$folder/include/secateur.h"
