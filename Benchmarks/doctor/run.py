#!/usr/bin/env python3
"""Runs `apus doctor` on a folder of cases, and prints how often it is right.

    python3 Benchmarks/doctor/run.py --cases FOLDER --twins --repairs --output results.json
    python3 Benchmarks/doctor/run.py --table results.json        # prints the tables again

README.md says what the columns mean.
"""
import argparse
import shutil
import sys
from pathlib import Path

import cases
import harness
import invariance
import repairs
import summary
from training import Program

HERE = Path(__file__).resolve().parent
WRITTEN = "doctor-repaired.yaml"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs apus doctor on cases, and prints how often it is right.")
    add_common(parser)
    parser.add_argument("--budget", type=float, metavar="S", help="the doctor's own budget in seconds")
    parser.add_argument("--repairs", action="store_true", help="train original, repaired and reference on fresh seeds")
    parser.add_argument("--invariance", action="store_true", help="ask again after changes that must change nothing")
    parser.add_argument("--sample", type=int, default=20, help="cases for --invariance (default: 20)")
    options = parser.parse_args()
    check_common(parser, options)
    return options


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options that all methods have."""
    parser.add_argument("--cases", type=Path, help="the folder of cases")
    parser.add_argument("--apus", type=Path, default=HERE.parents[1] / ".build" / "release" / "apus",
                        help="our program (default: %(default)s)")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="cases whose name matches")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time (default: 1)")
    parser.add_argument("--seeds", choices=["first", "all"], default="first", help="of each case (default: first)")
    parser.add_argument("--twins", action="store_true", help="also each fault after its reference repair, as healthy")
    parser.add_argument("--limit", type=float, default=300, help="seconds a case may take (default: 300)")
    parser.add_argument("--output", type=Path, help="write a record of each case as JSON")
    parser.add_argument("--resume", action="store_true", help="keep the records that --output has already")
    parser.add_argument("--references", type=Path, help="a file that keeps the scores of originals and references")
    parser.add_argument("--table", type=Path, nargs="+", metavar="RESULTS", help="only print the tables of these files")


def check_common(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.table:
        return
    if not options.cases:
        parser.error("which cases? Give their folder with --cases")
    if not options.apus.exists():
        parser.error(f"there is no program {options.apus}; build it or name it with --apus")
    options.apus = options.apus.resolve()


def ask(program: Program, folder: Path, edit: cases.Edit, options: argparse.Namespace, *, with_repair: bool) -> dict:
    """The doctor's answer on an experiment; unknown, with the reason, where there is none."""
    arguments = ["doctor", edit.file, "--json", *edit.arguments()[1:]]
    arguments += ["--budget", f"{options.budget:g}s"] if options.budget else []
    arguments += ["--repair", WRITTEN] if with_repair else []
    output = program(*arguments, folder=folder)
    unknown = {"verdict": "unknown", "findings": []}
    if output.status is None:
        return {"answer": unknown, "error": f"out of time after {program.limit:g} s"}
    if output.status != 0:
        return {"answer": unknown, "error": f"exit {output.status}: {output.stderr.strip()[-300:]}"}
    try:
        return {"answer": harness.parsed(output.stdout)}
    except ValueError as problem:
        return {"answer": unknown, "error": f"no answer of the contract: {problem}"}


def examine(trial: cases.Trial, program: Program, references: repairs.References | None,
            options: argparse.Namespace) -> dict:
    """The record of one trial: the answer, and what its repair is worth if that is asked."""
    with cases.scratch(trial.case) as folder:
        asked = ask(program, folder, trial.edit, options, with_repair=references is not None)
        record = {**harness.record_of(trial), **asked}
        shutil.rmtree(folder / "runs", ignore_errors=True)
        if references is None:
            return record
        repaired = repairs.offered(record["answer"], folder, WRITTEN, trial.edit)
        if trial.kind == "fault":
            record["repair"] = repairs.judge(program, trial.case, folder, repaired, references.of(trial.case))
        elif repaired:
            record["repair"] = repairs.judge_healthy(program, trial.case, folder, trial.edit, repaired)
    return record


def print_tables(files: list[Path]) -> int:
    results = {file.stem: harness.read(file)["records"] for file in files}
    if len(results) > 1:
        print(summary.side_by_side(results))
        return 0
    [records] = results.values()
    print(summary.report(records))
    print(invariance.report(records))
    return 0


def main() -> int:
    options = parse()
    if options.table:
        return print_tables(options.table)
    found = cases.load(options.cases, options.only)
    program = Program(options.apus, options.limit, is_alone=options.jobs == 1)
    references = repairs.References(program, options.references) if options.repairs else None
    about = {"method": "doctor", "seeds": options.seeds, "limit": options.limit, "budget": options.budget}
    records = harness.Records(options.output, about, options.resume)
    trials = cases.trials(found, options.seeds == "all", options.twins)
    done = harness.run_all(trials, lambda trial: examine(trial, program, references, options), records, options.jobs)
    if options.invariance:
        chosen = invariance.sample([trial for trial in trials if trial.kind != "twin"], options.sample)
        changed = [variant for trial in chosen for variant in invariance.variants(trial)]

        def again(variant: invariance.Variant) -> dict:
            return examine_variant(variant, program, options)
        done += harness.run_all(changed, again, records, options.jobs)
    print(summary.report(done))
    print(invariance.report(done))
    return 0


def examine_variant(variant: invariance.Variant, program: Program, options: argparse.Namespace) -> dict:
    """The record of a changed experiment."""
    with cases.scratch(variant.trial.case) as folder:
        variant.prepare(folder)
        return {**variant.record(), **ask(program, folder, variant.edit, options, with_repair=False)}


if __name__ == "__main__":
    sys.exit(main())
