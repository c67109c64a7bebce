#!/usr/bin/env python3
"""Checks that every public declaration has a doc comment, its own or that of the protocol which demands it.

Types have an example in it, too: a block of Swift. Types within types need none, errors neither.
"""
import re
import sys

import package
import symbols

TYPE = re.compile(r"(?:struct|class|enum|protocol|actor) \w")
ERROR = re.compile(r"[:,] (?:Apus)?Error\b")

#: What is only met as an argument of generic types, or as what a result builder is made of.
WITHOUT_EXAMPLE = {"OneAxis", "TwoAxes", "SequentialBuilder", "Case"}


def undocumented(declarations):
    """The names of declarations without a doc comment, in order."""
    return sorted({f"{d.module} {d.path}" for d in declarations if not d.is_documented})


def without_example(declarations):
    """The names of types whose comment has no example, in order."""
    return sorted({f"{d.module} {d.path}" for d in declarations
                   if TYPE.match(d.text) and "." not in d.path and not ERROR.search(d.text)
                   and not d.has_example and d.path not in WITHOUT_EXAMPLE})


def main():
    declarations = symbols.public_declarations()
    return package.report([f"{name}: a public declaration without a doc comment" for name in undocumented(declarations)]
                          + [f"{name}: a public type without an example" for name in without_example(declarations)])


if __name__ == "__main__":
    sys.exit(main())
