"""Runs a diagnosis over trials and keeps one record of each."""
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from cases import Case, Trial

VERDICTS = ("healthy", "faulty", "unknown")
VERSION = 1


def has_label(finding: object) -> bool:
    return isinstance(finding, dict) and isinstance(finding.get("label"), str)


def has_places(finding: dict) -> bool:
    places = finding.get("where", [])
    return isinstance(places, list) and all(isinstance(place, str) for place in places)


def problem_of(answer: object) -> str | None:
    """What is wrong with the form of a doctor's answer."""
    if not isinstance(answer, dict):
        return "the answer is no object"
    if answer.get("version") != 1:
        return f"version {answer.get('version')} in place of 1"
    if answer.get("verdict") not in VERDICTS:
        return f"there is no verdict {answer.get('verdict')}"
    findings = answer.get("findings")
    if not isinstance(findings, list) or not all(map(has_label, findings)):
        return "findings are no list of objects with a label"
    if not all(map(has_places, findings)):
        return "where is no list of texts"
    if answer["verdict"] == "faulty" and not findings:
        return "faulty without a finding"
    return None


def parsed(text: str) -> dict:
    """A doctor's answer; raises ValueError with the reason if it is none."""
    answer = json.loads(text)
    if problem := problem_of(answer):
        raise ValueError(problem)
    return answer


def record_of(trial: Trial) -> dict:
    """The record of a trial before anything is known but what is expected."""
    case = trial.case
    record = {"key": trial.key, "id": case.id, "family": case.family, "kind": trial.kind, "seed": trial.seed}
    if trial.kind == "fault":
        record["expected"] = {"primary": case.facts["labels"]["primary"], "accepted": case.facts["labels"]["accepted"],
                              "where": case.facts["where"], "canLearn": case.can_learn}
    return record


class Records:
    """The records by key, in a file that is written after each of them."""

    def __init__(self, file: Path | None, about: dict, resume: bool):
        self.file, self.about, self.known = file, about, {}
        if resume and file and file.exists():
            self.known = {record["key"]: record for record in read(file)["records"]}

    def add(self, record: dict) -> None:
        self.known[record["key"]] = record
        self.save()

    def save(self) -> None:
        if self.file:
            content = {"version": VERSION, **self.about, "records": list(self.known.values())}
            beside = self.file.with_name(self.file.name + ".partial")
            beside.write_text(json.dumps(content, indent=1) + "\n")
            os.replace(beside, self.file)


def read(file: Path) -> dict:
    """What was written to a file of results."""
    content = json.loads(file.read_text())
    if content.get("version") != VERSION:
        raise SystemExit(f"{file} is of version {content.get('version')}; this program reads version {VERSION}")
    return content


def run_all(trials: Iterable[Trial], work: Callable[[Trial], dict], records: Records, jobs: int) -> list[dict]:
    """Does the work for each trial that has no record yet; the records of all of them."""
    trials = list(trials)
    waiting = [trial for trial in trials if trial.key not in records.known]
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(timed, work, trial): trial for trial in waiting}
        for count, future in enumerate(as_completed(futures), 1):
            record = future.result()
            records.add(record)
            print(f"{count}/{len(waiting)} {record['key']}: {told(record)}", file=sys.stderr)
    return [records.known[trial.key] for trial in trials]


def timed(work: Callable[[Trial], dict], trial: Trial) -> dict:
    start = time.monotonic()
    record = work(trial)
    return {**record, "wall": round(time.monotonic() - start, 3)}


def told(record: dict) -> str:
    """A record in a few words."""
    labels = ", ".join(finding["label"] for finding in record["answer"].get("findings", [])[:3])
    return " ".join(filter(None, [record["answer"]["verdict"], labels, record.get("error")]))


def cases_by_id(found: Iterable[Case]) -> dict[str, Case]:
    return {case.id: case for case in found}
