"""The published threshold rules of AutoTrainer and DeepDiagnosis, on what a training writes.

AutoTrainer: Zhang et al., ICSE 2021. DeepDiagnosis: Wardat et al., ICSE 2022. Thresholds are those of their programs.
What a training does not write is left out: a linear output's range against that of the labels. Their gradients are of
the first batch, here they are of the samples whose distributions are recorded.
"""
import math
from collections.abc import Callable
from dataclasses import dataclass

import experiments
from traces import Distribution, Observation, Trace

# AutoTrainer
CHECK_GAP = 3  # epochs between checks
START_SHARE = 0.3  # of all epochs; checks of losses begin after it
VANISH_RATIO, VANISH_NORM, EXPLODE_RATIO = 1e-3, 1e-4, 70.0
DYING_SHARE = 0.7
OSCILLATION_HEIGHT, OSCILLATION_SHARE = 0.03, 0.2
SLOW_GAIN = 0.01
OUTPUT_SUM = 1.1
ABNORMAL_OUTPUT = 10.0
ABNORMAL_LOSS = 1e3
SUFFICIENT_ACCURACY = 0.6  # its Theta, which its authors set for each data set between 0.6 and 0.7

# DeepDiagnosis
DEAD_SHARE = 0.7
SATURATED_INPUT, SATURATED_SHARE, SATURATION_GAP = 5.0, 0.5, 5
UNCHANGED_CHECKS = 5
UNCHANGED_LABELS = {
    "weights": "param_not_updated", "activations": "constant_output", "gradients": "param_not_updated"}
LOSS_PATIENCE, ACCURACY_PATIENCE = 5, 20
VANISHED_GRADIENT = 1e-7
SMALL_VARIANCE, LARGE_VARIANCE = 1e-5, 10.0
SMALL_STEP, LARGE_STEP = 1e-5, 0.1


@dataclass(frozen=True)
class Symptom:
    """What a rule found: the label it stands for, and where."""
    label: str
    where: tuple[str, ...]
    rule: str

    def finding(self) -> dict:
        return {"label": self.label, "where": list(self.where), "confidence": None, "level": 3, "experiment": None,
                "repair": None, "evidence": {"rule": self.rule}}


# --- AutoTrainer: each rule looks at the epochs up to one, counted from 0

def gradient_ratio(observation: Observation) -> tuple[float, float] | None:
    """The norm of the first layer's gradient, and its ratio to that of the last layer."""
    kernels = list(observation.kernels().values())
    if len(kernels) < 2 or kernels[-1].norm == 0:
        return None
    return kernels[0].norm, kernels[0].norm / kernels[-1].norm


def is_accurate(trace: Trace, epoch: int) -> bool:
    accuracies = trace.accuracies()
    return epoch < len(accuracies) and accuracies[epoch] >= SUFFICIENT_ACCURACY


def vanishing(trace: Trace, epoch: int) -> Symptom | None:
    found = gradient_ratio(trace.observations[epoch])
    if found is None or is_accurate(trace, epoch):
        return None
    norm, ratio = found
    is_small = ratio < VANISH_RATIO and norm < VANISH_NORM
    return Symptom("vanishing_gradient", ("model",), "vanishing") if is_small else None


def exploding(trace: Trace, epoch: int) -> Symptom | None:
    observation = trace.observations[epoch]
    if any(d.nonfinite for d in observation.gradients.values()):
        return Symptom("exploding_gradient", ("model",), "exploding")
    found = gradient_ratio(observation)
    if found is None or is_accurate(trace, epoch):
        return None
    return Symptom("exploding_gradient", ("model",), "exploding") if found[1] > EXPLODE_RATIO else None


def dying(trace: Trace, epoch: int) -> Symptom | None:
    if is_accurate(trace, epoch) or not any(layer.activation == "relu" for layer in trace.layers):
        return None
    dead = [path for path, d in trace.observations[epoch].kernels().items() if d.zero_share >= DYING_SHARE]
    return Symptom("dead_relu", tuple(dead), "dying") if dead else None


def swings(values: list[float]) -> int:
    """How often a local maximum stands higher by 0.03 than the local minimum after it."""
    triples = zip(values, values[1:], values[2:])
    turns = [value for before, value, after in triples if (value - before) * (after - value) < 0]
    return sum(a - b >= OSCILLATION_HEIGHT for a, b in zip(turns, turns[1:]))


def oscillating(trace: Trace, epoch: int) -> Symptom | None:
    """Counted on accuracy, as published, though it is called an oscillating loss."""
    accuracies = trace.accuracies()[:epoch + 1]
    if not is_after_start(trace, epoch) or not accuracies:
        return None
    does_swing = swings(accuracies) >= max(1.0, OSCILLATION_SHARE * trace.planned_epochs)
    return Symptom("oscillation", (learning_rate_key(trace),), "oscillating") if does_swing else None


def slow(trace: Trace, epoch: int) -> Symptom | None:
    if not is_after_start(trace, epoch):
        return None
    parts = [trace.accuracies(part)[:epoch + 1] for part in ("training", "validation")]
    gains = [b - a for values in parts for a, b in zip(values, values[1:])]
    is_slow = bool(gains) and max(gains) < SLOW_GAIN
    return Symptom("slow_convergence", (learning_rate_key(trace),), "slow") if is_slow else None


