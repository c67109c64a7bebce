#!/usr/bin/env bash
# Compiles the oneDNN shim against oneDNN 3.x from PyPI and runs it: Debian 12 has 2.6, newer systems have 3.x. Needs
# python3 with venv and pip, and clang; leaves nothing in the tree.
#
#     Scripts/onednn.sh [--system]     # with it against the installed library
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=()
if [ "${1:-}" != --system ]; then
    python3 -m venv "$work/environment"
    "$work/environment/bin/pip" install --quiet --disable-pip-version-check onednn-devel-cpu-gomp onednn-cpu-gomp
    library=$work/environment/lib
    flags=("-I$work/environment/include" "-L$library" "-Wl,-rpath,$library")
fi
kernels=$root/Sources/CKernels
folders=("$kernels"/*/)
clang -O2 -Wall -Wextra -Werror "${folders[@]/#/-I}" ${flags[@]+"${flags[@]}"} "$root/Scripts/onednn/onednn_check.c" \
    "$kernels"/OneDNN/*.c "$kernels/Base/base.c" "$kernels/Base/crowd.c" -ldnnl -l:libgomp.so.1 -lm -o "$work/check"
"$work/check" >"$work/output" || {
    cat "$work/output"
    exit 1
}
sed -n "1p;\$p" "$work/output"
