#!/usr/bin/env bash
# Compares this library, on candle and on libtorch, with those of Python. One run sets up Python and libtorch (once,
# into target/), lets Python explain the networks, rewrites the fixtures in tests/fixtures, explains the same networks
# in Rust and prints the differences as Markdown tables, which stay in target/compare/table.md.
#
#   ./compare.sh                     # all
#   ./compare.sh inside forward      # these alone: gradients, inside, forward, files, networks
#
# The last, networks, are ONNX files out of Python packages, held against onnxruntime: scripts/onnx-networks.sh.
#
# Needs Rust and Python 3.11 or newer. Fails when a difference is above its bound.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*" >&2; }

if ! command -v cargo >/dev/null; then
  echo "compare.sh: cargo is missing: install Rust (rustup) first" >&2
  exit 1
fi
# Each with what makes its cases, and where its fixtures are.
families=(gradients inside forward files networks)
chosen=("$@")
(($#)) || chosen=("${families[@]}")
for family in "${chosen[@]}"; do
  [[ " ${families[*]} " == *" $family "* ]] || { echo "usage: ./compare.sh [${families[*]}]" >&2; exit 2; }
done
networks=
explained=()
for family in "${chosen[@]}"; do
  if [[ $family == networks ]]; then networks=yes; else explained+=("$family"); fi
done
script() { [[ $1 == gradients ]] && echo compare/python/make.py || echo "compare/python/$1/make.py"; }
fixtures() { [[ $1 == gradients ]] && echo tests/fixtures/captum || echo "tests/fixtures/$1"; }

target=${CARGO_TARGET_DIR:-target}
results="$target/compare"
mkdir -p "$results"
: >"$results/table.md"

if ((${#explained[@]})); then
  say "Python with torch and the libraries to compare with"
  python=$(scripts/python.sh)
  say "libtorch"
  libtorch=$(scripts/libtorch.sh)
  eval "$libtorch"

  say "build"
  cargo build --locked --release --package compare

  : >"$results/made_by.txt"
  for family in "${explained[@]}"; do
    mkdir -p "$results/cases/$family"
    # What is drawn at random here: Python gets the same.
    [[ $family != forward ]] || "$target/release/compare" --drawn "$results/cases/$family/drawn.safetensors"
    say "what Python finds: $family"
    # -B: no compiled files beside the sources.
    PYTHONPATH=compare/python "$python" -B "$(script "$family")" "$results/cases/$family" "$(fixtures "$family")" |
      tee -a "$results/made_by.txt"
  done
fi

# Where differences are above their bounds, the others are looked at all the same.
failed=
if ((${#explained[@]})); then
  say "what xai finds"
  "$target/release/compare" "$results/cases" "${explained[@]}" | tee -a "$results/table.md" || failed=yes
fi
if [[ -n $networks ]]; then
  say "real networks beside onnxruntime"
  { printf '\n## networks\n\n' && scripts/onnx-networks.sh; } | tee -a "$results/table.md" || failed=yes
fi
[[ -z $failed ]]
