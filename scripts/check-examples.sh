#!/usr/bin/env bash
# Builds and runs the example package against a copy of this clone, tagged as a release would be.
set -euo pipefail
cd "$(dirname "$0")/.."
model=$(realpath "${1:-models/minilm}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
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
