"""What a training writes: losses and metrics by epoch, and the distributions of weights, gradients and activations."""
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import experiments
from cases import Edit
from training import Program, events, number


@dataclass(frozen=True)
class Distribution:
    """The values of a tensor, as a histogram between its least and its greatest."""
    path: str
    bins: tuple[int, ...]
    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    zeros: int
    nonfinite: int

    @property
    def norm(self) -> float:
        return math.sqrt(self.count * (self.mean ** 2 + self.deviation ** 2))

    @property
    def zero_share(self) -> float:
        return self.zeros / self.count if self.count else 0.0

    def centers(self) -> list[float]:
        width = (self.maximum - self.minimum) / len(self.bins)
        return [self.minimum + (index + 0.5) * width for index in range(len(self.bins))]

    def mean_magnitude(self) -> float:
        """The mean of the absolute values: exact where no bin holds both signs."""
        if self.minimum >= 0 or self.maximum <= 0:
            return abs(self.mean)
        total = sum(self.bins)
        return sum(n * abs(c) for n, c in zip(self.bins, self.centers())) / total if total else 0.0

    def share(self, is_meant) -> float:
        """The share of values whose bin's centre is meant."""
        total = sum(self.bins)
        return sum(n for n, c in zip(self.bins, self.centers()) if is_meant(c)) / total if total else 0.0


@dataclass(frozen=True)
class Observation:
    """The distributions at a step, by path."""
    step: int
    weights: dict[str, Distribution]
    gradients: dict[str, Distribution]
    activations: dict[str, Distribution]

    def kernels(self) -> dict[str, Distribution]:
        """The gradients of kernels by the path of their layer, from the first layer to the last."""
        return {path.removesuffix("/kernel"): d for path, d in self.gradients.items() if path.endswith("/kernel")}

    def tensors(self) -> list[Distribution]:
        """Outputs of layers, and weights and gradients of kernels."""
        variables = [*self.weights.items(), *self.gradients.items()]
        return [*self.activations.values(), *(d for path, d in variables if path.endswith("/kernel"))]


@dataclass
class Trace:
    """A training as rules see it. Observations and epochs have the same index; `start` is before the first step."""
    experiment: dict
    planned_epochs: int
    training: list[dict[str, float]] = field(default_factory=list)
    validation: list[dict[str, float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    start: Observation | None = None
    observations: list[Observation] = field(default_factory=list)
    has_failed: bool = False  # it ended without a number, or did not begin
    input_range: tuple[float, float] | None = None

    @property
    def layers(self) -> list[experiments.Layer]:
        return experiments.layers(self.experiment)

    @property
    def output_layer(self) -> experiments.Layer | None:
        return self.layers[-1] if self.layers else None

    def layer_at(self, path: str) -> experiments.Layer | None:
        return next((layer for layer in self.layers if layer.path == path.replace("/", ".")), None)

    def accuracies(self, part: str = "training") -> list[float]:
        """Accuracy by epoch; empty where it is not measured."""
        values = self.training if part == "training" else self.validation
        found = [epoch.get("accuracy", epoch.get("binaryAccuracy")) for epoch in values]
        return [value for value in found if value is not None]

    def losses(self) -> list[float]:
        return [epoch.get("loss", math.nan) for epoch in self.training]


def distribution(entry: dict) -> Distribution:
    h = entry["histogram"]
    return Distribution(entry["path"], tuple(h["bins"]), int(h["count"]), *(number(h[key]) for key in (
        "minimum", "maximum", "mean", "standardDeviation")), int(h["zeroCount"]), int(h["nonFiniteCount"]))


def observations(file: Path) -> list[Observation]:
    if not file.exists():
        return []
    found = []
    for line in file.read_text().splitlines():
        content = json.loads(line)
        parts = ({entry["path"]: distribution(entry) for entry in content.get(part, [])}
                 for part in ("weights", "gradients", "activations"))
        found.append(Observation(content["step"], *parts))
    return found


def callbacks_setting(experiment: dict) -> str:
    """The experiment's callbacks with those that write what rules need, as a setting."""
    own = [c for c in experiment.get("callbacks") or [] if experiments.named(c)[0] not in ("csv", "histograms")]
    return "callbacks=" + json.dumps([*own, "csv", "histograms"])


def record(program: Program, folder: Path, edit: Edit) -> Trace:
    """Trains an experiment and reads what it wrote."""
    file = folder / edit.file
    experiment = effective(program, folder, edit) or experiments.read(file)
    full = edit.with_settings(callbacks_setting(experiment))
    output = program("train", *full.arguments(), "--json", "--run", "traced-run", folder=folder)
    trace = Trace(experiment, int(experiment.get("epochs", 10)), has_failed=output.status != 0)
    for event in events(output.stdout):
        if event.get("event") == "epochEnded":
            for part, values in ("training", trace.training), ("validation", trace.validation):
                values.append({name: number(value) for name, value in event.get(part, {}).items()})
            trace.rates.append(number(event["learningRate"]))
    seen = observations(folder / "traced-run" / "histograms.jsonl")
    trace.start, trace.observations = (seen[0], seen[1:]) if seen else (None, [])
    return trace


def effective(program: Program, folder: Path, edit: Edit) -> dict | None:
    """The experiment with its settings, as the program understands it; none if it refuses it."""
    output = program("experiment", "check", *edit.arguments(), folder=folder)
    if output.status != 0:
        return None
    (folder / "effective.yaml").write_text(output.stdout)
    return experiments.read(folder / "effective.yaml")
