#!/usr/bin/env bash
# Compares this library, on candle and on libtorch, with Captum and pytorch-grad-cam. One run sets up Python and libtorch
# (once, into target/), lets Python explain the networks, rewrites the fixtures in tests/fixtures/captum, explains the
# same networks in Rust and prints the differences as a Markdown table, which stays in target/compare/table.md.
# Needs Rust and Python 3.10 or newer. Fails when a difference is above its bound.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*" >&2; }

if ! command -v cargo >/dev/null; then
  echo "compare.sh: cargo is missing: install Rust (rustup) first" >&2
  exit 1
fi
if (($#)); then
  echo "usage: ./compare.sh" >&2
  exit 2
fi

say "Python with torch, Captum and pytorch-grad-cam"
python=$(scripts/python.sh)
say "libtorch"
libtorch=$(scripts/libtorch.sh)
eval "$libtorch"

target=${CARGO_TARGET_DIR:-target}
results="$target/compare"
mkdir -p "$results"

say "build"
cargo build --locked --release --package compare

say "what Captum and pytorch-grad-cam find"
# -B: no compiled files beside the sources.
"$python" -B compare/python/make.py "$results/cases" tests/fixtures/captum | tee "$results/made_by.txt"

say "what xai finds"
"$target/release/compare" "$results/cases" | tee "$results/table.md"
