#!/usr/bin/env python3
"""Trains the same networks here and in PyTorch, JAX and Keras, in alternation on this machine, and compares.

    python3 Benchmarks/run.py                          # five rounds, a table, "valid: yes" or "valid: no"
    python3 Benchmarks/run.py --output result.json     # and everything measured, as JSON
    python3 Benchmarks/run.py --compare old.json       # and what is faster or slower than an older result
    python3 Benchmarks/run.py --save                   # and, when valid, puts it into results/CLASS.json

The first run installs the peers with pip into virtual environments under $APUS_BENCH_HOME (~/.cache/apus-bench).
README.md describes the workloads, the protocol and what makes a result valid.
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

import classes
import comparison
import machine
import workloads
from programs import HOME, PEERS, prepare
from report import changes_table, report
from results import compare, summarize_launches, summarize_steps, verdict
from rounds import run_round

HERE = Path(__file__).resolve().parent
TABLE = workloads.table()
WORKLOADS = list(TABLE)


def parse():
    parser = argparse.ArgumentParser(description="Compares training steps with PyTorch, JAX and Keras.")
    parser.add_argument("--apus", type=Path, default=HERE.parent / ".build" / "release" / "apus-bench",
                        help="our program (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="undisturbed rounds to collect (default: 5)")
    parser.add_argument("--retries", type=int, default=5, help="disturbed rounds to repeat at most (default: 5)")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for a quiet machine (default: 60)")
    parser.add_argument("--seconds", type=float, default=1.5, help="to measure one workload in one mode (default: 1.5)")
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=WORKLOADS)
    parser.add_argument("--peers", type=lambda text: [p for p in text.split(",") if p], default=PEERS)
    parser.add_argument("--launch-steps", type=int, default=100, help="steps of a launch; 0 leaves launches out")
    parser.add_argument("--without-apus", action="store_true", help="measure the peers only (never valid)")
    parser.add_argument("--install-only", action="store_true", help="install the peers and stop")
    parser.add_argument("--output", type=Path, help="write everything as JSON")
    parser.add_argument("--compare", type=Path, metavar="OLD", help="say what changed since an older --output")
    parser.add_argument("--save", action="store_true", help="put a valid result into results/CLASS.json")
    options = parser.parse_args()
    for what, given, known in ("workload", options.workloads, WORKLOADS), ("peer", options.peers, PEERS):
        if unknown := set(given) - set(known):
            parser.error(f"unknown {what}: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if not options.without_apus and not options.install_only and not os.access(options.apus, os.X_OK):
        parser.error(f"no program at {options.apus}; build it with: swift build -c release --product apus-bench")
    return options


def main():
    options = parse()
    pythons = {peer: prepare(peer) for peer in options.peers}
    if options.install_only:
        return 0
    HOME.mkdir(parents=True, exist_ok=True)
    programs = {} if options.without_apus else {"apus": [options.apus]}
    programs.update({peer: [python, HERE / "peers" / f"{peer}_steps.py"] for peer, python in pythons.items()})

    rounds = []
    while True:
        rounds.append(run_round(len(rounds) + 1, programs, options))
        quiet = [r for r in rounds if not r.disturbances]
        if len(quiet) >= options.rounds or len(rounds) - len(quiet) > options.retries:
            break
    counted = quiet or rounds
    summary = summarize_steps(counted)
    comparisons = compare(summary, options.workloads)
    launches = summarize_launches(counted)
    reasons = verdict(rounds, quiet, programs, options, {name for name in TABLE if TABLE[name].is_short})
    result = {
        "version": 2, "valid": not reasons, "reasons": reasons, "machine": machine.describe(),
        "software": {**machine.software(), **{line["framework"]: line["version"]
                                              for r in rounds for line in r.steps if "version" in line}},
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "workloads": options.workloads,
        "steps": [{"workload": w, "framework": f, "mode": m, **s} for (w, f, m), s in summary.items()],
        "comparisons": comparisons, "launches": launches,
        "rounds": [{**vars(r), "counted": r in counted} for r in rounds],
    }

    print(report(summary, comparisons, launches, options.workloads))
    if options.compare:
        old = json.loads(options.compare.read_text())
        print("\n" + changes_table(comparison.changes(old["steps"], result["steps"])))
    print(f"\n{len(quiet)} undisturbed of {len(rounds)} rounds")
    print(f"valid: no ({'; '.join(reasons)})" if reasons else "valid: yes (no other process was busy)")
    if options.output:
        options.output.write_text(json.dumps(result, indent=1) + "\n")
    if options.save and not reasons:
        name = result["machine"]["class"]
        classes.save(name, classes.merged(classes.load(name), result))
        print(f"saved to {classes.path(name)}; python3 Benchmarks/tables.py writes the tables of the pages")
    return 0 if not reasons else 1


if __name__ == "__main__":
    sys.exit(main())
