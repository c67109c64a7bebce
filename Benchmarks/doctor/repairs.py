"""What a repair is worth: the original, the repaired experiment and the reference repair, trained on fresh seeds."""
import json
import statistics
import threading
from dataclasses import dataclass, field
from pathlib import Path

from cases import Case, Edit, scratch
from training import CannotMeasure, Program, measured_score

FRESH_SEEDS = range(11, 19)
WANTED_SEEDS = 3
POINT = 0.01  # a difference that matters, and the harm that counts
SHARE = 0.95  # of the reference repair's gain


@dataclass
class Reference:
    """Scores of the original and of the reference repair by seed, of the fresh seeds on which the fault shows."""
    original: dict[int, float] = field(default_factory=dict)
    reference: dict[int, float] = field(default_factory=dict)
    skipped: str | None = None


def reaches(original: float, repaired: float, reference: float) -> bool:
    """R95: whether a repair reaches 95 % of what the reference repair gains."""
    return repaired >= original + SHARE * (reference - original)


def harms(original: float, repaired: float) -> bool:
    return repaired < original - POINT


def measure_reference(program: Program, case: Case) -> Reference:
    """Trains original and reference repair on fresh seeds until three are found on which the repair gains a point."""
    result = Reference()
    if case.fix is None:
        result.skipped = "there is no reference repair"
        return result
    with scratch(case) as folder:
        for seed in FRESH_SEEDS:
            try:
                original = measured_score(program, folder, Edit(), seed, case.metric)
                reference = measured_score(program, folder, case.fix, seed, case.metric)
            except CannotMeasure as reason:
                result.skipped = str(reason)
                return result
            if reference - original > POINT:
                result.original[seed], result.reference[seed] = original, reference
            if len(result.original) == WANTED_SEEDS:
                break
    if not result.original:
        result.skipped = f"the fault shows on none of the seeds {FRESH_SEEDS.start} to {FRESH_SEEDS.stop - 1}"
    return result


class References:
    """References of cases, each measured once and kept in a file if one is given."""

    def __init__(self, program: Program, file: Path | None = None):
        self.program, self.file, self.lock = program, file, threading.Lock()
        self.known: dict[str, Reference] = {}
        if file and file.exists():
            for name, saved in json.loads(file.read_text())["references"].items():
                original, reference = ({int(seed): value for seed, value in saved[part].items()}
                                       for part in ("original", "reference"))
                self.known[name] = Reference(original, reference, saved["skipped"])

    def of(self, case: Case) -> Reference:
        if case.id not in self.known:
            found = measure_reference(self.program, case)
            with self.lock:
                self.known[case.id] = found
                self.save()
        return self.known[case.id]

    def save(self) -> None:
        if self.file:
            content = {"version": 1, "references": {name: vars(r) for name, r in sorted(self.known.items())}}
            self.file.write_text(json.dumps(content, indent=1) + "\n")


def judge(program: Program, case: Case, folder: Path, repaired: Edit | None, known: Reference) -> dict:
    """What a repair reaches on the seeds of the reference; no repair reaches nothing and does no harm."""
    if known.skipped:
        return {"skipped": known.skipped}
    original = statistics.median(known.original.values())
    reference = statistics.median(known.reference.values())
    result = {"offered": repaired is not None, "original": original, "reference": reference,
              "seeds": list(known.original)}
    if repaired is None:
        return {**result, "reached": False, "harmed": False}
    try:
        scores = [measured_score(program, folder, repaired, seed, case.metric) for seed in known.original]
    except CannotMeasure as reason:
        return {**result, "reached": False, "harmed": False, "problem": str(reason)}
    value = statistics.median(scores)
    return {**result, "repaired": value, "scores": scores, "reached": reaches(original, value, reference),
            "harmed": harms(original, value)}


def judge_healthy(program: Program, case: Case, folder: Path, original: Edit, repaired: Edit) -> dict:
    """Whether a repair that nobody needed does harm, on fresh seeds."""
    seeds = list(FRESH_SEEDS)[:WANTED_SEEDS]
    try:
        before, after = (statistics.median(measured_score(program, folder, edit, seed, case.metric) for seed in seeds)
                         for edit in (original, repaired))
    except CannotMeasure as reason:
        return {"offered": True, "skipped": str(reason)}
    return {"offered": True, "original": before, "repaired": after, "seeds": seeds, "harmed": harms(before, after)}


def offered(answer: dict, folder: Path, written: str, base: Edit) -> Edit | None:
    """The repaired experiment of an answer: the file that the doctor wrote, else the first repair of a finding."""
    if answer.get("verdict") != "faulty":
        return None
    findings = answer.get("findings") or []
    if not any(finding.get("repair") for finding in findings):
        return None
    if (folder / written).exists():
        return Edit(written)
    repair = next(finding["repair"] for finding in findings if finding.get("repair"))
    if repair.get("settings"):
        return base.with_settings(*repair["settings"])
    text = repair.get("experiment") or ""
    if "\n" in text:
        (folder / written).write_text(text)
        return Edit(written)
    return Edit(text) if text and (folder / text).exists() else None
