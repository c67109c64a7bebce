"""Changes of an experiment that must change no verdict: loss times 1000, width or batch doubled, labels permuted."""
import csv
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import experiments
import intervals
from cases import Edit, Trial

FACTOR = 1000
FAN_INITIALIZERS = ("glorot", "he", "lecun")
WIDENED = {*experiments.WEIGHTED, "flatten", "relu", "tanh", "sigmoid", "activation", "maxPool2D", "averagePool2D",
           "dropout", "batchNorm"}
# Causes that a change touches, so that another verdict may be right.
SMALL_GRADIENTS = {
    "vanishing_gradient", "init_too_small", "init_zero", "precision_underflow", "optimizer_misconfigured"}
CAPACITY = {
    "underfitting_capacity", "too_narrow_for_depth", "overfitting", "too_deep_without_residual", "symmetric_init"}
BATCH = {"batch_too_small", "batch_too_large", "overfitting", "oscillation", "loss_reduction", "too_little_data"}
LABELS = {"class_imbalance", "metric_wrong", "init_bad_bias", "loss_task_mismatch"}


@dataclass(frozen=True)
class Variant:
    """A trial with a change."""
    trial: Trial
    name: str
    settings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.trial.key} {self.name}"

    @property
    def edit(self) -> Edit:
        return self.trial.edit.with_settings(*self.settings)

    def prepare(self, folder: Path) -> None:
        """Changes the data of a scratch copy, where the change is one of data."""
        if self.name == "labels permuted":
            permute_labels(folder, experiments.read(folder / self.edit.file))

    def record(self) -> dict:
        return {"key": self.key, "id": self.trial.case.id, "family": self.trial.case.family, "kind": "variant",
                "variant": self.name, "of": self.trial.key, "seed": self.trial.seed}


def sample(trials: Sequence[Trial], count: int, seed: int = 1) -> list[Trial]:
    """Some trials at random, always the same ones."""
    return sorted(random.Random(seed).sample(list(trials), min(count, len(trials))), key=lambda trial: trial.key)


def labels_of(trial: Trial) -> set[str]:
    labels = trial.case.facts["labels"]
    return {labels["primary"], *labels["accepted"]}


def scaled_loss(experiment: dict, _: Path) -> tuple[str, ...] | None:
    """Settings for a loss 1000 times as large and the same steps; none where the steps would not be nearly the same."""
    text = str(experiment)
    if "losses" in experiment or re.search(r"Regularizer|clipping|proximalL1|epsilon|'weight'|mixed|smoothing", text):
        return None
    rule, settings = experiments.optimizer(experiment)
    name, _ = experiments.loss(experiment)
    change = f"loss.{name}.weight={FACTOR}"
    if rule == "adadelta":
        return None
    if rule != "sgd":
        return (change,)
    if "weightDecay" in settings or settings.get("groups") or "learningRate" not in settings:
        return None
    return change, f"optimizer.sgd.learningRate={float(settings['learningRate']) / FACTOR:.10g}"


def keeps_variance(layer: experiments.Layer) -> bool:
    """Whether the start values of a layer follow its width."""
    initializer = layer.settings.get("kernelInitializer", "glorotUniform")
    return isinstance(initializer, str) and initializer.startswith(FAN_INITIALIZERS)


def doubled_width(experiment: dict, _: Path) -> tuple[str, ...] | None:
    """Settings for hidden layers twice as wide; none where start values or penalties do not follow the width."""
    found = experiments.layers(experiment)
    weighted = [layer for layer in found if layer.kind in experiments.WEIGHTED]
    others = {layer.kind for layer in found} - WIDENED
    if others or len(weighted) < 2 or "Regularizer" in str(experiment) or not all(map(keeps_variance, weighted)):
        return None
    return tuple(f"model.{layer.path}.{experiments.SIZE[layer.kind]}={2 * layer.size}" for layer in weighted[:-1])


def doubled_batch(experiment: dict, _: Path) -> tuple[str, ...] | None:
    """Settings for batches twice as large and as many steps; none where something counts epochs."""
    if experiment.get("callbacks") or "'sum'" in str(experiment) or not {"batchSize", "epochs"} <= experiment.keys():
        return None
    return f"batchSize={2 * experiment['batchSize']}", f"epochs={2 * experiment['epochs']}"


