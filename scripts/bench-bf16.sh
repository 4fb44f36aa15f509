#!/usr/bin/env bash
# Times the bfloat16 kernels of this CPU against its fastest dense product of floats, alternating in one process: how
# many times as fast they are, by the median and (in parentheses) by the least time; and against the peak of VDPBF16PS.
# Usage: scripts/bench-bf16.sh [tokens [rounds]]; default: 128 tokens, 200 rounds.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(mktemp)
trap 'rm -f "$binary"' EXIT
clang -std=gnu11 -O3 -DNDEBUG -Wno-psabi -fuse-ld=lld -ISources/CKernels/include -ISources/CKernels \
    Sources/CKernels/*.c scripts/bench-bf16.c -lm -lpthread -o "$binary"
"$binary" "$@"
