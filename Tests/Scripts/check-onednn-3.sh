#!/usr/bin/env bash
# Compiles the oneDNN shim against oneDNN 3.x from PyPI and runs it: Debian 12 has 2.6, newer systems have 3.x.
# Needs python3 with pip, unzip and clang; leaves nothing in the tree.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps --dest "$work" onednn-devel-cpu-gomp onednn-cpu-gomp
for wheel in "$work"/*.whl; do python3 -m zipfile -e "$wheel" "$work/unpacked"; done
include=$(dirname "$(find "$work/unpacked" -path '*include/dnnl.h' | head -n 1)")
library=$(dirname "$(find "$work/unpacked" -name 'libdnnl.so.3' | head -n 1)")
kernels=$root/Sources/CKernels
clang -O2 -Wall -Wextra -I"$kernels/include" -I"$include" "$root/Tests/Scripts/onednn_check.c" "$kernels/onednn.c" \
    "$kernels/base.c" -L"$library" -ldnnl -l:libgomp.so.1 -lm -o "$work/check"
LD_LIBRARY_PATH=$library "$work/check"
