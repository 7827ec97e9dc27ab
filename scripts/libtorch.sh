#!/usr/bin/env bash
# Gives the libtorch that xai-tch is built against, and fetches it once if there is none.
#
#   eval "$(scripts/libtorch.sh)"       # sets LIBTORCH for the cargo calls that follow; fails if it cannot
#   scripts/libtorch.sh --path          # prints the folder alone
#
# A libtorch of your own goes first: with LIBTORCH or LIBTORCH_USE_PYTORCH set, nothing is fetched. Otherwise the
# library comes from the ordinary Python package index with pip, checked by hash, is trimmed to what the CPU needs,
# and stays in target/libtorch (0.5 GB). Python itself is needed for the download only. The answer goes to standard
# output, progress to standard error.
set -euo pipefail

readonly version=2.13.0 # what tch 0.26 is made for
readonly minimum_glibc=2.28
readonly needed_mb=2500 # wheels, unpacked and trimmed side by side

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
cache=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}/libtorch")
readonly cache
readonly place="$cache/$version-cpu"

say() { printf 'libtorch: %s\n' "$*" >&2; }

fail() {
    say "$1"
    shift
    printf '          %s\n' "$@" >&2
    # Otherwise the caller's eval of nothing would succeed.
    [[ ${mode:-export} == path ]] || echo false
    exit 1
}

readonly own_libtorch=(
    "Unpack libtorch $version of your own (the C++ package of PyTorch, CPU or CUDA) and set LIBTORCH to its folder,"
    "or set LIBTORCH_USE_PYTORCH=1 where 'import torch' gives PyTorch $version."
)

answer() {
    if [[ $mode == path ]]; then
        printf '%s\n' "$1"
    else
        printf 'export LIBTORCH=%q\n' "$1"
    fi
}

# The user's own libtorch, if there is one: only looked at, never changed. In the order in which tch looks.
own() {
    if [[ -n ${LIBTORCH_USE_PYTORCH:-} ]]; then
        command -v python3 >/dev/null ||
            fail "LIBTORCH_USE_PYTORCH is set, but there is no python3." "${own_libtorch[@]}"
        local folder
        folder=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))') ||
            fail "LIBTORCH_USE_PYTORCH is set, but python3 cannot import torch." \
                "Install PyTorch $version, or unset LIBTORCH_USE_PYTORCH to have libtorch fetched."
        say "using the PyTorch of python3 ($folder)"
        if [[ $mode == path ]]; then answer "$folder"; else printf 'export LIBTORCH_USE_PYTORCH=1\n'; fi
        exit 0
    fi
    if [[ -n ${LIBTORCH:-} ]]; then
        [[ -d $LIBTORCH/include && -e $LIBTORCH/lib/libtorch_cpu.so || -e $LIBTORCH/lib/libtorch_cpu.dylib ]] ||
            fail "LIBTORCH=$LIBTORCH holds no libtorch: include/ and lib/libtorch_cpu.so were looked for." \
                "Set it to the folder that has both, or unset it to have libtorch fetched."
        local found=unknown
        [[ ! -f $LIBTORCH/build-version ]] || found=$(<"$LIBTORCH/build-version")
        [[ $found == unknown || ${found%%+*} == "$version" || -n ${LIBTORCH_BYPASS_VERSION_CHECK:-} ]] ||
            fail "LIBTORCH=$LIBTORCH is libtorch $found; $version is needed." \
                "Unset LIBTORCH to have it fetched, or set LIBTORCH_BYPASS_VERSION_CHECK=1 to try all the same."
        say "using LIBTORCH=$LIBTORCH (version $found)"
        answer "$LIBTORCH"
        exit 0
    fi
}

check_machine() {
    local system
    system="$(uname -s) $(uname -m)"
    [[ $system == "Linux x86_64" ]] ||
        fail "only for x86_64 Linux is libtorch fetched; this is $system." "${own_libtorch[@]}"
    local glibc
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2) || true
    [[ -n $glibc && $(printf '%s\n' "$minimum_glibc" "$glibc" | sort -V | head -n1) == "$minimum_glibc" ]] ||
        fail "libtorch needs glibc $minimum_glibc or newer; here it is ${glibc:-another C library}." \
            "${own_libtorch[@]}"
    command -v python3 >/dev/null ||
        fail "python3 is missing; its pip does the download." "Install Python 3 with pip (Debian: python3-pip)." \
            "${own_libtorch[@]}"
    python3 -m pip --version >/dev/null 2>&1 ||
        fail "python3 has no pip, which does the download." "Install it (Debian: python3-pip)." "${own_libtorch[@]}"
    local free
    free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
    ((free >= needed_mb)) ||
        fail "the disk of $cache has $free MB free; $needed_mb MB are needed for a while, 500 MB in the end." \
            "Make room, or set CARGO_TARGET_DIR to a folder on another disk."
}

