#!/usr/bin/env bash
# Gives a Python that has torch and the libraries that explain its networks, and sets it up once.
#
#   python=$(scripts/python.sh)         # the interpreter's path; fails if it cannot
#
# The packages of compare/requirements.txt, in these versions, come with pip from the ordinary Python package index
# into a virtual environment in target/python: 2.5 GB to download, since torch's wheel for Linux holds CUDA. The
# interpreter underneath is python3, or the one that PYTHON names. The answer goes to standard output, progress to
# standard error.
set -euo pipefail

readonly minimum_python=3.11
readonly needed_mb=8000 # the wheels and what they unpack to, side by side

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly requirements="$root/compare/requirements.txt"
readonly base=${PYTHON:-python3}

say() { printf 'python: %s\n' "$*" >&2; }

fail() {
    say "$1"
    shift
    (($# == 0)) || printf '        %s\n' "$@" >&2
    exit 1
}

check_machine() {
    command -v "$base" >/dev/null ||
        fail "$base is missing." \
            "Install Python $minimum_python or newer with venv (Debian: python3 and python3-venv)," \
            "or set PYTHON to an interpreter."
    local version
    version=$("$base" -c 'import platform; print(platform.python_version())') || fail "$base does not run."
    "$base" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$minimum_python'.split('.'))))" ||
        fail "$base is Python $version; $minimum_python or newer is needed." "Set PYTHON to a newer interpreter."
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$base cannot make virtual environments with pip." "Install its venv (Debian: python3-venv)."
    local free
    free=$(df -Pm "$target" | awk 'NR == 2 { print $4 }')
    ((free >= needed_mb)) ||
        fail "the disk of $target has $free MB free; $needed_mb MB are needed for a while, 5000 MB in the end." \
            "Make room, or set CARGO_TARGET_DIR to a folder on another disk."
}

# For these requirements, and its interpreter is still there.
complete() {
    [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]] && "$python" -c 'pass' 2>/dev/null
}

set_up() {
    check_machine
    [[ ! -e $place || -f $place/pyvenv.cfg ]] ||
        fail "$place is there, but is no virtual environment." "Move it away."
    rm -rf "$place"
    say "setting up torch, Captum and the other peers with pip (2.5 GB to download, once; they stay in $place)"
    "$base" -m venv "$place" >&2 || fail "$base could not make a virtual environment in $place (its words are above)."
    # pip keeps what it downloads until all is there, and /tmp can be small. Without dependencies: they are all listed.
    mkdir "$place/tmp"
    PIP_USER=0 TMPDIR="$place/tmp" "$python" -m pip install --disable-pip-version-check --progress-bar off \
        --no-deps --requirement "$requirements" >&2 ||
        fail "pip could not fetch or install the packages (its words are above)." \
            "Is the Python package index reachable? Have all packages wheels for this Python and machine?"
    rm -rf "$place/tmp"
    local all='torch, torchvision, captum.attr, pytorch_grad_cam, shap, zennit, torchcam, timm, onnx, onnxruntime'
    "$python" -c "import $all" >&2 ||
        fail "the packages are installed, but cannot be imported (Python's words are above)."
    printf '%s\n' "$wanted" >"$stamp"
    say "ready: $place ($(du -sm "$place" | cut -f1) MB)"
}

(($# == 0)) || fail "unknown argument '$1'" "usage: scripts/python.sh"

target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
readonly target
readonly place="$target/python"
readonly python="$place/bin/python"
readonly stamp="$place/complete" # the last thing that is written
wanted=$(cksum <"$requirements")
readonly wanted
# Two that start together: the second waits for the first and finds it done.
exec 9>"$target/python.lock"
! command -v flock >/dev/null || flock 9
complete || set_up
printf '%s\n' "$python"
