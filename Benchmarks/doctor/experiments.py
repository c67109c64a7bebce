"""What experiment files say, as far as rules and changes need it."""
from dataclasses import dataclass
from pathlib import Path

import yaml

WEIGHTED = ("dense", "conv1D", "conv2D")
SIZE = {"dense": "units", "conv1D": "filters", "conv2D": "filters"}


@dataclass(frozen=True)
class Layer:
    """A layer of a list of layers: its path as histograms have it (`3.dense`), its kind and its settings."""
    path: str
    kind: str
    settings: dict

    @property
    def size(self) -> int | None:
        return self.settings.get(SIZE[self.kind]) if self.kind in SIZE else None

    @property
    def activation(self) -> str:
        """The activation of a layer with weights, or of one that is nothing else: `relu`, `{activation: softmax}`."""
        if self.kind in WEIGHTED:
            return named(self.settings.get("activation", "linear"))[0]
        return named(self.settings.get("", "linear"))[0] if self.kind == "activation" else self.kind


def read(file: Path) -> dict:
    return yaml.safe_load(file.read_text())


def named(value: object) -> tuple[str, dict]:
    """The name and the settings of `sgd`, `{sgd: {…}}` or `{dropout: 0.5}`."""
    if isinstance(value, str):
        return value, {}
    name, settings = next(iter(value.items()))
    return name, settings if isinstance(settings, dict) else {"": settings}


def layer(path: str, value: object) -> Layer:
    kind, settings = named(value)
    if kind in SIZE and "" in settings:
        settings = {SIZE[kind]: settings[""]}
    return Layer(f"{path}.{kind}", kind, settings)


def layers(experiment: dict) -> list[Layer]:
    """The layers of a model that is a list, those within a residual block included; none of other models."""
    model = experiment.get("model")
    found: list[Layer] = []
    for index, value in enumerate(model if isinstance(model, list) else []):
        outer = layer(str(index), value)
        found.append(outer)
        body = outer.settings.get("body") if isinstance(outer.settings, dict) else None
        found += [layer(f"{outer.path}.body.{i}", inner) for i, inner in enumerate(body or [])]
    return found


def loss(experiment: dict) -> tuple[str, dict]:
    return named(experiment.get("loss") or "softmaxCrossEntropy")


def optimizer(experiment: dict) -> tuple[str, dict]:
    """The rule and its settings, with the keys that stand beside it."""
    value = experiment.get("optimizer") or "adam"
    name, settings = named(value)
    beside = {key: v for key, v in value.items() if key != name} if isinstance(value, dict) else {}
    return name, {**beside, **settings}


def is_classification(experiment: dict) -> bool:
    """Whether classes are told apart: by the loss or by what is measured."""
    name, _ = loss(experiment)
    measured = [named(metric)[0] for metric in experiment.get("metrics") or ["accuracy"]]
    return "Entropy" in name or "ccuracy" in " ".join(measured)


def takes_probabilities(experiment: dict) -> bool:
    """Whether the loss takes the outputs as they are, and not as logits."""
    name, settings = loss(experiment)
    takes_logits = name in ("softmaxCrossEntropy", "binaryCrossEntropy", "focal", "binaryFocal")
    return not takes_logits or bool(settings.get("fromProbabilities"))
