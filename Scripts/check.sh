#!/usr/bin/env bash
# Runs all checks, whatever fails, and says at the end which ones did. `make check` builds before.
#
#     Scripts/check.sh [NAME...]     # links, house, ...: some of them
set -uo pipefail
cd "$(dirname "$0")/.."

run() { # name
    case $1 in
    swift-format | clang-format) "Scripts/check/$1.sh" ;;
    compiler-warnings | documented | docc | api | house | links | arm64 | listed-tests | snippets | pages) python3 "Scripts/check/${1//-/_}.py" ;;
    # With the interpreter whose packages setup.sh installs.
    schema) /usr/bin/python3 Scripts/check/schema.py ;;
    onednn) Scripts/onednn.sh --system ;;
    faults) python3 Tests/Faults/plant.py --check ;;
    tables) python3 Benchmarks/tables.py --check ;;
    scripts)
        python3 -m unittest discover --quiet --start-directory Scripts/check/tests \
            && python3 -m unittest discover --quiet --start-directory Benchmarks/tests
        ;;
    *)
        echo "there is no check $1" >&2
        return 64
        ;;
    esac
}

names=("$@")
[ ${#names[@]} -gt 0 ] || names=(
    swift-format clang-format links house tables faults scripts schema onednn arm64 compiler-warnings listed-tests snippets documented docc api pages
)
failed=()
for name in "${names[@]}"; do
    if run "$name"; then echo "check $name: passed"; else failed+=("$name"); fi
done
[ ${#failed[@]} -eq 0 ] && exit 0
echo "check: failed: ${failed[*]}" >&2
exit 1
