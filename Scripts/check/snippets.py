#!/usr/bin/env python3
"""Compiles the Swift of the pages against what is built: each block is a program, with `import Apus` where it imports nothing.

A block that imports PackageDescription is a manifest, which SwiftPM reads.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import package
import symbols

BLOCK = re.compile(r"^```swift\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(text):
    """The Swift of a page, each block with the line in which it begins."""
    return [(text.count("\n", 0, match.start()) + 2, match[1]) for match in BLOCK.finditer(text)]


def compiler(folder, code):
    """The command that checks a block."""
    if "import PackageDescription" in code:
        (folder / "Package.swift").write_text(code)
        return ["swift", "package", "--package-path", folder, "dump-package"]
    (folder / "main.swift").write_text(code if re.search(r"^import ", code, re.MULTILINE) else "import Apus\n" + code)
    options = [part for file in symbols.module_maps() for part in ("-Xcc", f"-fmodule-map-file={file}")]
    return ["swiftc", "-typecheck", "-warnings-as-errors", "-swift-version", "6", "-I",
            symbols.build_folder() / "Modules", *options, folder / "main.swift"]


def failure(code):
    """What the compiler says of a block; nothing where it compiles."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(compiler(Path(folder), code), capture_output=True, text=True)
        return result.stderr.strip() if result.returncode else ""


def main():
    pages = [*package.ROOT.glob("*.md"), *sorted(package.ROOT.glob("Documentation/*.md"))]
    found = [(page.relative_to(package.ROOT), line, code) for page in pages for line, code in blocks(page.read_text())]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(failure, [code for _, _, code in found]))
    wrong = [f"{page}:{line}: {text}" for (page, line, _), text in zip(found, results) if text]
    return package.report(wrong)


if __name__ == "__main__":
    sys.exit(main())
