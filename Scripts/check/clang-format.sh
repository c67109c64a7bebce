#!/usr/bin/env bash
# C is formatted as .clang-format says; `make format` does it. The version counts: others differ in what they do.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v clang-format-19 >/dev/null; then
    echo "clang-format-19 is missing; Scripts/setup.sh --check installs it" >&2
    exit 1
fi
git ls-files -z '*.c' '*.h' | xargs -0 clang-format-19 --dry-run -Werror
