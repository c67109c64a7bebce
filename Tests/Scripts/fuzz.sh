#!/usr/bin/env bash
# Reads a million damaged files of each format under AddressSanitizer, on one core and with low priority.
#
#     Tests/Scripts/fuzz.sh [COUNT] [FORMAT...]     # formats: idx npy npz safetensors csv cifar png jpeg yaml checkpoint
#
# Each run damages otherwise; APUS_FUZZ_SEED repeats one, whose seed every line says. Prints a line for each format; fails at the first crash or hang.
set -euo pipefail
cd "${APUS_PACKAGE:-$(dirname "$0")/../..}"

count=${1:-1000000}
shift || true
formats=("$@")
[ ${#formats[@]} -gt 0 ] || formats=(idx npy npz safetensors csv cifar png jpeg yaml checkpoint)

one_core=()
command -v taskset >/dev/null && one_core=(taskset -c 0)
run=(nice -n 19 "${one_core[@]}" swift test --build-path .build-asan --sanitize=address -c release)
export APUS_FUZZ_HERE=1 APUS_FUZZ_COUNT=$count APUS_FUZZ_SEED=${APUS_FUZZ_SEED:-new}
# Memory that the system's decoders keep until the process ends is no leak of a reader.
export ASAN_OPTIONS=detect_leaks=0
for format in "${formats[@]}"; do
    log=$(mktemp)
    if ! "${run[@]}" --filter "FuzzTests/${format}Here" >"$log" 2>&1 || ! grep "^fuzz $format" "$log"; then
        tail -n 60 "$log" >&2
        echo "fuzz $format: failed; the last lines above say why" >&2
        exit 1
    fi
    rm -f "$log"
done
