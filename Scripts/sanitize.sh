#!/usr/bin/env bash
# Runs the tests under sanitizers: address (with use after return, and undefined behaviour of C) and thread.
#
#     Scripts/sanitize.sh [address] [thread] [-- ARGUMENTS of swift test]
#
# The readers' fuzzers take a new seed, which they print; APUS_FUZZ_SEED repeats one, APUS_FUZZ_COUNT reads more files.
set -euo pipefail
cd "$(dirname "$0")/.."

sanitizers=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in
    address | thread) sanitizers+=("$1") ;;
    *)
        echo "sanitize: expected address or thread but received $1" >&2
        exit 64
        ;;
    esac
    shift
done
[ $# -eq 0 ] || shift
[ ${#sanitizers[@]} -gt 0 ] || sanitizers=(address thread)

# Package.swift optimizes what computes much in Swift; C is optimized a little.
# Threads that spin take the time of those that work.
export OMP_WAIT_POLICY=passive
export APUS_SANITIZE=1
export APUS_FUZZ_HERE=1 APUS_FUZZ_COUNT=${APUS_FUZZ_COUNT:-1000} APUS_FUZZ_SEED=${APUS_FUZZ_SEED:-new}
# Swift keeps metadata until the process ends, and so do the system's decoders: no leaks of ours.
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=0
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=suppressions=$PWD/Scripts/sanitizers/thread.txt:second_deadlock_stack=1

for sanitizer in "${sanitizers[@]}"; do
    # What takes minutes under a sanitizer and is done in smaller sizes by others.
    skipped='chainsOfHundredThousandOperations|gradientsOfLongChains'
    build=(--scratch-path ".build-$sanitizer" --sanitize "$sanitizer" -Xcc -O1 -Xcc -fno-omit-frame-pointer)
    case $sanitizer in
    address)
        build+=(-Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined)
        # Not explained yet, and why continuous integration does not end with this: in about one of ten runs of all suites under this
        # sanitizer the outputs of one random graph of ApusCPUTests.FuzzTests are wrong (matrices of seed 23, images of seed 12), of
        # whole programs, not by rounding. Never seen in a run of these suites alone, nor without the sanitizer.
        suites='CKernelsTests|ApusCPUTests|ApusTensorTests|ApusDataTests|ApusTrainingTests|FuzzTests|ApusFormatsTests|ApusTextTests'
        ;;
    thread)
        suites='CKernelsTests.EngineTests|ApusTensorTests|ApusDataTests|ApusTrainingTests|ApusSearchTests'
        skipped+='|GoldenProgramTests|betterThanChance|damagedCheckpointsAreNotUsed|fewCheckpointsAreEnough'
        ;;
    esac
    echo "sanitize $sanitizer: building"
    swift build --build-tests "${build[@]}" 2>&1 | tail -n 20
    echo "sanitize $sanitizer: running"
    if [ $# -gt 0 ]; then
        swift test --skip-build "${build[@]}" "$@"
    else
        swift test --skip-build "${build[@]}" --filter "$suites" --skip "$skipped"
    fi
done
