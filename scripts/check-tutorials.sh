#!/usr/bin/env bash
# Runs every command of the tutorials, one tutorial after the other as a reader would, in a copy of this folder with
# a home folder of its own. Takes the better part of an hour, half of it to build; the copy is kept, so that it takes
# less the next time.
# Usage: check-tutorials.sh [COPY]   (everything in it but .build is replaced)
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD

work=${1:-${TMPDIR:-/tmp}/secateur-tutorials}
if [ -e "$work" ] && { [ ! -f "$work/scripts/check-tutorials.sh" ] || [ -e "$work/.git" ]; }; then
    echo "check-tutorials.sh: $work: found a folder that this script did not make, allowed a new one" >&2
    exit 2
fi
mkdir -p "$work"
work=$(cd "$work" && pwd)
find "$work" -mindepth 1 -maxdepth 1 ! -name .build -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard | xargs -0 tar -cf - | tar -xf - -C "$work"
for folder in models data; do ln -sfn "$source/$folder" "$work/$folder"; done
mkdir -p "$work/home"
export HOME=$work/home
unset XDG_CACHE_HOME
cd "$work"
catalogue=Sources/SecateurCLI/Secateur.docc

# What the reader types or puts into a file.
follow() {
    local name=$1 file=$catalogue/Resources/$2
    case $name in
    Terminal)
        sed 's/^/$ /' "$file"
        # shellcheck disable=SC1090 — later commands need what earlier ones export
        . "$file"
        ;;
    HillClimbing.swift) cp "$file" Agents/HillClimbing.swift ;;
    Agent.swift)
        for line in 'case climbing' 'case .climbing: HillClimbing.self'; do
            grep -qF "$line" "$file"
            sed -i "/^ *${line%climbing*}random\>/a $line" Agents/Agent.swift
        done
        ;;
    *) cp "$file" "$name" ;;
    esac
}

grep -o 'doc:[A-Za-z-]*' "$catalogue/Tutorials.tutorial" | cut -d: -f2 >"$work/home/order"
while read -r tutorial <&3; do
    echo "== $tutorial"
    sed -n 's/.*@Code(name: "\([^"]*\)", file: "\([^"]*\)").*/\1 \2/p' "$catalogue/$tutorial.tutorial" \
        >"$work/home/steps"
    while read -r name file <&4; do follow "$name" "$file"; done 4<"$work/home/steps"
done 3<"$work/home/order"
echo "check-tutorials.sh: every command did what it should" >&2
