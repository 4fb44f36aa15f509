#!/usr/bin/env bash
# Runs the kernels' own checks under AddressSanitizer and UndefinedBehaviorSanitizer. Those for AMX run emulated, and
# those for VNNI without AVX-512 in AVX-512's encoding.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(mktemp)
trap 'rm -f "$binary"' EXIT
clang -std=gnu11 -O1 -g -Wno-psabi -fuse-ld=lld -fsanitize=address,undefined -fno-sanitize-recover=all \
    -DSECATEUR_AVXVNNI_BY_AVX512 -DSECATEUR_AMX_EMULATED \
    -ISources/CKernels/include -ISources/CKernels Sources/CKernels/*.c \
    scripts/sanitize-kernels.c scripts/sanitize-language.c scripts/sanitize-int8.c \
    scripts/sanitize-bf16.c -lm -lpthread -o "$binary"
"$binary"
