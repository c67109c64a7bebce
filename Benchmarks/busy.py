#!/usr/bin/env python3
"""How much slower training steps are beside processes that are busy, here and in the peers.

    python3 Benchmarks/busy.py                    # beside 0, 1 and 2 busy processes: a table
    python3 Benchmarks/busy.py --neighbours 0,1   # and so on; --help

Times are means over all steps of `--seconds`, for with a busy neighbour most steps are fast and some very slow. Each peer is
measured in its first mode (`--modes`), in alternation with ours.
"""
import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import workloads
from programs import HOME, PEERS, lines_of, prepare
from report import table

HERE = Path(__file__).resolve().parent
MODES = {"apus": "float32", "pytorch": "eager", "jax": "jit", "keras": "graph"}
BUSY = "while True: pass"


def parse():
    parser = argparse.ArgumentParser(description="Compares training steps beside busy processes.")
    parser.add_argument("--apus", type=Path, default=HERE.parent / ".build" / "release" / "apus-bench",
                        help="our program (default: %(default)s)")
    parser.add_argument("--neighbours", type=lambda text: [int(n) for n in text.split(",")], default=[0, 1, 2],
                        help="numbers of busy processes, the first of them 0 (default: 0,1,2)")
    parser.add_argument("--rounds", type=int, default=3, help="times that everything is measured (default: 3)")
    parser.add_argument("--seconds", type=float, default=4, help="to measure one workload in one mode (default: 4)")
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=["mlp", "lenet5-b128", "resnet18-b32"])
    parser.add_argument("--peers", type=lambda text: [p for p in text.split(",") if p], default=["pytorch"])
    options = parser.parse_args()
    for what, given, known in ("workload", options.workloads, workloads.table()), ("peer", options.peers, PEERS):
        if unknown := set(given) - set(known):
            parser.error(f"unknown {what}: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return options


def measured(program, command, options):
    """Milliseconds of a step by workload."""
    arguments = ["--workloads", ",".join(options.workloads), "--seconds", options.seconds, "--json"]
    if program != "apus":  # ours measures all of its modes
        arguments += ["--modes", MODES[program]]
    lines = [line for line, _ in lines_of([*command, *arguments], limit=900)]
    return {line["workload"]: line["mean_ms"] for line in lines if line["mode"] == MODES[program] and "error" not in line}


def beside(count, programs, options):
    """Milliseconds of a step by (workload, program), round after round, beside some busy processes."""
    neighbours = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    times = {}
    try:
        for number in range(options.rounds):
            for program, command in programs.items():
                print(f"{count} busy, round {number + 1}: {program}", file=sys.stderr)
                for workload, time in measured(program, command, options).items():
                    times.setdefault((workload, program), []).append(time)
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
    return {key: statistics.median(values) for key, values in times.items()}


def rows(results, options, programs):
    """A line for each workload and program: the time beside each number of processes, and how many times as long it is."""
    found = [["ms a step", *(f"{count} busy" for count in options.neighbours)]]
    for workload in options.workloads:
        for program in programs:
            quiet = results[options.neighbours[0]].get((workload, program))
            cells = []
            for count in options.neighbours:
                time = results[count].get((workload, program))
                cells.append(f"{time:.3f} ({time / quiet:.2f})" if time and quiet else "-")
            found.append([f"{workload}, {program} {MODES[program]}", *cells])
    return found


def main():
    options = parse()
    programs = {"apus": [options.apus]}
    programs.update({peer: [prepare(peer), HERE / "peers" / f"{peer}_steps.py"] for peer in options.peers})
    HOME.mkdir(parents=True, exist_ok=True)
    results = {count: beside(count, programs, options) for count in options.neighbours}
    print(table(rows(results, options, programs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
