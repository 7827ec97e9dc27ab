#!/usr/bin/env bash
# Tries the gradients of candle-transformers' models, with candle as it is and patched by scripts/patch-candle.sh, and
# writes the table of docs/candle-models.md.
#
#   ./zoo.sh                   # all: some minutes, and the memory of VGG-13 in double precision (4 GB)
#   ./zoo.sh ViT BERT          # these alone: prints the table and writes nothing
#
# Weights are random, drawn by name; each gradient is compared with finite differences along four directions. The crate
# candle-models is a workspace of its own, for candle-transformers is no dependency of the library.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target/zoo}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run NAME FOLDER [MODEL ..]: one line of JSON for each model.
run() {
    local name=$1 folder=$2
    shift 2
    echo "== $name" >&2
    (cd "$folder" && cargo run --quiet -- "$@") >"$work/$name.jsonl"
}

run plain "$root/candle-models" "$@"
cp -R "$root/candle-models" "$work/patched"
"$root/scripts/patch-candle.sh" --manifest "$work/patched/Cargo.toml" --to "$work/candle" >"$work/lines"
cat "$work/lines" >>"$work/patched/Cargo.toml"
run patched "$work/patched" "$@"

(cd "$root/candle-models" && cargo run --quiet -- --table "$work/plain.jsonl" "$work/patched.jsonl") >"$work/table.md"
if (($#)); then
    cat "$work/table.md"
    exit
fi
doc="$root/docs/candle-models.md"
begin='<!-- table: ./zoo.sh -->'
grep -qF "$begin" "$doc" || { echo "zoo: $doc has no line $begin" >&2; exit 1; }
sed "/$(printf '%s' "$begin" | sed 's/[./]/\\&/g')/q" "$doc" >"$work/doc.md"
{ echo; cat "$work/table.md"; } >>"$work/doc.md"
mv "$work/doc.md" "$doc"
echo "zoo: wrote $doc" >&2