# CPU libtorch links two small CUDA libraries (profiling); the rest of CUDA is not fetched.
requirements() {
    cat <<EOF
torch==$version --hash=sha256:60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8
EOF
}

# The wheel is the one for CPython 3.11 whatever python3 is here: only its C++ part is kept.
download() {
    local into=$1
    requirements >"$into/requirements.txt"
    PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore python3 -m pip install \
        --quiet --disable-pip-version-check \
        --no-deps --require-hashes --only-binary=:all: --no-compile --target "$into/wheels" \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
        --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
        --requirement "$into/requirements.txt" >&2 ||
        fail "pip could not fetch or check libtorch (its words are above)." \
            "Is the Python package index reachable, and is there room in ${TMPDIR:-/tmp}?" "${own_libtorch[@]}"
}

# Keeps headers and CPU libraries. libtorch.so of the wheel is a shim that asks for the CUDA library too. The
# libraries look for nvidia/ beside torch/, so that both stay where they were.
trim() {
    local wheels=$1 into=$2
    mkdir -p "$into/torch/lib"
    mv "$wheels/torch/include" "$into/torch/include"
    local lib
    for lib in "$wheels"/torch/lib/*.so*; do
        case ${lib##*/} in
        libtorch.so | libtorch_cuda*.so | libtorch_nvshmem.so | libc10_cuda.so | libcaffe2_nvrtc.so) ;;
        libtorch_python.so | libshm.so | libtorch_global_deps.so) ;;
        *) mv "$lib" "$into/torch/lib/" ;;
        esac
    done
    ln -s libtorch_cpu.so "$into/torch/lib/libtorch.so"
    printf '%s+cpu\n' "$version" >"$into/torch/build-version"
    local cuda=nvidia/cu13/lib
    mkdir -p "$into/$cuda"
    mv "$wheels/$cuda"/libcudart.so.* "$wheels/$cuda"/libcupti.so.* "$into/$cuda/"
    local package
    mkdir -p "$into/licenses"
    for package in "$wheels"/*.dist-info; do mv "$package" "$into/licenses/"; done
}

contents() (
    cd "$1" &&
        find . -type f ! -name contents.txt -printf '%s %p\n' -o -type l -printf 'link %p %l\n' | LC_ALL=C sort
)

# Every file there with its size, and the version: a cache that was cut off or edited is not used.
intact() {
    [[ -f $1/contents.txt && $(cat "$1/torch/build-version" 2>/dev/null) == "$version+cpu" ]] &&
        contents "$1" | cmp -s - "$1/contents.txt"
}

fetch() {
    check_machine
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    say "fetching libtorch $version for the CPU with pip (540 MB, once; it stays in $place)"
    download "$work"
    trim "$work/wheels" "$work/ready"
    contents "$work/ready" >"$work/contents.txt"
    mv "$work/contents.txt" "$work/ready/contents.txt"
    local file
    for file in lib/libtorch_cpu.so lib/libtorch.so lib/libc10.so include/torch/csrc/api/include/torch/torch.h; do
        [[ -s $work/ready/torch/$file ]] ||
            fail "the fetched package lacks $file: torch $version has changed its layout."
    done
    local needs
    needs=$(ldd "$work/ready/torch/lib/libtorch_cpu.so" | grep 'not found' || true)
    [[ -z $needs ]] || fail "libtorch would not load here; these libraries are missing:" "$needs"
    rm -rf "$place"
    mv "$work/ready" "$place"
    say "ready: $place ($(du -sm "$place" | cut -f1) MB)"
}

mode='export'
case ${1:-} in
'') ;;
--path) mode='path' ;;
*) fail "unknown argument '$1'" "usage: scripts/libtorch.sh [--path]" ;;
esac

own
mkdir -p "$cache"
# Two builds that start together: the second waits for the first and finds it done.
exec 9>"$cache/lock"
if command -v flock >/dev/null; then
    flock 9
    rm -rf "$cache"/fetch.* # of a fetch that was killed
fi
intact "$place" || fetch
# What .cargo/config.toml includes, so that cargo finds it in later shells too.
printf '[env]\nLIBTORCH = "%s"\n' "$place/torch" >"$cache/config.toml"
answer "$place/torch"
