#!/usr/bin/env python3
"""Checks that every public declaration has a doc comment, its own or that of the protocol which demands it."""
import sys

import package
import symbols


def undocumented(declarations):
    """The names of declarations without a doc comment, in order."""
    return sorted({f"{d.module} {d.path}" for d in declarations if not d.is_documented})


def main():
    found = undocumented(symbols.public_declarations())
    return package.report([f"{name}: a public declaration without a doc comment" for name in found])


if __name__ == "__main__":
    sys.exit(main())
