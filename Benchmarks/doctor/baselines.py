#!/usr/bin/env python3
"""The published threshold rules, "always faulty" and random search on the same cases as the doctor.

    python3 Benchmarks/doctor/baselines.py --cases FOLDER --twins --output results/
    python3 Benchmarks/doctor/baselines.py --cases FOLDER --methods search --like results.json --output results/

Each method gets a file METHOD.json in the folder --output, in the form of run.py's.
"""
import argparse
import collections
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cases
import harness
import inputs
import repairs
import rules
import run
import search
import summary
import traces
from training import Program

RULES = {"autotrainer": rules.autotrainer, "autotrainer-without-loss": rules.autotrainer_without_loss,
         "deepdiagnosis": rules.deepdiagnosis}
METHODS = [*RULES, "always", "search"]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs other methods than the doctor on cases.")
    run.add_common(parser)
    parser.add_argument("--methods", type=lambda text: text.split(","), default=[*RULES, "always"],
                        help=f"of {', '.join(METHODS)} (default: all but search)")
    parser.add_argument("--trainings", type=int, default=10, help="of a random search (default: 10)")
    parser.add_argument("--like", type=Path, metavar="RESULTS", help="search with as many trainings as there")
    options = parser.parse_args()
    run.check_common(parser, options)
    if unknown := set(options.methods) - set(METHODS):
        parser.error(f"there is no method {', '.join(sorted(unknown))}; there are {', '.join(METHODS)}")
    return options


def answer(symptoms: Sequence[rules.Symptom], seconds: float) -> dict:
    """Symptoms as a doctor's answer."""
    return {"version": 1, "verdict": "faulty" if symptoms else "healthy", "findings": [s.finding() for s in symptoms],
            "seconds": round(seconds, 3), "trainings": 1}


def traced(trial: cases.Trial, program: Program) -> dict[str, dict]:
    """The record of a trial for each pack of rules, of one training."""
    start = time.monotonic()
    with cases.scratch(trial.case) as folder:
        trace = traces.record(program, folder, trial.edit)
        trace.input_range = inputs.input_range(trace.experiment, folder)
    seconds = time.monotonic() - start
    return {name: {**harness.record_of(trial), "answer": answer(pack(trace), seconds)} for name, pack in RULES.items()}


def run_rules(trials: list[cases.Trial], program: Program, files: dict[str, harness.Records], jobs: int) -> None:
    """One training for all packs: the first writes the others' records too."""
    [first, *others] = files

    def work(trial: cases.Trial) -> dict:
        found = traced(trial, program)
        for name in others:
            files[name].add(found[name])
        return found[first]
    harness.run_all(trials, work, files[first], jobs)


def always(trials: list[cases.Trial], records: harness.Records) -> None:
    """Faulty, whatever it is, for the reason that is most frequent among the faults."""
    causes = collections.Counter(t.case.facts["labels"]["primary"] for t in trials if t.kind == "fault")
    label = min(causes, key=lambda name: (-causes[name], name)) if causes else "undertrained"
    symptom = rules.Symptom(label, ("model",), "always")
    for trial in trials:
        records.add({**harness.record_of(trial), "answer": {**answer([symptom], 0.0), "trainings": 0}})


def searched(trial: cases.Trial, program: Program, references: repairs.References, trainings: int) -> dict:
    """What random search repairs."""
    start = time.monotonic()
    known = references.of(trial.case)
    with cases.scratch(trial.case) as folder:
        repaired = None if known.skipped else search.best_edit(program, trial, folder, trainings)
        repair = repairs.judge(program, trial.case, folder, repaired, known)
    found = {"version": 1, "verdict": "unknown", "findings": [], "seconds": round(time.monotonic() - start, 3),
             "trainings": trainings}
    return {**harness.record_of(trial), "isSearch": True, "answer": found, "repair": repair,
            "edit": list(repaired.settings) if repaired else None}


def run_search(trials: list[cases.Trial], program: Program, records: harness.Records,
               options: argparse.Namespace) -> None:
    references = repairs.References(program, options.references)
    like = harness.read(options.like)["records"] if options.like else []
    used = {record["key"]: record["answer"].get("trainings") for record in like}

    def work(trial: cases.Trial) -> dict:
        return searched(trial, program, references, max(1, round(used.get(trial.key) or options.trainings)))
    harness.run_all([trial for trial in trials if trial.kind == "fault"], work, records, options.jobs)


def records_of(method: str, options: argparse.Namespace) -> harness.Records:
    file = options.output / f"{method}.json" if options.output else None
    return harness.Records(file, {"method": method, "seeds": options.seeds}, options.resume)


def main() -> int:
    options = parse()
    if options.table:
        return run.print_tables(options.table)
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
    trials = cases.trials(cases.load(options.cases, options.only), options.seeds == "all", options.twins)
    program = Program(options.apus, options.limit, is_alone=options.jobs == 1)
    files = {name: records_of(name, options) for name in options.methods}
    if packs := {name: files[name] for name in RULES if name in files}:
        run_rules(trials, program, packs, options.jobs)
    if "always" in files:
        always(trials, files["always"])
    if "search" in files:
        run_search(trials, program, files["search"], options)
    print(summary.side_by_side({name: list(records.known.values()) for name, records in files.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