def improper_output(trace: Trace, epoch: int) -> Symptom | None:
    """Of outputs that the loss takes as probabilities; logits pass through softmax or sigmoid before they count."""
    layer, seen = trace.output_layer, list(trace.observations[epoch].activations.values())
    if not layer or not seen or not experiments.is_classification(trace.experiment):
        return None
    if not experiments.takes_probabilities(trace.experiment):
        return None
    if seen[-1].mean_magnitude() * (output_size(trace) or 1) <= OUTPUT_SUM:
        return None
    return Symptom("output_activation_mismatch", (f"{layer.path}.activation",), "output")


def improper_loss(trace: Trace, epoch: int) -> Symptom | None:
    size, (name, _) = output_size(trace), experiments.loss(trace.experiment)
    if size is None or not experiments.is_classification(trace.experiment):
        return None
    wanted = "binary" if size <= 2 else "softmax"
    return None if name.startswith(wanted) else Symptom("loss_task_mismatch", ("loss",), "loss")


def abnormal_data(trace: Trace, epoch: int) -> Symptom | None:
    """Looked at only where the loss is abnormal or slow, or at half of the epochs."""
    losses = trace.losses()[:epoch + 1]
    is_abnormal = bool(losses) and (not math.isfinite(losses[-1]) or losses[-1] >= ABNORMAL_LOSS or losses[-1] < 0)
    is_half = epoch + 1 <= trace.planned_epochs / 2 < epoch + 1 + CHECK_GAP
    if not (is_abnormal or is_half or slow(trace, epoch)):
        return None
    large = [p for p, d in trace.observations[epoch].activations.items() if d.mean_magnitude() >= ABNORMAL_OUTPUT]
    return Symptom("input_not_normalised", ("data.normalize",), "data") if large else None


AUTOTRAINER: list[Callable[[Trace, int], Symptom | None]] = [  # by its priority
    abnormal_data, improper_output, improper_loss, vanishing, exploding, dying, slow, oscillating]


def autotrainer(trace: Trace) -> list[Symptom]:
    """What its monitor tells, the most urgent first: each symptom once."""
    if trace.has_failed:
        return [*after_failure(trace), Symptom("exploding_gradient", ("model",), "exploding")]
    count = min(len(trace.observations), len(trace.training))
    epochs = sorted({*range(CHECK_GAP - 1, count, CHECK_GAP), count - 1}) if count else []
    found = [next((s for epoch in epochs if (s := rule(trace, epoch))), None) for rule in AUTOTRAINER]
    return [symptom for symptom in found if symptom]


def autotrainer_without_loss(trace: Trace) -> list[Symptom]:
    """The same without the rule on losses, which calls two classes with a softmax a fault."""
    return [symptom for symptom in autotrainer(trace) if symptom.rule != "loss"]


def after_failure(trace: Trace) -> list[Symptom]:
    """The loss is no number: then it looks at the layers' outputs, here at the last that were recorded."""
    last = trace.observations[-1] if trace.observations else trace.start
    large = last and any(d.mean_magnitude() >= ABNORMAL_OUTPUT for d in last.activations.values())
    return [Symptom("input_not_normalised", ("data.normalize",), "data")] if large else []


def is_after_start(trace: Trace, epoch: int) -> bool:
    return epoch + 1 > START_SHARE * trace.planned_epochs


def output_size(trace: Trace) -> int | None:
    """The width of the last layer that has one."""
    return next((layer.size for layer in reversed(trace.layers) if layer.size), None)


def learning_rate_key(trace: Trace) -> str:
    return f"optimizer.{experiments.optimizer(trace.experiment)[0]}.learningRate"


# --- DeepDiagnosis: each rule looks at one epoch; the first alarm ends the training

def dead_node(trace: Trace, epoch: int) -> Symptom | None:
    if epoch != trace.planned_epochs - 1:
        return None
    dead = [path for path, d in trace.observations[epoch].activations.items()
            if (layer := trace.layer_at(path)) and layer.activation == "relu" and d.zero_share >= DEAD_SHARE]
    return Symptom("dead_relu", tuple(dead), "dead node") if dead else None


def saturated_share(d: Distribution, activation: str) -> float:
    """The share of outputs whose inputs lie beyond ±5."""
    if activation == "tanh":
        return d.share(lambda value: abs(value) > math.tanh(SATURATED_INPUT))
    edge = 1 / (1 + math.exp(-SATURATED_INPUT))
    return d.share(lambda value: value > edge or value < 1 - edge)


def saturated(trace: Trace, epoch: int) -> Symptom | None:
    if (epoch + 1) % SATURATION_GAP:
        return None
    found = [path for path, d in trace.observations[epoch].activations.items()
             if (layer := trace.layer_at(path)) and layer.activation in ("sigmoid", "tanh")
             and saturated_share(d, layer.activation) > SATURATED_SHARE]
    return Symptom("saturation", tuple(found), "saturated") if found else None


