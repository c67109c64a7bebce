#!/usr/bin/env python3
"""Compiles the Swift of pages, of doc comments and of the lab's experiments against what is built.

Each block of a page is a program, with `import Apus` where it imports nothing; a block that imports PackageDescription is a
manifest, which SwiftPM reads. Each block of a doc comment is the body of a function that may throw and wait, in a file that
imports Apus and the comment's own module, and so is each program that the page of an experiment shows; all of them are compiled
together.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import package
import symbols

BLOCK = re.compile(r"^```swift\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^( *)/// ```swift\n((?:\1///.*\n)*?)\1/// ```$", re.MULTILINE)
RECIPE = re.compile(r'\.swift,\n *"""\n(.*?)\n *"""', re.DOTALL)
IMPORT = re.compile(r"^import (\w+)$", re.MULTILINE)


def blocks(text):
    """The Swift of a page, each block with the line in which it begins."""
    return [(text.count("\n", 0, match.start()) + 2, match[1]) for match in BLOCK.finditer(text)]


def examples(text):
    """The Swift of a file's doc comments, each block with the line in which it begins."""
    return [(text.count("\n", 0, match.start()) + 2, re.sub(r"^ */// ?", "", match[2], flags=re.MULTILINE))
            for match in EXAMPLE.finditer(text)]


def recipes(text):
    """The Swift that an experiment of the lab shows, each program with the line in which it begins."""
    return [(text.count("\n", 0, match.start()) + 3, textwrap.dedent(match[1]).replace("\\\\", "\\") + "\n")
            for match in RECIPE.finditer(text)]


def function(number, file, line, code):
    """A block as a function, and the modules that it imports."""
    body = IMPORT.sub("", code).rstrip("\n")
    return set(IMPORT.findall(code)), (f'func example{number}() async throws {{\n#sourceLocation(file: "{file}", line: {line})\n{body}\n'
                                       "#sourceLocation()\n}\n")


def type_check(*arguments):
    """The command that checks files against what is built."""
    options = [part for file in symbols.module_maps() for part in ("-Xcc", f"-fmodule-map-file={file}")]
    return ["swiftc", "-typecheck", "-swift-version", "6", "-I", symbols.build_folder() / "Modules", *options, *arguments]


def compiler(folder, code):
    """The command that checks a block."""
    if "import PackageDescription" in code:
        (folder / "Package.swift").write_text(code)
        return ["swift", "package", "--package-path", folder, "dump-package"]
    (folder / "main.swift").write_text(code if re.search(r"^import ", code, re.MULTILINE) else "import Apus\n" + code)
    return type_check("-warnings-as-errors", folder / "main.swift")


def failure(code):
    """What the compiler says of a block; nothing where it compiles."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(compiler(Path(folder), code), capture_output=True, text=True)
        return result.stderr.strip() if result.returncode else ""


def example_files():
    """Files of all examples of comments and experiments: those that import the same are together, but for a long list."""
    description = package.description()
    together = set(package.exported(description, "Apus"))
    targets = {target["name"]: target for target in description["targets"]}
    files = {}
    number = 0

    def add(used, file, line, code):
        nonlocal number
        number += 1
        imports, text = function(number, file.relative_to(package.ROOT), line, code)
        files.setdefault((tuple(sorted({"Apus"} | imports | used)), number % os.cpu_count()), []).append(text)

    for module in package.public_modules(description) + sorted(package.public_names(description, together)):
        for file in sorted(package.sources(targets[module]).rglob("*.swift")):
            for line, code in examples(file.read_text()):
                add({module} & set(package.public_modules(description)) - together, file, line, code)
    for file in sorted((package.ROOT / "Sources/ApusLab/Experiments").glob("*.swift")):
        for line, code in recipes(file.read_text()):
            add(set(), file, line, code)
    return ["".join(f"import {name}\n" for name in used) + "".join(texts) for (used, _), texts in files.items()]


def example_failure(code):
    """What the compiler says of a file of examples."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Examples.swift"
        file.write_text(code)
        result = subprocess.run(type_check("-parse-as-library", "-suppress-warnings", file), capture_output=True, text=True)
        return result.stderr.strip() if result.returncode else ""


def main():
    pages = [*package.ROOT.glob("*.md"), *sorted(package.ROOT.glob("Documentation/**/*.md"))]
    found = [(page.relative_to(package.ROOT), line, code) for page in pages for line, code in blocks(page.read_text())]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [text for text in pool.map(example_failure, example_files()) if text]
        results = list(pool.map(failure, [code for _, _, code in found]))
    wrong += [f"{page}:{line}: {text}" for (page, line, _), text in zip(found, results) if text]
    return package.report(wrong)


if __name__ == "__main__":
    sys.exit(main())
