"""The table of workloads as Python reads it; Swift reads the same file (ApusWorkloads)."""
import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("workloads.json")


@dataclass(frozen=True)
class Workload:
    """A training step or a prediction that is timed."""

    name: str  # what `--workloads` calls it
    title: str  # what tables call it
    layers: tuple  # the network, in the vocabulary of experiment files; see `Layer.list`
    input: tuple  # the shape of a sample
    vocabulary: int  # how many different tokens a sample consists of, each with a label; 0 if it consists of numbers
    batch: int
    optimizer: str  # "adam" or "sgd"
    learning_rate: float
    momentum: float
    precisions: tuple  # "float32", "mixedBFloat16"
    is_inference: bool  # only the outputs of the network as it predicts
    is_short: bool  # steps of about a millisecond, which need more rounds

    @property
    def has_images(self):
        return len(self.input) == 3

    @property
    def is_deep(self):
        """Whether it has batch normalizations, whose running values are part of a step."""
        return any(layer.kind == "batchNorm" for layer in self.layers)

    @property
    def is_mixed(self):
        return "mixedBFloat16" in self.precisions


@dataclass(frozen=True)
class Layer:
    """A layer and its arguments by name; what a file leaves out is at Apus's default."""

    kind: str
    constants: dict

    #: The name of a constant that may stand alone, and defaults.
    LEADING = {"dense": "units", "lstm": "units", "maxPool2D": "poolSize"}
    DEFAULTS = {
        "dense": {"activation": "linear", "useBias": True},
        "conv2D": {"strides": 1, "padding": "valid", "activation": "linear", "useBias": True},
        "maxPool2D": {"padding": "valid"},
        "batchNorm": {"momentum": 0.99, "epsilon": 1e-3}, "layerNorm": {"epsilon": 1e-3},
        "lstm": {"unitForgetBias": True}, "transformerBlock": {"isCausal": False}, "embedding": {}, "positionEmbedding": {},
        "residual": {"shortcut": None, "activation": "linear"},
        "flatten": {}, "globalAveragePool": {}, "relu": {},
    }

    @staticmethod
    def list(items):
        return tuple(map(Layer.of, items))

    @staticmethod
    def of(item):
        kind, constants = (item, {}) if isinstance(item, str) else next(iter(item.items()))
        if kind not in Layer.DEFAULTS:
            raise ValueError(f"the benchmark has no layer {kind}; it has {', '.join(sorted(Layer.DEFAULTS))}")
        if not isinstance(constants, dict):
            constants = {Layer.LEADING[kind]: constants}
        return Layer(kind, {**Layer.DEFAULTS[kind], **constants})

    def __getattr__(self, name):
        try:
            return self.constants[name]
        except KeyError:
            raise AttributeError(f"{self.kind} has no {name}") from None

    @property
    def edges(self):
        """The pixels that a padding in numbers adds at each edge; None for `same` and `valid`."""
        return self.padding if isinstance(self.padding, int) else None


def workload(entry, models):
    kind, constants = next(iter(entry["optimizer"].items()))
    return Workload(
        entry["name"], entry["title"], Layer.list(models[entry["model"]]), tuple(entry["input"]), entry.get("vocabulary", 0),
        entry["batch"], kind,
        constants["learningRate"], constants.get("momentum", 0.0), tuple(entry.get("precisions", ["float32"])),
        entry.get("isInference", False), entry.get("isShort", False))


def table(file=FILE):
    """All workloads by name, in order."""
    content = json.loads(Path(file).read_text())
    return {entry["name"]: workload(entry, content["models"]) for entry in content["workloads"]}
