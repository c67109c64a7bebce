#!/usr/bin/env bash
# Installs what Apus needs from the system and is missing: libraries to build with, and the Fashion-MNIST images.
# Does nothing, and asks for no rights, where everything is there.
#
#     Scripts/setup.sh [--check]     # with it also what `make check` and `make format` need
set -euo pipefail

if ! command -v swift >/dev/null; then
    echo "apus: the Swift toolchain (6.1 or newer) is missing; see https://www.swift.org/install" >&2
    exit 1
fi

# package: a file that it brings
missing=()
need() { # package, file pattern...
    local package=$1
    shift
    local pattern
    for pattern in "$@"; do
        compgen -G "$pattern" >/dev/null && return
    done
    missing+=("$package")
}

need libdnnl-dev /usr/include/dnnl.h /usr/local/include/dnnl.h "/usr/include/*/dnnl.h"
need liblapacke-dev /usr/include/lapacke.h /usr/local/include/lapacke.h
need zlib1g-dev /usr/include/zlib.h /usr/local/include/zlib.h
need libxxhash-dev /usr/include/xxhash.h /usr/local/include/xxhash.h
need libpng-dev /usr/include/png.h /usr/local/include/png.h
need libjpeg-dev /usr/include/jpeglib.h /usr/local/include/jpeglib.h "/usr/include/*/jpeglib.h"
need libpcre2-dev /usr/include/pcre2.h /usr/local/include/pcre2.h
need libsqlite3-dev /usr/include/sqlite3.h /usr/local/include/sqlite3.h
need libgomp1 "/usr/lib/*/libgomp.so.1" "/usr/lib64/libgomp.so.1"
need dataset-fashion-mnist "${APUS_DATA:-/nowhere}/train-images-idx3-ubyte*" \
    "${APUS_DATA:-/nowhere}/fashion-mnist/train-images-idx3-ubyte*" \
    "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte*"
# The cases of ONNX: tests that lack them say so. Where there is no such package, nothing is missing.
command -v apt-get >/dev/null && need libonnx-testdata /usr/share/libonnx-testdata/data/node/test_relu/model.onnx
if [ "${1:-}" = --check ]; then
    need clang-format-19 /usr/bin/clang-format-19 /usr/local/bin/clang-format-19
    need libc6-dev-arm64-cross /usr/aarch64-linux-gnu/include/stdio.h "/usr/include/aarch64-linux-gnu/bits/types.h"
    need python3-jsonschema "/usr/lib/python3*/*-packages/jsonschema/__init__.py"
    need chromium /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome
    need fonts-noto-cjk "/usr/share/fonts/opentype/noto/NotoSansCJK-*" "/usr/share/fonts/*/Noto*CJK*"
    need python3-yaml "/usr/lib/python3*/*-packages/yaml/__init__.py"
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "apus: missing: ${missing[*]} (names of Debian's packages)." >&2
    echo "This system has no apt-get: install oneDNN, LAPACKE, zlib, xxHash, libpng, libjpeg, PCRE2, SQLite and libgomp with their headers in its own way, and put the four" >&2
    echo "Fashion-MNIST files into a folder that the environment variable APUS_DATA names." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "apus: missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "apus: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apus: could not install ${missing[*]}; the last lines above say why" >&2
    exit 1
fi
