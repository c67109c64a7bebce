#!/usr/bin/env python3
"""Writes the tables of README.md and Documentation/Performance.md from the results of a class of machines.

    python3 Benchmarks/tables.py             # writes them
    python3 Benchmarks/tables.py --check     # says which ones are not as the results have them

A table stands between `<!-- benchmark: KIND CLASS -->` and `<!-- /benchmark -->`; its kind is `short` (networks with steps of about a
millisecond) or `deep` (the others).
"""
import difflib
import re
import sys
from pathlib import Path

import classes
import workloads

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "Documentation/Performance.md"]
BLOCK = re.compile(r"(<!-- benchmark: (\w+) ([\w-]+) -->\n)(.*?)(<!-- /benchmark -->)", re.DOTALL)
NAMES = {"pytorch": "PyTorch", "jax": "JAX", "keras": "Keras"}
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}


def short_row(c, title):
    framework = c["peer"].split()[0]
    return [title, f"{c['median_ms']:.3f}", f"{c['peer_ms']:.3f} {NAMES[framework]}", f"{c['peer_ratio']:.2f}",
            f"{c['pytorch_ms']:.3f}", f"{c['pytorch_ratio']:.2f}"]


def deep_row(c, title):
    framework, mode = c["peer"].split()
    return [title, c["precision"], f"{c['median_ms']:.1f}", f"{c['peer_ms']:.1f}", f"{NAMES[framework]} `{mode}`",
            ", ".join(f"{ratio:.2f}" for ratio in c["peer_ratios"])]


def times(comparisons):
    """What ratios are of, `three runs`: rows that were measured in other ways have no number in common."""
    kinds = {(len(c["peer_ratios"]), c["repeats"]) for c in comparisons}
    if len(kinds) > 1:
        names = sorted({repeats.removesuffix("s") for _, repeats in kinds})
        return f"each {' or '.join(names)}"
    count, repeats = kinds.pop()
    return f"{NUMBERS.get(count, count)} {repeats if count > 1 else repeats.removesuffix('s')}"


def table(kind, content, known):
    """The table of a kind as Markdown, in the order of the workloads."""
    if kind not in ("short", "deep"):
        raise SystemExit(f"there is no table {kind}; there are short and deep")
    comparisons = [c for name in known for c in content["comparisons"]
                   if c["workload"] == name and known[name].is_short == (kind == "short")]
    if kind == "short":
        header = ["step", "Apus", "best peer", "ratio", "best PyTorch", "ratio"]
        rows = [short_row(c, known[c["workload"]].title) for c in comparisons]
    else:
        header = ["work", "precision", "Apus, ms", "best peer, ms", "", f"ratio in {times(comparisons)}"]
        rows = [deep_row(c, known[c["workload"]].title) for c in comparisons]
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:], ""])


def updated(text, known, load=classes.load):
    """A page with all its tables as the results have them."""
    return BLOCK.sub(lambda block: block[1] + table(block[2], load(block[3]), known) + block[5], text)


def main():
    known, failed = workloads.table(), False
    for name in PAGES:
        page = ROOT / name
        old = page.read_text()
        new = updated(old, known)
        if "--check" not in sys.argv[1:]:
            page.write_text(new)
        elif new != old:
            failed = True
            lines = difflib.unified_diff(old.splitlines(), new.splitlines(), name, "the results", lineterm="", n=0)
            print("\n".join(lines))
            print("python3 Benchmarks/tables.py writes them")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
