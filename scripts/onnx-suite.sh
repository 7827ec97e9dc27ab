#!/usr/bin/env bash
# Runs the tests that the ONNX project ships in its Python package, and those that it generates, on every backend, and
# writes the table of operators from the run. Needs Rust and Python's pip; all goes into target/onnx-suite.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.23.2
folder=target/onnx-suite/$version
mkdir -p "$folder"
if [ ! -d "$folder/site/onnx" ]; then
  python3 -m pip install --quiet --target "$folder/site" "onnx==$version"
fi
if [ ! -f "$folder/node.done" ]; then
  PYTHONPATH=$folder/site python3 scripts/onnx-node-tests.py "$folder/node"
  touch "$folder/node.done"
fi
data=$folder/site/onnx/backend/test/data

libtorch=$(scripts/libtorch.sh)
eval "$libtorch"
cargo run --locked --quiet --release --package compare --bin onnx-suite -- \
  "$folder/node" "$data"/{simple,pytorch-converted,pytorch-operator,light} --table docs/onnx-operators.md "$@"
