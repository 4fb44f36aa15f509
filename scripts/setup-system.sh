#!/usr/bin/env bash
# Installs the system packages that Secateur builds on, where they are missing.
#
# Usage: setup-system.sh [test | runtime]   ("test" adds what only tests use: a browser, Python with h5py, and what
# runs the kernels for Arm emulated; "runtime" is only what built programs need)
set -euo pipefail

packages=(libopenblas-dev libhdf5-dev zlib1g-dev pkg-config fortunes unzip)
if [ "${1:-}" = runtime ]; then packages=(libopenblas0-pthread libhdf5-103-1 libstdc++6 zlib1g); fi
if [ "${1:-}" = test ]; then
    packages+=(chromium fonts-dejavu-core python3-h5py python3-matplotlib python3-venv gcc-aarch64-linux-gnu
        libc6-dev-arm64-cross qemu-user)
fi
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${1:-}" != runtime ]; then python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip); fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "setup-system.sh: missing ${missing[*]}: run it as root, or install them with apt-get" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
for attempt in 1 2 3; do
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
        exit 0
    fi
    echo "setup-system.sh: attempt $attempt failed" >&2
    sleep 5
done
echo "setup-system.sh: apt-get could not install ${missing[*]}" >&2
exit 1
