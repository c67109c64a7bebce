#!/usr/bin/env python3
"""Compares the table of rooms in ARCHITECTURE.md with the package: the same targets, each importing only what stands below."""
import re
import sys

import package

ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \|", re.MULTILINE)


def rows(text):
    """The targets of each row of the table `target | what it is`, from the top."""
    table = text.split("| target | what it is |", 1)[-1].split("\n\n", 1)[0]
    return [re.findall(r"\w+", row) for row in ROW.findall(table)]


def problems(rows, uses):
    """What is wrong. `uses` has for each target the targets of the package that it may or does import, each with where it says so."""
    place = {name: index for index, row in enumerate(rows) for name in row}
    found = [f"{name} is a target, but no row of the table" for name in sorted(uses.keys() - place.keys())]
    found += [f"{name} is a row of the table, but no target" for name in sorted(place.keys() - uses.keys())]
    for name in sorted(uses.keys() & place.keys()):
        for used, where in sorted(uses[name].items()):
            if used in place and place[used] <= place[name]:
                found.append(f"{name} imports {used}, which does not stand below it ({where})")
    return found


def uses_of_targets(description):
    """The targets under Sources, and what each uses by the manifest or by an import."""
    rooms = {t["name"]: t for t in description["targets"] if not t.get("path") and t["type"] != "test"}
    uses = {}
    for name, target in rooms.items():
        uses[name] = {used: "Package.swift" for used in package.dependencies(target) if used in rooms}
        for used, file in package.imports(package.sources(target)).items():
            if used in rooms and used != name:
                uses[name][used] = file.relative_to(package.ROOT)
    return uses


def main():
    text = (package.ROOT / "ARCHITECTURE.md").read_text()
    found = problems(rows(text), uses_of_targets(package.description()))
    return package.report([f"ARCHITECTURE.md: {problem}" for problem in found])


if __name__ == "__main__":
    sys.exit(main())
