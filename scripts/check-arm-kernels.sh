#!/usr/bin/env bash
# Runs the kernels' own checks for Arm, cross-compiled and emulated. Needs clang, lld, and of Debian's packages
# gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
clang --target=aarch64-linux-gnu -std=gnu11 -O2 -Wall -Wextra -fuse-ld=lld -I/usr/aarch64-linux-gnu/include \
    -ISources/CKernels/include -ISources/CKernels Sources/CKernels/*.c \
    scripts/sanitize-kernels.c scripts/sanitize-language.c scripts/sanitize-int8.c \
    scripts/sanitize-bf16.c -lm -lpthread -o "$folder/check"
qemu-aarch64 -L /usr/aarch64-linux-gnu "$folder/check"
