#!/usr/bin/env bash
# Makes label-free text to calibrate on, one sentence a line, from Debian's fortunes.
# Usage: make-calibration-text.sh [OUTPUT]
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-data/fortunes.txt}
[ -s "$output" ] && exit 0
source=/usr/share/games/fortunes
if [ ! -f "$source/fortunes" ]; then
    echo "make-calibration-text.sh: $source/fortunes: no such file: install Debian's package fortunes" >&2
    exit 1
fi
mkdir -p "$(dirname "$output")"
temporary=$(mktemp "$output.XXXXXX")
trap 'rm -f "$temporary"' EXIT
# A fortune ends at a line with a percent sign; a line that starts with dashes names its author.
for name in computers cookie definitions education food fortunes humorists kids law literature love \
    medicine men-women miscellaneous news people pets platitudes politics science sports wisdom work; do
    [ -f "$source/$name" ] && cat "$source/$name" && echo '%'
done |
    LC_ALL=C awk '
        /^%$/ { if (text != "") print text; text = ""; next }
        /^[ \t]*--/ { next }
        { gsub(/[\t\r\b]/, " "); text = text == "" ? $0 : text " " $0 }
    ' |
    LC_ALL=C sed -E 's/  +/ /g; s/^ //; s/([.!?]["'"'"')]?) ([A-Z"])/\1\n\2/g' |
    LC_ALL=C awk 'NF >= 4 && NF <= 40 && !/[^ -~]/ && /[a-z]/ && !seen[$0]++' >"$temporary"
chmod 644 "$temporary"
mv "$temporary" "$output"
trap - EXIT
echo "make-calibration-text.sh: $output has $(wc -l <"$output") sentences" >&2
