"""Trainings with `apus train`, and the held-out measure of a case."""
import csv
import json
import math
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from cases import Edit

ALIASES = {"accuracy": ["binaryAccuracy"], "binaryAccuracy": ["accuracy"]}


class CannotMeasure(Exception):
    """A measure that a run does not tell."""


@dataclass
class Output:
    status: int | None  # None: out of time
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True)
class Program:
    """The command `apus`, with the limits under which it runs."""
    path: Path
    limit: float
    is_alone: bool = True

    def environment(self) -> dict[str, str]:
        single = {} if self.is_alone else {"OMP_NUM_THREADS": "1"}
        return {**os.environ, "OMP_WAIT_POLICY": "passive", **single}

    def __call__(self, *arguments: str, folder: Path) -> Output:
        start = time.monotonic()
        process = subprocess.Popen([str(self.path), *arguments], cwd=folder, env=self.environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            stdout, stderr = process.communicate(timeout=self.limit)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            status = None
        return Output(status, stdout, stderr, time.monotonic() - start)


@dataclass
class Run:
    """A training that is over: its folder, what was measured on the test part, and after the last epoch."""
    folder: Path
    output: Output
    test: dict[str, float]
    training: dict[str, float]
    validation: dict[str, float]


def number(value: object) -> float:
    """A value of an event; those that are not finite are texts there."""
    return float(value) if isinstance(value, (int, float, str)) else math.nan


def events(text: str) -> list[dict]:
    """The events among the lines that a training printed."""
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [event for event in found if isinstance(event, dict)]


def test_values(folder: Path) -> dict[str, float]:
    try:
        test = json.loads((folder / "run.json").read_text()).get("test") or {}
    except (OSError, ValueError):
        return {}
    return {name: number(value) for name, value in zip(test.get("names", []), test.get("values", []))}


def train(program: Program, folder: Path, edit: Edit, run: str) -> Run:
    """Trains a folder's experiment into a run folder beside it."""
    output = program("train", *edit.arguments(), "--json", "--run", run, folder=folder)
    ended = [event for event in events(output.stdout) if event.get("event") == "epochEnded"]
    last = ended[-1] if ended else {}
    training, validation = ({name: number(value) for name, value in last.get(part, {}).items()}
                            for part in ("training", "validation"))
    return Run(folder / run, output, test_values(folder / run), training, validation)


def named(values: dict[str, float], name: str) -> float:
    for known in [name, *ALIASES.get(name, [])]:
        if known in values:
            return values[known]
    raise CannotMeasure(f"there is no {name} among {', '.join(values) or 'nothing'}")


def predicted_accuracy(program: Program, run: Run, metric: dict) -> float:
    """The share of rows of a file whose class is predicted."""
    file = run.folder.parent / metric["file"]
    output = program("predict", run.folder.name, metric["file"], "--csv", folder=run.folder.parent)
    if output.status != 0:
        raise CannotMeasure(f"apus predict: {output.stderr.strip()[-200:]}")
    predictions = [row["class"] for row in csv.DictReader(output.stdout.splitlines())]
    with file.open(newline="") as lines:
        truths = [row[metric["column"]] for row in csv.DictReader(lines)]
    if len(predictions) != len(truths):
        raise CannotMeasure(f"{len(predictions)} predictions for {len(truths)} rows")
    return sum(p == t for p, t in zip(predictions, truths)) / len(truths)


def measure(program: Program, run: Run, metric: dict) -> float:
    """The measure of a case of a run; chance where training did not get to the end or ended without a number."""
    if run.output.status is None:
        raise CannotMeasure("training ran out of time")
    if not run.test:
        return metric["chance"]
    kind, _, name = metric["name"].partition(".")
    if kind == "test":
        value = named(run.test, name)
    elif kind == "optimism":
        value = named(run.validation, name) - named(run.test, name)
    elif kind == "reported":
        value = next((value for key, value in run.test.items() if key != "loss"), math.nan)
    elif kind in ("predict", "overstated") and name == "accuracy":
        value = predicted_accuracy(program, run, metric)
        value = named(run.test, name) - value if kind == "overstated" else value
    else:
        raise CannotMeasure(f"no way to measure {metric['name']}")
    return value if math.isfinite(value) else metric["chance"]


def score(value: float, metric: dict) -> float:
    """A measure such that more is better."""
    return {"higher": value, "lower": -value, "nearer to 0": -abs(value)}[metric["better"]]


def measured_score(program: Program, folder: Path, edit: Edit, seed: int, metric: dict) -> float:
    """The score of an experiment that is trained with a seed."""
    run = train(program, folder, edit.with_seed(seed), "measured-run")
    try:
        return score(measure(program, run, metric), metric)
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
