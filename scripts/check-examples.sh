#!/usr/bin/env bash
# Builds and runs the examples: the C program against the C library, and the package against a copy of this clone, tagged as
# a release would be.
# Usage: scripts/check-examples.sh [MODEL [OPTIONS OF swift build FOR THE LIBRARY]]
set -euo pipefail
cd "$(dirname "$0")/.."
model=$(realpath "${1:-models/minilm}")
shift || true
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

scripts/make-library.sh "$scratch" "$@"
cc -std=c11 -Wall -Wextra -Werror -I "$scratch/include" Examples/C/similarity.c -o "$scratch/similarity" \
    -L "$scratch/lib" -lsecateur -Wl,-rpath,"$scratch/lib"
similarity=$("$scratch/similarity" "$model" 'A cat sits on the mat.' 'A kitten is on the rug.')
# What sentence-transformers computes.
[ "$similarity" = 0.6140 ] || { echo "the C example printed $similarity, not 0.6140" >&2; exit 1; }
echo "the C example builds, and runs: $similarity"

git clone --quiet --bare . "$scratch/secateur.git"
git -C "$scratch/secateur.git" tag 0.9.0
cp -r Examples "$scratch/Examples"
cd "$scratch/Examples"
export SECATEUR_URL="file://$scratch/secateur.git"
# As `swift run` builds it, which takes a third as long as an optimized build.
swift build --quiet --disable-index-store --product Neighbors
found=$(printf '%s\n' 'A cat sits on the mat.' 'Stocks fell on Monday.' 'A kitten is on the rug.' \
    'Markets lost value this week.' | .build/debug/Neighbors "$model")
echo "$found"
# What it says of the cat must be the kitten, and of stocks the markets.
grep -qx 'A cat sits on the mat.  ->  A kitten is on the rug.' <<<"$found"
grep -qx 'Stocks fell on Monday.  ->  Markets lost value this week.' <<<"$found"
echo "the example package builds from a version tag, and runs"
