#!/usr/bin/env python3
"""Compares the tests that are written with those that the built package lists: a test that is compiled out runs nowhere."""
import re
import subprocess
import sys
from collections import Counter

import package
import symbols

WRITTEN = re.compile(r"^[^\n/\"]*?@Test\b", re.MULTILINE)


def written(text):
    """How many tests a Swift file declares."""
    return len(WRITTEN.findall(text))


def problems(written, listed):
    """The targets whose numbers differ."""
    return [f"{target}: {written[target]} tests are written, {listed[target]} are listed"
            for target in sorted(written.keys() | listed.keys()) if written[target] != listed[target]]


def main():
    if not any(symbols.build_folder().glob("*.xctest")):
        raise SystemExit(f"no tests are built in {symbols.build_folder()}; `make test` builds them")
    targets = [target for target in package.description()["targets"] if target["type"] == "test"]
    count = Counter({target["name"]: sum(written(file.read_text()) for file in package.sources(target).rglob("*.swift"))
                     for target in targets})
    command = ["swift", "test", "list", "-c", "release", "--skip-build"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=package.ROOT).stdout
    found = problems(count, Counter(line.split(".")[0] for line in output.splitlines() if "/" in line))
    return package.report(found)


if __name__ == "__main__":
    sys.exit(main())
