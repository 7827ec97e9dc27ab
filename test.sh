#!/usr/bin/env bash
# All that main has to pass: format, lints, docs, tests, examples, every combination of features.
# `./test.sh` from anywhere, nothing to install beside Rust.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*"; }

if ! command -v cargo >/dev/null; then
  echo "test.sh: cargo is missing: install Rust (rustup) first" >&2
  exit 1
fi
for component in rustfmt clippy; do
  cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
done

say "format"
cargo fmt --all --check

say "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

say "tests"
cargo test --workspace --no-fail-fast --locked

say "examples"
for example in custom_analyzer plain_ndarray; do
  cargo run --quiet --locked --example "$example"
done

say "xai-core stands without any framework"
if cargo tree --package xai-core --edges normal --prefix none | grep -E '^(candle|tch|torch)'; then
  echo "a framework is in xai-core's dependency tree" >&2
  exit 1
fi