def numerical_error(trace: Trace, epoch: int) -> Symptom | None:
    """Weights and gradients of kernels and outputs of layers; a bias whose mean is 0 is no error."""
    for d in trace.observations[epoch].tensors():
        if d.nonfinite or d.mean == 0:
            return Symptom("nonfinite" if d.nonfinite else "constant_output", (d.path,), "exploding tensor")
    return None


def unchanged(trace: Trace, epoch: int) -> Symptom | None:
    """Mean and maximum of a weight, an output or a gradient are the same at five checks."""
    if epoch + 1 < UNCHANGED_CHECKS:
        return None
    last = trace.observations[epoch + 1 - UNCHANGED_CHECKS:epoch + 1]
    for part, label in UNCHANGED_LABELS.items():
        for path in getattr(last[0], part):
            if len({(getattr(o, part)[path].mean, getattr(o, part)[path].maximum) for o in last}) == 1:
                return Symptom(label, (path,), f"unchanged {part}")
    return None


def loss_not_decreasing(trace: Trace, epoch: int) -> Symptom | None:
    losses = trace.losses()[:epoch + 1]
    if len(losses) <= LOSS_PATIENCE or min(losses[-LOSS_PATIENCE:]) < losses[-LOSS_PATIENCE - 1]:
        return None
    return Symptom("slow_convergence", (learning_rate_key(trace),), "loss not decreasing")


def accuracy_not_increasing(trace: Trace, epoch: int) -> Symptom | None:
    last = trace.accuracies()[:epoch + 1][-ACCURACY_PATIENCE:]
    is_flat = len(last) == ACCURACY_PATIENCE and len(set(last)) == 1
    return Symptom("slow_convergence", (learning_rate_key(trace),), "accuracy not increasing") if is_flat else None


def vanished_gradient(trace: Trace, epoch: int) -> Symptom | None:
    small = [p for p, d in trace.observations[epoch].kernels().items() if d.mean_magnitude() < VANISHED_GRADIENT]
    return Symptom("vanishing_gradient", tuple(small), "vanishing gradient") if small else None


def out_of_range(trace: Trace, epoch: int) -> Symptom | None:
    """In the first epoch: outputs beyond [0, 1] for a loss that takes them as probabilities of classes."""
    layer, seen = trace.output_layer, list(trace.observations[epoch].activations.values())
    is_meant = experiments.is_classification(trace.experiment) and experiments.takes_probabilities(trace.experiment)
    if epoch or not layer or not seen or not is_meant:
        return None
    is_beyond = seen[-1].minimum < 0 or seen[-1].maximum > 1
    return Symptom("output_activation_mismatch", (f"{layer.path}.activation",), "out of range") if is_beyond else None


DEEPDIAGNOSIS: list[Callable[[Trace, int], Symptom | None]] = [
    numerical_error, out_of_range, dead_node, saturated, unchanged, loss_not_decreasing, accuracy_not_increasing,
    vanished_gradient]


def initial_weights(trace: Trace) -> Symptom | None:
    """The first question of its tree: a variance of start values that is tiny or huge."""
    for path, d in (trace.start.weights if trace.start else {}).items():
        if not path.endswith("/kernel"):
            continue
        variance, place = d.deviation ** 2, (path.removesuffix("/kernel") + ".kernelInitializer",)
        if variance < SMALL_VARIANCE:
            return Symptom("init_zero" if d.norm == 0 else "init_too_small", place, "initialization")
        if variance > LARGE_VARIANCE:
            return Symptom("init_too_large", place, "initialization")
    return None


def raw_inputs(trace: Trace) -> Symptom | None:
    if trace.input_range is None or (trace.input_range[0] >= -1 and trace.input_range[1] <= 1):
        return None
    return Symptom("input_not_normalised", ("data.normalize",), "normalization")


def step_size(trace: Trace, epoch: int) -> Symptom | None:
    """The learning rate times the gradient's norm, relative to the weights'."""
    if epoch < 0 or epoch >= len(trace.rates):
        return None
    observation = trace.observations[epoch]
    for path, gradient in observation.gradients.items():
        weights = observation.weights.get(path)
        if not path.endswith("/kernel") or weights is None or weights.norm == 0:
            continue
        step = trace.rates[epoch] * gradient.norm / weights.norm
        if step > LARGE_STEP or step < SMALL_STEP:
            label = "lr_too_high" if step > LARGE_STEP else "lr_too_low"
            return Symptom(label, (learning_rate_key(trace),), "learning rate")
    return None


def deepdiagnosis(trace: Trace) -> list[Symptom]:
    """The cause by its tree, then the symptom that raised the alarm; nothing without an alarm."""
    count = min(len(trace.observations), len(trace.training))
    alarm = next(((epoch, s) for epoch in range(count) for rule in DEEPDIAGNOSIS if (s := rule(trace, epoch))), None)
    if alarm is None and trace.has_failed:
        alarm = count - 1, Symptom("nonfinite", ("model",), "exploding tensor")
    if alarm is None:
        return []
    epoch, symptom = alarm
    cause = initial_weights(trace) or raw_inputs(trace) or step_size(trace, epoch)
    return [cause, symptom] if cause else [symptom]
