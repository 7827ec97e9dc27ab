#!/usr/bin/env bash
# All that main has to pass: format, lints, docs, tests, examples, every combination of features, both frameworks.
# Needs Rust, and Python's pip for libtorch (or a LIBTORCH of your own); the rest it fetches itself.
set -euo pipefail
cd "$(dirname "$0")"

# What is built here is built once: what rustc would keep to build it again sooner is large, and of no use.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"

say() { printf '\n== %s\n' "$*"; }

if ! command -v cargo >/dev/null; then
  echo "test.sh: cargo is missing: install Rust (rustup) first" >&2
  exit 1
fi
cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

say "libtorch"
libtorch=$(scripts/libtorch.sh)
eval "$libtorch"

say "format"
cargo fmt --all --check

say "no framework in xai-core, no libtorch unless asked for"
if cargo tree --locked --package xai-core --edges normal --prefix none | grep -E '^(candle|tch|torch)'; then
  echo "a framework is in xai-core's dependency tree" >&2
  exit 1
fi
for package in xai-explain xai-cli; do
  if cargo tree --locked --package "$package" --edges normal --prefix none | grep -E '^(tch|torch)'; then
    echo "libtorch is in the default dependency tree of $package" >&2
    exit 1
  fi
done

say "lints"
cargo clippy --locked --workspace --all-targets --features tch,onnx -- -D warnings

say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --features tch,onnx

# One selection of packages and features for all that runs: another one would build the frameworks again.
say "tests"
cargo test --locked --workspace --features tch,onnx --no-fail-fast

say "packages: no warning, each below 2 MB"
published=(xai-core xai-derive xai-candle xai-tch xai-onnx xai-conformance xai-explain xai-cli)
words=$(cargo package --locked --allow-dirty --no-verify "${published[@]/#/--package=}" 2>&1) || {
  echo "$words" >&2
  exit 1
}
if grep '^warning' <<<"$words"; then
  echo "$words" >&2
  exit 1
fi
for crate in "${published[@]}"; do
  size=$(wc -c <"${CARGO_TARGET_DIR:-target}/package/$crate-0.1.0.crate")
  echo "$crate: $size bytes"
  ((size < 2000000)) || { echo "$crate is above 2 MB: see \`exclude\` in its Cargo.toml" >&2; exit 1; }
done

say "the oldest toolchains, where they are at hand"
oldest() { # version, then what to check
  local version=$1
  shift
  if rustup toolchain list 2>/dev/null | grep -q "^$version"; then
    CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/$version" rustup run "$version" cargo check --locked --quiet "$@"
    echo "$version: $*"
  else
    echo "$version is not installed: not tried"
  fi
}
oldest 1.89 --package xai-core --package xai-derive --package xai-conformance
oldest 1.89 --package xai-explain --no-default-features --features derive,pictures,files
oldest 1.94 --package xai-candle --package xai-cli

say "examples"
for example in custom_analyzer plain_ndarray; do
  "${CARGO_TARGET_DIR:-target}/debug/examples/$example"
done

say "combinations of features"
features=(candle tch onnx derive pictures files)
for ((set = 0; set < 1 << ${#features[@]}; set++)); do
  chosen=()
  for i in "${!features[@]}"; do
    ((set >> i & 1)) && chosen+=("${features[i]}")
  done
  list=$(IFS=,; echo "${chosen[*]-}")
  echo "-- ${list:-none}"
  cargo check --locked --quiet --package xai-explain --package xai-tests --lib --examples --no-default-features \
    --features "$list"
done
echo "all $((1 << ${#features[@]})) combinations compile"
