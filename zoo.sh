#!/usr/bin/env bash
# Tries the gradients of models that others have written: of candle-transformers, with candle as it is and patched by
# scripts/patch-candle.sh, for the table of docs/candle-models.md; and of tch::vision, for that of docs/tch-models.md.
#
#   ./zoo.sh                   # candle's: some minutes, and the memory of VGG-13 in double precision (4 GB)
#   ./zoo.sh ViT BERT          # these alone: prints the table and writes nothing
#   ./zoo.sh --tch             # tch's: some minutes, once the tests are built
#   ./zoo.sh --tch ResNet-18   # as above
#
# Weights are random; each gradient is compared with finite differences. The crate candle-models is a workspace of its
# own, for candle-transformers is no dependency of the library.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# put DOC: the table goes behind the line that names this script.
put() {
    local doc="$root/docs/$1" begin='<!-- table: ./zoo.sh'
    grep -qF "$begin" "$doc" || { echo "zoo: $doc has no line $begin" >&2; exit 1; }
    sed "/$(printf '%s' "$begin" | sed 's/[./]/\\&/g')/q" "$doc" >"$work/doc.md"
    { echo; cat "$work/table.md"; } >>"$work/doc.md"
    mv "$work/doc.md" "$doc"
    echo "zoo: wrote $doc" >&2
}

if [[ ${1:-} == --tch ]]; then
    shift
    libtorch=$("$root/scripts/libtorch.sh")
    eval "$libtorch"
    # The selection of packages and features that the tests are built with, so that nothing is built twice.
    (cd "$root" && cargo build --quiet --locked --workspace --features tch,onnx --bin tch-models)
    "${CARGO_TARGET_DIR:-$root/target}/debug/tch-models" "$@" >"$work/table.md"
    if (($#)); then cat "$work/table.md"; else put tch-models.md; fi
    exit
fi
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target/zoo}"

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
if (($#)); then cat "$work/table.md"; else put candle-models.md; fi
