"""Cases: folders with an experiment, its data and the known answer; and the trials that are made of them."""
import fnmatch
import json
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HEALTHY_SEEDS = [1, 2, 3, 4, 5]
FILE_SEED = 7  # what an experiment has that names no seed


@dataclass(frozen=True)
class Case:
    """A folder, and what its case.json says."""
    folder: Path
    facts: dict = field(hash=False)

    @property
    def id(self) -> str:
        return self.facts["id"]

    @property
    def family(self) -> str:
        return self.facts["family"]

    @property
    def is_healthy(self) -> bool:
        """True also of a fault whose repair gains nothing: an alarm there is a false one."""
        return bool(self.facts["healthy"]) or self.facts["verdict"].startswith("harmless")

    @property
    def can_learn(self) -> bool:
        """False where the inputs say nothing about the labels, so that nobody may claim a repair."""
        return self.facts.get("signal", True)

    @property
    def metric(self) -> dict:
        return self.facts["metric"]

    @property
    def faulty_seeds(self) -> list[int]:
        return self.facts["measured"].get("faultySeeds") or HEALTHY_SEEDS

    @property
    def fix(self) -> "Edit | None":
        """The reference repair."""
        fix = self.facts.get("fix")
        if not fix:
            return None
        return Edit(fix.get("experiment", "experiment.yaml"), tuple(fix.get("settings", [])))


@dataclass(frozen=True)
class Edit:
    """An experiment file of a folder, with settings on top."""
    file: str = "experiment.yaml"
    settings: tuple[str, ...] = ()

    def with_seed(self, seed: int | None) -> "Edit":
        return self if seed is None else Edit(self.file, (*self.settings, f"seed={seed}"))

    def with_settings(self, *settings: str) -> "Edit":
        return Edit(self.file, (*self.settings, *settings))

    def arguments(self) -> list[str]:
        return [self.file, *(argument for setting in self.settings for argument in ("--set", setting))]


@dataclass(frozen=True)
class Trial:
    """One experiment with one seed. Its kind is `fault`, `healthy`, or `twin`: a fault after the reference repair."""
    case: Case
    kind: str
    seed: int | None

    @property
    def key(self) -> str:
        return f"{self.case.id} {self.kind} {self.seed or FILE_SEED}"

    @property
    def edit(self) -> Edit:
        start = self.case.fix if self.kind == "twin" else Edit()
        return start.with_seed(self.seed)


def load(folder: Path, pattern: str = "*") -> list[Case]:
    """The cases of a folder whose names match, by name."""
    found = [Case(path.parent, json.loads(path.read_text())) for path in sorted(folder.glob("*/case.json"))
             if fnmatch.fnmatch(path.parent.name, pattern)]
    if not found:
        raise SystemExit(f"there is no case {pattern} in {folder}; a case is a folder with a case.json")
    return found


def trials(found: list[Case], all_seeds: bool, with_twins: bool) -> list[Trial]:
    """Each fault on its faulty seeds, each healthy case as its file has it, and the repaired twins."""
    healthy = HEALTHY_SEEDS if all_seeds else [None]
    result = []
    for case in found:
        if case.is_healthy:
            result += [Trial(case, "healthy", seed) for seed in healthy]
            continue
        result += [Trial(case, "fault", seed) for seed in (case.faulty_seeds if all_seeds else case.faulty_seeds[:1])]
        if with_twins and case.fix:
            result += [Trial(case, "twin", seed) for seed in healthy]
    return result


@contextmanager
def scratch(case: Case) -> Iterator[Path]:
    """A copy of the case's experiments and data that may be written to; the answer is not in it."""
    with tempfile.TemporaryDirectory(prefix="doctor-case-") as parent:
        copy = Path(parent) / "case"
        shutil.copytree(case.folder, copy, ignore=shutil.ignore_patterns("case.json"))
        for path in [copy, *copy.rglob("*")]:
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
        yield copy