def permuted_labels(experiment: dict, folder: Path) -> tuple[str, ...] | None:
    """No settings, but whether labels that stand in a file may be exchanged for one another."""
    source, settings = experiments.named(experiment["data"]["source"])
    loss, more = experiments.loss(experiment)
    is_fit = source in ("npz", "csv") and settings.get("task") != "regression" and loss.endswith("CrossEntropy")
    if source == "npz" and not arrays_and_labels(folder / settings["file"])[1]:
        return None
    return () if is_fit and "classWeights" not in more and "values" not in str(experiment["model"]) else None


def permute_labels(folder: Path, experiment: dict) -> None:
    """Class i becomes class K − 1 − i in the file of the data."""
    source, settings = experiments.named(experiment["data"]["source"])
    file = folder / settings["file"]
    if source == "csv":
        permute_table(file, settings["label"])
    else:
        permute_arrays(file)


def permute_table(file: Path, label: str) -> None:
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = sorted({row[label] for row in rows})
    new = {name: f"c{len(names) - 1 - index:03d}" for index, name in enumerate(names)}
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, label: new[row[label]]} for row in rows)


def arrays_and_labels(file: Path) -> tuple[dict, list[str]]:
    """The arrays of a file by name, and the names of those that hold labels."""
    import numpy as np
    with np.load(file) as content:
        arrays = dict(content)
    return arrays, [name for name, a in arrays.items() if name.startswith("y") and a.dtype.kind in "iu" and a.ndim == 1]


def permute_arrays(file: Path) -> None:
    import numpy as np
    arrays, targets = arrays_and_labels(file)
    top = max(int(arrays[name].max()) for name in targets)
    permuted = {name: (top - arrays[name].astype("int64")).astype(arrays[name].dtype) for name in targets}
    np.savez(file, **{**arrays, **permuted})


CHANGES = {
    "loss x1000": (scaled_loss, SMALL_GRADIENTS),
    "width doubled": (doubled_width, CAPACITY),
    "batch doubled": (doubled_batch, BATCH),
    "labels permuted": (permuted_labels, LABELS),
}


def variants(trial: Trial) -> list[Variant]:
    """The changes that leave a trial's problem as it is."""
    experiment = experiments.read(trial.case.folder / "experiment.yaml")
    found = []
    for name, (settings_of, touched) in CHANGES.items():
        settings = settings_of(experiment, trial.case.folder)
        if settings is not None and (trial.kind != "fault" or not labels_of(trial) & touched):
            found.append(Variant(trial, name, settings))
    return found


def outcome(record: dict) -> tuple[str, str | None]:
    """Verdict and first label, which have to stay the same."""
    answer = record["answer"]
    first = answer.get("findings", [])[:1] if answer["verdict"] == "faulty" else []
    return answer["verdict"], first[0]["label"] if first else None


def report(records: Sequence[dict]) -> str:
    """How often verdict and first label stayed the same, and where they did not."""
    originals = {record["key"]: record for record in records if record["kind"] != "variant"}
    pairs = [(r, originals[r["of"]]) for r in records if r["kind"] == "variant" and r["of"] in originals]
    if not pairs:
        return ""
    lines = ["", "| change | same verdict | same verdict and first label | Wilson 95 % |", "|---|---|---|---|"]
    for name in [*CHANGES, "all"]:
        chosen = [(outcome(r), outcome(o)) for r, o in pairs if name in ("all", r["variant"])]
        verdicts, both = sum(a[0] == b[0] for a, b in chosen), sum(a == b for a, b in chosen)
        low, high = intervals.wilson(both, len(chosen))
        count, bounds = len(chosen), f"{100 * low:.1f}–{100 * high:.1f} %"
        lines.append(f"| {name} | {verdicts}/{count} | {both}/{count} | {bounds} |")
    changed = [f"{r['key']}: {outcome(o)} became {outcome(r)}" for r, o in pairs if outcome(r) != outcome(o)]
    return "\n".join([*lines, "", "Changed:", *changed])
