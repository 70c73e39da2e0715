#!/usr/bin/env bash
# resume.sh COMMAND [FILES]: kills a batch half-way with SIGKILL, resumes it, and compares with one that was left alone.
set -euo pipefail
command=$(realpath "$1") count=${2:-1000}
pipeline=$(dirname "$(realpath "$0")")/../peers/gain-s16.json
folder=$(mktemp -d -p "${TMPDIR:-/dev/shm}" syrinx-resume-XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir in out
sox -n -r 48000 -c 2 -b 16 base.wav synth 0.1 pinknoise
for number in $(seq -w 1 "$count"); do ln base.wav "in/take$number.wav"; done
"$command" batch "$pipeline" in --output 'whole/{stem}.wav' --quiet
journal=out/.syrinx-batch.jsonl
touch "$journal"
"$command" batch "$pipeline" in --output 'out/{stem}.wav' --quiet &
until [[ $(grep -c '"done"' "$journal") -ge $((count / 2)) ]]; do sleep 0.01; done
kill -9 $!
wait $! 2>/dev/null || true
echo "killed: $(grep -c '"done"' "$journal") done"
"$command" batch "$pipeline" in --output 'out/{stem}.wav' --quiet --report report.json
echo "resumed: $(grep -E -o '"done(_before)?": [0-9]+' report.json | paste -s -d ' ')"
echo "done twice: $(grep -o '"key":"[0-9a-f]*"' "$journal" | sort | uniq -d | wc -l)"
diff <(cd whole && md5sum -- *.wav) <(cd out && md5sum -- *.wav) && echo "same outputs"
