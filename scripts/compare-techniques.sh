#!/usr/bin/env bash
# Makes one encoder smaller and faster by one technique after another, on labelled pairs, and compares what comes out with
# the peers' precisions, alternating in one run. Folders stay in the one of the first argument; delete it to make them
# again. Needs the data of STS-B; takes about half an hour on two processors.
# Usage: scripts/compare-techniques.sh [FOLDER [OPTIONS OF bench-peers.py]]
set -euo pipefail
cd "$(dirname "$0")/.."

work=${1:-checkpoints/techniques}
shift || true
model=models/minilm data=${STSB:-../shared/data/stsb}
secateur=.build/release/secateur
mkdir -p "$work"
labels=(--task sts --train "$data/train.tsv")

# make NAME COMMAND...: writes a folder once.
make_once() {
    local name=$1
    shift
    [ -e "$work/$name" ] || "$@" --output "$work/$name"
}

search() {
    "$secateur" search "$model" "${labels[@]}" --threads 1 --target-latency "$1" --recover none "${@:2}"
}

make_once pruned-half search 0.5 --levels standard
make_once mixed-quarter search 0.25
make_once mixed-fifth search 0.18
make_once mixed-seventh search 0.14
# The same policy, trained for ten minutes on the labelled pairs and the dense model's embeddings.
recovered() {
    cp -r "$work/mixed-seventh" "$work/recovered.incomplete"
    "$secateur" resume "$work/recovered.incomplete" --recover 10m
    mv "$work/recovered.incomplete" "$2"
}
make_once recovered-seventh recovered
make_once blocks "$secateur" prune "$model" --method fisher --pattern block --sparsity 0.5 "${labels[@]}" \
    --validation "$data/dev.tsv" --teacher "$model" --distill 0.5 --epochs 3
make_once blocks-int8 "$secateur" prune "$work/blocks" --level int8 --train data/fortunes.txt

exec scripts/bench-peers.sh --levels bfloat16 int8 int4 4x1@0.5 4x1@0.5:int8 --work "$work/peers" --folders \
    "search, float zeros, 0.5=$work/pruned-half/model" "search, 0.25=$work/mixed-quarter/model" \
    "search, 0.18=$work/mixed-fifth/model" "search, 0.14=$work/mixed-seventh/model" \
    "search, 0.14, trained=$work/recovered-seventh/model" \
    "half the blocks=$work/blocks" "half the blocks, int8=$work/blocks-int8" "$@"
