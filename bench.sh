#!/usr/bin/env bash
# Times xai beside Python's libraries and the bare frameworks: prints a table for each family of analyzers and writes
# target/bench.json.
#
#   ./bench.sh --family gradients                   # about 25 minutes on two cores
#   ./bench.sh                                      # everything: hours
#   ./bench.sh --network resnet18 --analyzer gradient --who xai-libtorch --who captum
#   ./bench.sh --device cuda:0 --family gradients   # on a graphics card: needs nvcc, and LIBTORCH of a CUDA build
#   ./bench.sh --help
#
# Needs Rust and Python 3 with pip and venv. What it fetches (libtorch, and PyTorch with the libraries that explain its
# networks) stays in target/.
set -euo pipefail
cd "$(dirname "$0")"

libtorch=$(scripts/libtorch.sh)
eval "$libtorch"
python=$(scripts/python.sh)
features=()
case " $* " in
*" --device cuda"* | *" --device=cuda"*) features=(--features cuda) ;;
esac
cargo build --locked --release --quiet --package bench ${features[@]+"${features[@]}"}
exec "${CARGO_TARGET_DIR:-target}/release/bench" --python="$python" --date="$(date -u +%F)" "$@"
