#!/usr/bin/env bash
# Error against evaluations of the estimates of Shapley values, beside shap and Captum: the tables of docs/shapley.md,
# which stay in target/shapley-errors/table.md too.
#
#   scripts/shapley-errors.sh
#
# Games of 6 and of 12 players, whose values are enumerated, and EfficientNet-Lite0 on a photo in 64 patches, for which
# a long run stands for the truth. Needs what ./compare.sh needs.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(scripts/python.sh)
libtorch=$(scripts/libtorch.sh)
eval "$libtorch"
target=${CARGO_TARGET_DIR:-target}
results="$target/shapley-errors"
mkdir -p "$results"

cargo build --locked --release --package compare >&2
"$target/release/compare" --errors "$results"
# -B: no compiled files beside the sources.
PYTHONPATH=compare/python "$python" -B compare/python/errors/make.py "$results" | tee "$results/table.md"
