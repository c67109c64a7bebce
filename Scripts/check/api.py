#!/usr/bin/env python3
"""Writes the public declarations of the products to Documentation/API.txt, one a line, or compares them with that page.

    Scripts/check/api.py             # shows every difference; a page that does not exist is no difference
    Scripts/check/api.py --write     # the change is meant: writes the page
"""
import difflib
import sys

import package
import symbols

PAGE = package.ROOT / "Documentation" / "API.txt"


def differences(old, new):
    """The lines that are gone with `-`, the new ones with `+`."""
    lines = difflib.unified_diff(old, new, lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def main():
    if "--write" not in sys.argv[1:] and not PAGE.exists():
        return 0
    lines = list(dict.fromkeys(map(str, symbols.public_declarations())))
    if "--write" in sys.argv[1:]:
        PAGE.write_text("".join(f"{line}\n" for line in lines))
        return 0
    found = differences(PAGE.read_text().splitlines(), lines)
    print("\n".join(found), end="\n" if found else "")
    if found:
        print("The public interface changed. If that is meant: Scripts/check/api.py --write, and a line in CHANGELOG.md")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
