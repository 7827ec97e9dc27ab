#!/usr/bin/env bash
# Tries models that others have written: of candle-transformers, with candle as it is, with the layers of
# xai::candle::nn in copies of their files, and with candle patched as `xai patch-candle` does it, for the table of
# docs/candle-models.md; of tch::vision, and TorchScript files of torchvision's and timm's, for those of
# docs/tch-models.md.
#
#   ./zoo.sh                         # candle's: the memory of VGG-13 in double precision (4 GB)
#   ./zoo.sh ViT BERT                # these alone: prints the table and writes nothing
#   ./zoo.sh --check ViT VGG-13      # what check_gradient says of these, and how long it takes
#   ./zoo.sh --tch [MODEL ..]        # tch's
#   ./zoo.sh --torchscript [NAME ..] # exported by Python, which scripts/python.sh sets up: 2 GB in target/ for a while
#
# Weights are random; candle's and tch's gradients are compared with finite differences, those of files with torch's
# own. The crate candle-models is a workspace of its own, for candle-transformers is no dependency of the library.
# Programs are built as for a release, each by itself: what they compute takes longer than that.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# put DOC COMMAND: the table goes between the line that names the command and the one that ends tables.
put() {
    local doc="$root/docs/$1" begin="<!-- table: $2 -->" end='<!-- end of the table -->'
    grep -qxF "$begin" "$doc" || { echo "zoo: $doc has no line $begin" >&2; exit 1; }
    awk -v begin="$begin" -v end="$end" -v table="$work/table.md" '
        $0 == begin { print; print ""; while ((getline line < table) > 0) print line; print ""; inside = 1 }
        $0 == end { inside = 0 }
        !inside && $0 != begin { print }
    ' "$doc" >"$work/doc.md"
    mv "$work/doc.md" "$doc"
    echo "zoo: wrote $doc" >&2
}

# Builds tch-models alone, without what the tests would select beside it.
tch_models() {
    local libtorch
    libtorch=$("$root/scripts/libtorch.sh")
    eval "$libtorch"
    (cd "$root" && cargo build --quiet --locked --release -p tch-models)
    cp "${CARGO_TARGET_DIR:-$root/target}/release/tch-models" "$work/tch-models"
}

case ${1:-} in
--tch)
    shift
    tch_models
    "$work/tch-models" "$@" >"$work/table.md"
    if (($#)); then cat "$work/table.md"; else put tch-models.md './zoo.sh --tch'; fi
    exit
    ;;
--torchscript)
    shift
    python=$("$root/scripts/python.sh")
    tch_models
    files="${CARGO_TARGET_DIR:-$root/target}/torchscript"
    trap 'rm -rf "$work" "$files"' EXIT
    "$python" -B -W ignore "$root/tch-models/python/export.py" "$files" "$@"
    "$work/tch-models" --torchscript "$files" "$@" >"$work/table.md"
    if (($#)); then cat "$work/table.md"; else put tch-models.md './zoo.sh --torchscript'; fi
    exit
    ;;
esac

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target/zoo}"
mkdir -p "$CARGO_TARGET_DIR"

# build NAME FOLDER [FEATURES ..]: the program, as $work/NAME.
build() {
    local name=$1 folder=$2
    shift 2
    echo "== $name" >&2
    (cd "$folder" && cargo build --quiet --release "$@")
    cp "$CARGO_TARGET_DIR/release/candle-models" "$work/$name"
}

check=
if [[ ${1:-} == --check ]]; then
    check=1
    shift
fi
build plain "$root/candle-models" --locked

# The copies stay where they are while nothing about them changes, or cargo would build all of it again in every run.
patched="$CARGO_TARGET_DIR/patched"
patch="$root/xai-cli/src/patch/patch-candle.sh"
wanted=$(cat "$patch" "$root/candle-models/Cargo.lock" "$root/candle-models/Cargo.toml" | cksum)
if [[ $(cat "$patched/complete" 2>/dev/null) != "$wanted" ]]; then
    rm -rf "$patched"
    mkdir -p "$patched/models"
    cp -Rp "$root"/candle-models/{Cargo.*,src} "$patched/models/"
    sed -i.own "s|path = \"\.\.|path = \"$root|" "$patched/models/Cargo.toml"
    bash "$patch" --manifest "$patched/models/Cargo.toml" --to "$patched/candle" >"$work/lines"
    cat "$work/lines" >>"$patched/models/Cargo.toml"
    printf '%s\n' "$wanted" >"$patched/complete"
fi
rm -rf "$patched/models/src"
cp -Rp "$root/candle-models/src" "$patched/models/src"
build patched "$patched/models" --no-default-features

if [[ $check ]]; then
    echo "== swapped" && "$work/plain" --swapped --check "$@"
    echo "== patched" && "$work/patched" --check "$@"
    exit
fi
"$work/plain" "$@" >"$work/plain.jsonl"
"$work/plain" --swapped "$@" >"$work/swapped.jsonl"
"$work/patched" "$@" >"$work/patched.jsonl"
"$work/plain" --table "$work"/{plain,swapped,patched}.jsonl >"$work/table.md"
if (($#)); then cat "$work/table.md"; else put candle-models.md ./zoo.sh; fi
