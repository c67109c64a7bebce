#!/usr/bin/env python3
"""Checks that every public declaration has a doc comment, its own or that of the protocol which demands it.

Those that had none when this check was made are in undocumented.txt. The list may only shrink: who documents one deletes its line
(`--shrink` does), and nobody adds one.
"""
import sys
from pathlib import Path

import symbols

LIST = Path(__file__).with_name("undocumented.txt")


def compare(undocumented, known):
    """The declarations that lack a comment and are not known, and lines of the list that stand there in vain."""
    return sorted(undocumented - known), sorted(known - undocumented)


def main():
    undocumented = {f"{d.module} {d.path}" for d in symbols.public_declarations() if not d.is_documented}
    known = set(LIST.read_text().splitlines()) if LIST.exists() else undocumented
    new, done = compare(undocumented, known)
    if "--shrink" in sys.argv[1:]:
        LIST.write_text("".join(f"{line}\n" for line in sorted(undocumented & known)))
        done = []
    for line in new:
        print(f"{line}: a public declaration without a doc comment")
    for line in done:
        print(f"{line}: documented or gone; `Scripts/check/documented.py --shrink` takes it off the list")
    return 1 if new or done else 0


if __name__ == "__main__":
    sys.exit(main())
