#!/usr/bin/env python3
"""Checks that neither the Swift of the last build nor the C has warnings.

The Swift compiler leaves what it said of a module in a file beside the module's objects; it stands there until the module is
compiled again, so nothing is lost when a later build has nothing to do. C is parsed once more, with more warnings than builds ask for.
"""
import re
import subprocess
import sys

import package
import symbols

TEXT = re.compile(rb"[\x20-\x7e\n]{8,}")


def messages(diagnostics):
    """The texts in a file of serialized diagnostics, which holds them as they are; none where nothing was said."""
    return [text.decode().strip() for text in TEXT.findall(diagnostics) if b" " in text]


def swift_warnings(targets):
    build = symbols.build_folder()
    for target in targets:
        # Names that are not identifiers are changed on the way: 1-activations becomes __activations.
        name = re.sub(r"\W", "_", re.sub(r"^\d", "_", target["name"]))
        for file in sorted(build.glob(f"{name}.build/*.dia")):
            for text in messages(file.read_bytes()):
                yield f"{target['name']}: {text}"


def c_warnings():
    folders = [f"-I{folder}" for folder in package.c_folders()]
    for file in package.c_files():
        command = ["clang", "-fsyntax-only", *package.C_WARNINGS, *folders, file]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            yield result.stderr.strip()


def main():
    if not any(symbols.build_folder().glob("*.build/*.dia")):
        raise SystemExit(f"nothing is built in {symbols.build_folder()}; `make build` and `make test` build")
    found = [*swift_warnings(package.description()["targets"]), *c_warnings()]
    return package.report(found)


if __name__ == "__main__":
    sys.exit(main())
