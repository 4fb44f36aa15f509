#!/usr/bin/env bash
# Makes label-free text to calibrate on, a text a line, from what Debian has.
# Usage: make-calibration-text.sh [OUTPUT [fortunes | mixture]]
#   fortunes: sentences of Debian's fortunes, which have to be installed
#   mixture:  these, and sentences and passages of the descriptions of Debian's packages, which are of everything from
#             games to genetics; they are downloaded (12 MB)
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-data/fortunes.txt} kind=${2:-fortunes}
[ -s "$output" ] && exit 0
case "$kind" in fortunes | mixture) ;; *)
    echo "make-calibration-text.sh: found '$kind', allowed fortunes, mixture" >&2
    exit 2
    ;;
esac
source=/usr/share/games/fortunes
if [ ! -f "$source/fortunes" ]; then
    echo "make-calibration-text.sh: $source/fortunes: no such file: install Debian's package fortunes" >&2
    exit 1
fi
mkdir -p "$(dirname "$output")"
# Next to the output, which appears whole or not at all.
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Cuts a text a line into sentences.
sentences() {
    LC_ALL=C sed -E 's/  +/ /g; s/^ //; s/([.!?]["'"'"')]?) ([A-Z"])/\1\n\2/g'
}

# Keeps lines of some number of words that are English prose, once.
prose() {
    LC_ALL=C awk -v least="$1" -v most="$2" 'NF >= least && NF <= most && !/[^ -~]/ && /[a-z]/ && !seen[$0]++'
}

# A fortune ends at a line with a percent sign; a line that starts with dashes names its author.
fortunes() {
    for name in computers cookie definitions education food fortunes humorists kids law literature love \
        medicine men-women miscellaneous news people pets platitudes politics science sports wisdom work; do
        [ -f "$source/$name" ] && cat "$source/$name" && echo '%'
    done |
        LC_ALL=C awk '
            /^%$/ { if (text != "") print text; text = ""; next }
            /^[ \t]*--/ { next }
            { gsub(/[\t\r\b]/, " "); text = text == "" ? $0 : text " " $0 }
        ' | sentences | prose 4 40
}

# The descriptions of packages, a paragraph a line, an empty line after each package. Lists are left out, and so is
# what tells packages of one program apart.
descriptions() {
    apt-get update -qq -o APT::Sandbox::User=root -o Acquire::Languages=en -o Dir::State::lists="$work/lists" \
        -o Dir::Cache="$work/cache" >&2
    /usr/lib/apt/apt-helper cat-file "$work"/lists/*_main_i18n_Translation-en* |
        LC_ALL=C awk '
            function finish() {
                if (text != "" && !isList && !seen[text]++) print text
                text = ""; isList = 0
            }
            /^ \.$/ { finish(); next }
            /^  / { isList = 1; next }
            /^ [-*o+] / { isList = 1; next }
            /^ / { text = text == "" ? substr($0, 2) : text $0; next }
            { finish() }
            /^$/ { print "" }
        ' | LC_ALL=C grep -vE '^(This (meta|dummy|virtual)?-?package|It (contains|provides) )'
}

mkdir -p "$work/lists/partial"
if [ "$kind" = fortunes ]; then
    fortunes >"$work/text"
else
    descriptions >"$work/descriptions"
    # One in some of each, so that there are about as many of all three, from every kind of package.
    fortunes | awk 'NR % 3 == 0' >"$work/text"
    LC_ALL=C awk '
        /^$/ { if (text != "") print text; text = ""; next }
        { text = text == "" ? $0 : text " " $0 }
    ' "$work/descriptions" | prose 50 180 | awk 'NR % 2 == 0' >>"$work/text"
    sentences <"$work/descriptions" | prose 5 50 | grep -v ':$' | awk 'NR % 16 == 0' >>"$work/text"
fi
chmod 644 "$work/text"
mv "$work/text" "$output"
echo "make-calibration-text.sh: $output has $(wc -l <"$output") texts" >&2
