#!/usr/bin/env python3
"""Makes the fixtures of training's rules: losses, metrics, optimizers, schedules, and the rules of weights.

Like make_fixtures.py, whose packages it needs, besides

    pip install scikit-learn==1.9.1

    python make_rule_fixtures.py            # writes rules-*.safetensors beside this script
    python make_rule_fixtures.py --check    # recomputes and compares with the files that are there

Keras defines the rules, scikit-learn the metrics, PyTorch what Keras lacks; where two of them have the same definition,
they must agree. Each case's metadata holds the rule as experiment files write it, and its definition.
"""
import argparse
import functools
import math
import sys
import unittest.mock
import warnings
from pathlib import Path

import make_fixtures as base  # first: it sets up Keras
from make_fixtures import Fixture, distinct, generator, normal, same

import keras
import numpy as np
import sklearn
import sklearn.metrics
import tensorflow as tf
import torch
import torch.nn.functional as F
from keras.src.initializers import random_initializers
from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

EPSILON = np.float64(1e-7)  # Keras takes a Python float to float64 by way of float32, a NumPy one directly
keras.config.set_epsilon(EPSILON)
base.VERSIONS["scikit-learn"] = sklearn.__version__


def rule(kind, options):
    """A rule as JSON: its name alone, or with constants."""
    return {kind: options} if options else kind


def exact(options):
    """Constants that Keras takes as they are."""
    return {name: np.float64(value) if type(value) is float else value for name, value in options.items()}


def single(values):
    """The nearest values that are exact in float32."""
    return np.asarray(values).astype(np.float32).astype(np.float64)


def softmax(values):
    return single(F.softmax(torch.tensor(values), -1))


def shares(random, *shape):
    """Rows of shares in 256ths, whose sum is exactly 1."""
    return random.multinomial(256, np.full(shape[-1], 1 / shape[-1]), shape[:-1]) / 256


def one_hot(labels, classes):
    return np.eye(classes)[labels]


# ---------------------------------------------------------------------------------------------------------------------
# Losses


KERAS_LOSSES = {
    "softmaxCrossEntropy": keras.losses.CategoricalCrossentropy,
    "binaryCrossEntropy": keras.losses.BinaryCrossentropy,
    "focal": keras.losses.CategoricalFocalCrossentropy,
    "binaryFocal": keras.losses.BinaryFocalCrossentropy,
    "meanSquaredError": keras.losses.MeanSquaredError,
    "meanAbsoluteError": keras.losses.MeanAbsoluteError,
    "meanAbsolutePercentageError": keras.losses.MeanAbsolutePercentageError,
    "meanSquaredLogarithmicError": keras.losses.MeanSquaredLogarithmicError,
    "huber": keras.losses.Huber,
    "logCosh": keras.losses.LogCosh,
    "hinge": keras.losses.Hinge,
    "squaredHinge": keras.losses.SquaredHinge,
    "categoricalHinge": keras.losses.CategoricalHinge,
    "klDivergence": keras.losses.KLDivergence,
    "poisson": keras.losses.Poisson,
    "cosineSimilarity": keras.losses.CosineSimilarity,
}
WITH_LOGITS = "softmaxCrossEntropy", "binaryCrossEntropy", "focal", "binaryFocal"
KERAS_OPTIONS = {"labelSmoothing": "label_smoothing", "balancesClasses": "apply_class_balancing"}

DEFINITIONS = {
    "softmaxCrossEntropy": "-sum t log softmax(x); smoothed t: (1 - e) t + e / C; of probabilities p / sum p, clipped",
    "binaryCrossEntropy":
        "mean of -t log s - (1 - t) log(1 - s); s = sigmoid(x), or p clipped; smoothed t: (1 - e) t + e / 2",
    "focal": "-alpha sum (1 - p)^gamma t log p; p = softmax(x) or p / sum p, clipped",
    "binaryFocal": "mean of (1 - q)^gamma BCE, q = t p + (1 - t)(1 - p); balanced: times alpha t + (1 - alpha)(1 - t)",
    "meanSquaredError": "mean of (x - t)^2",
    "meanAbsoluteError": "mean of |x - t|",
    "meanAbsolutePercentageError": "100 times the mean of |x - t| / max(|t|, 1e-7)",
    "meanSquaredLogarithmicError": "mean of (log(1 + max(x, 1e-7)) - log(1 + max(t, 1e-7)))^2",
    "huber": "mean of (x - t)^2 / 2 up to delta, delta |x - t| - delta^2 / 2 beyond",
    "logCosh": "mean of log cosh(x - t)",
    "hinge": "mean of max(1 - t x, 0); targets 0 and 1 become -1 and 1",
    "squaredHinge": "mean of max(1 - t x, 0)^2; targets 0 and 1 become -1 and 1",
    "categoricalHinge": "max(1 + max (1 - t) x - sum t x, 0)",
    "klDivergence": "sum t log(t / x), both kept in 1e-7...1",
    "poisson": "mean of x - t log(x + 1e-7)",
    "cosineSimilarity": "-cos of the angle between x and t; lengths are at least 1e-7",
}


def clipped(p):
    return p.clamp(EPSILON, 1 - EPSILON)


def torch_softmax_cross_entropy(x, t, fromProbabilities=False, labelSmoothing=0):
    if fromProbabilities:
        t = t * (1 - labelSmoothing) + labelSmoothing / x.shape[-1]
        return -(t * clipped(x / x.sum(-1, keepdim=True)).log()).sum(-1)
    return F.cross_entropy(x.movedim(-1, 1), t.movedim(-1, 1), label_smoothing=labelSmoothing, reduction="none")


def torch_focal(x, t, gamma=2, alpha=0.25, fromProbabilities=False):
    p = x / x.sum(-1, keepdim=True) if fromProbabilities else x.softmax(-1)
    return -alpha * ((1 - clipped(p)) ** gamma * t * clipped(p).log()).sum(-1)


def binary_terms(x, t, fromProbabilities=False, labelSmoothing=0):
    t = t * (1 - labelSmoothing) + labelSmoothing / 2
    if fromProbabilities:
        return F.binary_cross_entropy(clipped(x), t, reduction="none")
    return F.binary_cross_entropy_with_logits(x, t, reduction="none")


def torch_binary_focal(x, t, gamma=2, alpha=0.25, balancesClasses=False, fromProbabilities=False):
    p = x if fromProbabilities else x.sigmoid()
    values = (1 - (t * p + (1 - t) * (1 - p))) ** gamma * binary_terms(x, t, fromProbabilities)
    return (values * (alpha * t + (1 - alpha) * (1 - t)) if balancesClasses else values).mean(-1)


def signed(t):
    return 2 * t - 1 if bool(((t == 0) | (t == 1)).all()) else t


def torch_kl(x, t):
    return F.kl_div(x.clamp(EPSILON, 1).log(), t.clamp(EPSILON, 1), reduction="none").sum(-1)


TORCH_LOSSES = {
    "softmaxCrossEntropy": torch_softmax_cross_entropy,
    "binaryCrossEntropy": lambda x, t, **options: binary_terms(x, t, **options).mean(-1),
    "focal": torch_focal,
    "binaryFocal": torch_binary_focal,
    "meanSquaredError": lambda x, t: F.mse_loss(x, t, reduction="none").mean(-1),
    "meanAbsoluteError": lambda x, t: F.l1_loss(x, t, reduction="none").mean(-1),
    "meanAbsolutePercentageError": lambda x, t: 100 * ((x - t).abs() / t.abs().clamp(EPSILON)).mean(-1),
    "meanSquaredLogarithmicError":
        lambda x, t: F.mse_loss(x.clamp(EPSILON).log1p(), t.clamp(EPSILON).log1p(), reduction="none").mean(-1),
    "huber": lambda x, t, delta=1.0: F.huber_loss(x, t, delta=delta, reduction="none").mean(-1),
    "logCosh": lambda x, t: (x - t).cosh().log().mean(-1),
    "hinge": lambda x, t: (1 - signed(t) * x).relu().mean(-1),
    "squaredHinge": lambda x, t: ((1 - signed(t) * x).relu() ** 2).mean(-1),
    "categoricalHinge": lambda x, t: (((1 - t) * x).max(-1)[0] - (t * x).sum(-1) + 1).relu(),
    "klDivergence": torch_kl,
    "poisson": lambda x, t: F.poisson_nll_loss(x, t, log_input=False, eps=EPSILON, reduction="none").mean(-1),
    "cosineSimilarity":
        lambda x, t: -(F.normalize(x, dim=-1, eps=EPSILON) * F.normalize(t, dim=-1, eps=EPSILON)).sum(-1),
}


def distances_from_kinks(kind, x, t, delta=1.0):
    """How far the values are from where a loss has no derivative."""
    x, t = (v if v.ndim > 1 else v[:, None] for v in (x, t))
    if kind in ("meanAbsoluteError", "meanAbsolutePercentageError"):
        return x - t
    if kind == "huber":
        return np.abs(x - t) - delta
    if kind in ("hinge", "squaredHinge"):
        return 1 - np.asarray(signed(torch.tensor(t))) * x
    if kind == "categoricalHinge":
        other = np.sort((1 - t) * x, -1)
        return np.concatenate([other[..., -1] - other[..., -2], other[..., -1] - (t * x).sum(-1) + 1])
    return x if kind == "meanSquaredLogarithmicError" else np.ones(1)


def class_factors(weights, target, output):
    """The weight of each position's class, as Keras takes it from `class_weight`."""
    if target.shape == output.shape and output.ndim > 1 and output.shape[-1] > 1:
        labels = target.argmax(-1)
    else:
        labels = target.astype(np.int64).reshape(output.shape[:-1] if output.ndim > 1 else output.shape)
    if labels.ndim == 1:
        same(np.asarray(weights)[labels], class_weight_to_sample_weights(target, dict(enumerate(weights))), "classes")
    return np.asarray(weights)[labels]


class LossCases:
    """Adds cases of losses to a fixture."""

    def __init__(self, fixture):
        self.fixture = fixture

    def add(self, case, kind, draw, weighted=False, reduction="mean", classWeights=None, **options):
        """`draw(random)` gives output and target."""
        for attempt in range(1000):
            random = generator(f"rules-losses/{case}", attempt)
            output, target = draw(random)
            kinks = distances_from_kinks(kind, output, target, **({"delta": options.get("delta", 1.0)}))
            if np.abs(kinks).min() > 5e-3:
                break
        else:
            raise AssertionError(f"{case}: no values found that stay clear of kinks")
        weights = single(random.uniform(0.25, 2, len(output))) if weighted else None
        rest = (1,) * max(0, output.ndim - 2)
        factors = np.ones(output.shape[:max(1, output.ndim - 1)])
        unweighted = factors
        if weighted:
            factors = factors * weights.reshape(-1, *rest)
        if classWeights:
            factors = factors * class_factors(classWeights, target, output)

        isSparse = kind == "softmaxCrossEntropy" and target.dtype == np.int64 and not options.get("labelSmoothing")
        # The frameworks want one-hot targets, and an axis for one output a sample.
        given = target
        if target.dtype == np.int64 and not isSparse:
            given = one_hot(target, output.shape[-1])
        column = (lambda x: x[:, None]) if output.ndim == 1 else lambda x: x
        given = given[:, None] if output.ndim == 2 and output.shape[1] == 1 and target.ndim == 1 else column(given)

        arguments = {KERAS_OPTIONS.get(name, name): value for name, value in exact(options).items()}
        if kind in WITH_LOGITS:
            arguments["from_logits"] = not arguments.pop("fromProbabilities", False)
        make = keras.losses.SparseCategoricalCrossentropy if isSparse else KERAS_LOSSES[kind]

        def in_keras(reduction, factors):
            loss = make(reduction=reduction, **arguments)
            return lambda t: loss(given, column(t["output"]), sample_weight=factors)

        distribution = one_hot(given, output.shape[-1]) if isSparse else given

        def in_pytorch(reduction, factors):
            def values(t):
                each = TORCH_LOSSES[kind](column(t["output"]), torch.tensor(distribution), **options)
                return getattr(each * torch.tensor(factors), reduction)()
            return values

        # The sparse form divides probabilities by their sum after clipping, the other before; log 2 is a float32.
        tolerance = 3e-7 if isSparse and options.get("fromProbabilities") else 1e-8 if kind == "logCosh" else 1e-10
        values = {"output": output}
        loss, gradient = base.with_keras(
            in_keras("sum" if reduction == "sum" else "sum_over_batch_size", factors), values)
        other, other_gradient = base.with_pytorch(in_pytorch(reduction, factors), values)
        same(loss, other, f"{case}: loss", tolerance)
        same(gradient["output"], other_gradient["output"], f"{case}: gradient", tolerance)

        def each(factors):
            values = in_keras(None, factors)({"output": tf.constant(output)}).numpy()
            return values.reshape(len(output), -1).mean(1)

        tensors = {"output": output, "target": target, "loss": loss, "each": each(unweighted), "gradient": gradient}
        if weighted:
            tensors["weights"] = weights
        if weighted or classWeights:
            tensors["weightedEach"] = each(factors)
        constants = dict(options)
        if reduction != "mean":
            constants["reduction"] = reduction
        if classWeights:
            constants["classWeights"] = classWeights
        self.fixture.add(case, {"loss": rule(kind, constants), "definition": DEFINITIONS[kind]}, tensors)


def classes(*shape, target="labels", given="logits", scale=1.5):
    """Outputs over classes [N, ..., C] with targets that are labels, one-hot or shares."""
    def draw(random):
        x = normal(random, *shape, scale=scale)
        x = {"logits": lambda: x, "probabilities": lambda: softmax(x),
             "positive": lambda: single(softmax(x) * random.uniform(0.3, 0.95, (*shape[:-1], 1)))}[given]()
        labels = random.integers(0, shape[-1], shape[:-1])
        if target == "labels":
            return x, labels
        return x, one_hot(labels, shape[-1]) if target == "one-hot" else shares(random, *shape)
    return draw


def answers(*shape, given="logits", scale=1.5, soft=False, target=None):
    """Outputs of yes-or-no questions, with targets 0 and 1, or between."""
    def draw(random):
        x = normal(random, *shape, scale=scale)
        x = x if given == "logits" else single(1 / (1 + np.exp(-x)))
        t = single(random.uniform(0.05, 0.95, shape)) if soft else random.integers(0, 2, shape).astype(np.float64)
        return x, t.reshape(target or shape)
    return draw


def numbers(kind, *shape, target=None):
    """Outputs and targets in the domain of a loss."""
    def draw(random):
        x, t = distinct(random, *shape), distinct(random, *shape)
        if kind in ("hinge", "squaredHinge"):
            t = np.sign(t)
        elif kind == "categoricalHinge":
            t = one_hot(random.integers(0, shape[-1], shape[:-1]), shape[-1])
        elif kind == "klDivergence":
            x, t = softmax(x), softmax(t)
        elif kind in ("poisson", "meanSquaredLogarithmicError"):
            x, t = single(np.exp(x)), single(np.exp(t))
        elif kind == "meanAbsolutePercentageError":
            t = single(t + np.sign(t) / 4)
        return x, t.reshape(target or shape)
    return draw


def losses():
    fixture = Fixture(
        "rules-losses", "loss: the loss of the batch; each: the loss of each sample, the mean over its positions, "
        "before weights; weightedEach: the same times sample and class weights; gradient/output: the derivative of "
        "loss. Weights are factors, the mean is still divided by the number of samples and positions")
    add = LossCases(fixture).add

    for target in "labels", "one-hot", "soft":
        for given in "logits", "probabilities":
            options = {"fromProbabilities": True} if given == "probabilities" else {}
            draw = classes(4, 3, target=target, given=given)
            add(f"softmaxCrossEntropy-{target}-{given}", "softmaxCrossEntropy", draw, **options)
            add(f"softmaxCrossEntropy-{target}-{given}-smoothing", "softmaxCrossEntropy", draw, **options,
                labelSmoothing=0.1)
            add(f"focal-{target}-{given}", "focal", draw, **options)
            add(f"focal-{target}-{given}-constants", "focal", draw, gamma=1.5, alpha=0.4, **options)
    for target in "labels", "one-hot":
        draw, weights = classes(5, 3, target=target), [0.5, 2.0, 1.25]
        for kind in "softmaxCrossEntropy", "focal":
            add(f"{kind}-{target}-sum", kind, draw, reduction="sum")
            add(f"{kind}-{target}-weights", kind, draw, weighted=True)
            add(f"{kind}-{target}-classWeights", kind, draw, classWeights=weights)
            add(f"{kind}-{target}-both-weights-sum", kind, draw, weighted=True, classWeights=weights, reduction="sum")
        add(f"softmaxCrossEntropy-{target}-large", "softmaxCrossEntropy", classes(4, 3, target=target, scale=60))
        add(f"softmaxCrossEntropy-{target}-unnormalized", "softmaxCrossEntropy",
            classes(4, 3, target=target, given="positive"), fromProbabilities=True)
        add(f"softmaxCrossEntropy-{target}-everything", "softmaxCrossEntropy",
            classes(5, 4, target=target, given="probabilities"), fromProbabilities=True, labelSmoothing=0.2,
            reduction="sum", weighted=True, classWeights=[1.0, 0.25, 3.0, 0.0])
    add("focal-one-hot-unnormalized", "focal", classes(4, 3, target="one-hot", given="positive"),
        fromProbabilities=True)
    add("focal-gamma-0", "focal", classes(4, 3), gamma=0.0, alpha=1.0)
    certain = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]])
    add("softmaxCrossEntropy-certain", "softmaxCrossEntropy", lambda _: (certain, np.eye(3)), fromProbabilities=True)

    for name, options in {
        "": {}, "-sum": {"reduction": "sum"}, "-weights": {"weighted": True}, "-smoothing": {"labelSmoothing": 0.1},
        "-weights-sum": {"weighted": True, "reduction": "sum"}, "-classWeights": {"classWeights": [0.5, 2.0, 1.25]},
        "-both-weights": {"weighted": True, "classWeights": [0.5, 2.0, 1.25]},
    }.items():
        add(f"softmaxCrossEntropy-rank-3{name}", "softmaxCrossEntropy", classes(2, 4, 3), **options)
        if name != "-smoothing":
            add(f"focal-rank-3{name}", "focal", classes(2, 4, 3), **options)
    add("softmaxCrossEntropy-rank-3-probabilities", "softmaxCrossEntropy", classes(2, 4, 3, given="probabilities"),
        fromProbabilities=True)
    add("softmaxCrossEntropy-rank-3-one-hot", "softmaxCrossEntropy", classes(2, 4, 3, target="one-hot"),
        weighted=True, classWeights=[0.5, 2.0, 1.25])
    add("softmaxCrossEntropy-rank-4", "softmaxCrossEntropy", classes(2, 2, 3, 3), weighted=True)

    shapes = {"": dict(shape=(4, 3)), "-vector": dict(shape=(5,)), "-column": dict(shape=(5, 1)),
              "-column-vector": dict(shape=(5, 1), target=(5,)), "-rank-3": dict(shape=(2, 3, 2))}
    for kind in "binaryCrossEntropy", "binaryFocal":
        for given in "logits", "probabilities":
            options = {"fromProbabilities": True} if given == "probabilities" else {}
            for name, d in shapes.items():
                add(f"{kind}-{given}{name}", kind, answers(*d["shape"], given=given, target=d.get("target")), **options)
            add(f"{kind}-{given}-soft", kind, answers(4, 3, given=given, soft=True), **options)
        for name, d in shapes.items():
            draw = answers(*d["shape"], target=d.get("target"))
            add(f"{kind}-weights{name}", kind, draw, weighted=True)
            if name in ("", "-rank-3"):
                add(f"{kind}-weights-sum{name}", kind, draw, weighted=True, reduction="sum")
        for name in "-vector", "-column", "-column-vector":
            draw = answers(*shapes[name]["shape"], target=shapes[name].get("target"))
            add(f"{kind}-classWeights{name}", kind, draw, classWeights=[0.5, 3.0])
        add(f"{kind}-sum", kind, answers(4, 3), reduction="sum")
    for given in "logits", "probabilities":
        options = {"fromProbabilities": True} if given == "probabilities" else {}
        draw = answers(4, 3, given=given)
        add(f"binaryCrossEntropy-{given}-smoothing", "binaryCrossEntropy", draw, **options, labelSmoothing=0.2)
        add(f"binaryFocal-{given}-constants", "binaryFocal", draw, gamma=1.5, alpha=0.4, **options)
        add(f"binaryFocal-{given}-balanced", "binaryFocal", draw, balancesClasses=True, **options)
        add(f"binaryFocal-{given}-balanced-constants", "binaryFocal", draw, gamma=3.0, alpha=0.7,
            balancesClasses=True, **options)
    add("binaryCrossEntropy-large", "binaryCrossEntropy", answers(4, 3, scale=60))
    add("binaryCrossEntropy-certain", "binaryCrossEntropy",
        lambda _: (np.array([[1, 0], [0, 1.0]]), np.array([[1, 0], [1, 1.0]])), fromProbabilities=True)
    # Of logits, Keras clips the probabilities of the focal loss, not those of the binary one.
    add("focal-large", "focal", lambda _: (
        np.array([[10, 0, -10], [10, 0, -10], [20, 0, 0], [0, -15, 3.0]]), np.array([2, 1, 1, 0])))
    add("binaryFocal-large", "binaryFocal", lambda _: (
        np.array([[-20, 20], [-20, 3], [40, -40.0]]), np.array([[1, 1], [0, 0], [0, 1.0]])))
    add("cosineSimilarity-tiny", "cosineSimilarity", lambda _: (
        single([[3e-7, 1e-7], [1e-8, 2e-8], [1, -0.5]]), np.array([[1, 2], [-1, 1.5], [0.5, 1]])))

    rows = "categoricalHinge", "klDivergence", "cosineSimilarity"
    for kind in list(KERAS_LOSSES)[4:]:
        add(kind, kind, numbers(kind, 4, 3))
        add(f"{kind}-sum", kind, numbers(kind, 4, 3), reduction="sum")
        add(f"{kind}-weights", kind, numbers(kind, 4, 3), weighted=True)
        add(f"{kind}-weights-sum", kind, numbers(kind, 4, 3), weighted=True, reduction="sum")
        add(f"{kind}-rank-3", kind, numbers(kind, 2, 2, 3), weighted=True)
        if kind not in rows:
            add(f"{kind}-vector", kind, numbers(kind, 5), weighted=True)
            add(f"{kind}-column-vector", kind, numbers(kind, 5, 1, target=(5,)), weighted=True)
    add("categoricalHinge-classWeights", "categoricalHinge", numbers("categoricalHinge", 4, 3),
        classWeights=[0.5, 2.0, 1.25])
    add("hinge-classWeights-column", "hinge", lambda random: (distinct(random, 5, 1), answers(5, 1)(random)[1]),
        classWeights=[0.5, 3.0])
    for delta in 0.5, 2.5:
        add(f"huber-{delta}", "huber", numbers("huber", 4, 3), delta=delta)
    add("huber-0.5-sum", "huber", numbers("huber", 4, 3), delta=0.5, reduction="sum", weighted=True)
    for kind in "hinge", "squaredHinge":
        add(f"{kind}-zero-one", kind, lambda random: (distinct(random, 4, 3), answers(4, 3)(random)[1]))
    add("meanSquaredLogarithmicError-negative", "meanSquaredLogarithmicError",
        lambda random: (distinct(random, 4, 3), distinct(random, 4, 3)))
    add("meanAbsolutePercentageError-zero", "meanAbsolutePercentageError",
        lambda _: (np.array([[0.5, -1], [2, 0.25]]), np.array([[0, 2.0], [-1, 0.5]])))
    add("logCosh-large", "logCosh", lambda random: (distinct(random, 3, 2) * 32, distinct(random, 3, 2)))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Metrics


def positions(weights, output, target):
    """Weights of all positions, where samples have several."""
    count = target.size // len(target) if target.shape != output.shape or output.ndim == 1 else \
        math.prod(output.shape[1:-1])
    return None if weights is None else np.repeat(weights, count)


def of_samples(weights, output):
    """One weight a sample, from those of positions."""
    return None if weights is None else weights[::len(weights) // len(output)]


def predictions(output, target):
    """Labels and predicted labels of all positions, and the number of classes; one output is compared with 0."""
    if output.ndim == 1 or output.shape[-1] == 1:
        return target.astype(np.int64).ravel(), (output > 0).astype(np.int64).ravel(), 2
    labels = target.argmax(-1) if target.shape == output.shape else target
    return labels.ravel(), output.argmax(-1).ravel(), output.shape[-1]


def metrics():
    fixture = Fixture(
        "rules-metrics", "value: of all samples, which arrive in batches of the given sizes. A number; [classes] for "
        "average none; [true, predicted] for the confusion matrix. Of one output a sample, a logit above 0 means yes. "
        "Defined by scikit-learn, unless a definition is given; classes that do not occur count 0")
    m = sklearn.metrics

    def add(case, kind, options, output, target, value, weights=None, definition=None):
        sizes = [len(output) // 2, len(output) // 3]
        sizes.append(len(output) - sum(sizes))
        tensors = {"output": output, "target": target, "value": np.asarray(value, dtype=np.float64)}
        if weights is not None:
            tensors["weights"] = weights
        description = {"metric": rule(kind, options), "batches": sizes}
        if definition:
            description["definition"] = definition
        fixture.add(case, description, tensors)

    def weights_for(case, output):
        return single(generator(f"rules-metrics/{case}/weights").uniform(0.25, 2, len(output)))

    def add_both(case, kind, options, output, target, value, definition=None):
        """Without and with weights; `value(weights of positions)`."""
        weights = weights_for(case, output)
        add(case, kind, options, output, target, value(None), definition=definition)
        weighted = value(positions(weights, output, target))
        add(f"{case}-weights", kind, options, output, target, weighted, weights, definition)

    def outputs(name, *shape):
        return distinct(generator(f"rules-metrics/{name}"), *shape)

    def labels(name, *shape, among):
        return generator(f"rules-metrics/{name}/labels").choice(among, shape)

    # Classes: of five, 3 never occurs, 4 is never predicted, and in "absent" 2 does neither.
    several = outputs("several", 17, 5)
    several[:, 4] -= 4
    occurring = labels("several", 17, among=[0, 1, 2, 4])
    assert set(several.argmax(1)) == {0, 1, 2, 3} and set(occurring) == {0, 1, 2, 4}
    absent = several.copy()
    absent[:, 2] -= 4
    few = labels("absent", 17, among=[0, 1, 4])
    one = outputs("one", 14)
    yes = labels("one", 14, among=[0, 1])
    two = outputs("two", 11, 2)
    data = {
        "labels": (several, occurring),
        "one-hot": (several, one_hot(occurring, 5)),
        "probabilities": (softmax(several), occurring),
        "absent": (absent, few),
        "rank-3": (several[:16].reshape(4, 4, 5), occurring[:16].reshape(4, 4)),
        "two": (two, labels("two", 11, among=[0, 1])),
        "vector": (one, yes),
        "column": (one[:, None], yes[:, None].astype(np.float64)),
        "column-vector": (one[:, None], yes),
        "never-yes": (-np.abs(one), yes),
        "all-right": (several[:, :4], several[:, :4].argmax(1)),
    }
    counted = {"precision": m.precision_score, "recall": m.recall_score, "f1": m.f1_score}
    for name, (output, target) in data.items():
        actual, predicted, count = predictions(output, target)
        add_both(f"accuracy-{name}", "accuracy", {}, output, target,
                 lambda w: m.accuracy_score(actual, predicted, sample_weight=w))
        add_both(f"confusionMatrix-{name}", "confusionMatrix", {}, output, target,
                 lambda w: m.confusion_matrix(actual, predicted, labels=range(count), sample_weight=w))
        for kind, score in counted.items():
            def value(average, w):
                # Without average all classes are listed; averages leave out those that neither occur nor are predicted.
                return score(actual, predicted, average=None if average == "none" else average, zero_division=0,
                             sample_weight=w, labels=range(count) if average == "none" else None)

            if name in ("labels", "absent", "vector"):
                for average in ("macro", "micro", "weighted", "none") + (("binary",) if count == 2 else ()):
                    add_both(f"{kind}-{average}-{name}", kind, {"average": average}, output, target,
                             functools.partial(value, average))
            else:
                average = "binary" if count == 2 else "macro"
                add(f"{kind}-{average}-{name}", kind, {"average": average}, output, target, value(average, None))

    for k in 2, 5:
        for name in "labels", "one-hot", "probabilities", "rank-3":
            output, target = data[name]
            actual, _, count = predictions(output, target)
            if name == "labels" or k == 2:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # with k = 5 of 5 classes every sample is right
                    add_both(f"topKAccuracy-{k}-{name}", "topKAccuracy", {"k": k}, output, target,
                             lambda w: m.top_k_accuracy_score(
                                 actual, output.reshape(-1, count), k=k, labels=range(count), sample_weight=w))

    for name in "labels", "one-hot", "rank-3":
        output, target = data[name]
        actual, _, count = predictions(output, target)
        for given in "logits", "probabilities":
            x = softmax(output) if given == "probabilities" else output
            add_both(f"perplexity-{name}-{given}", "perplexity", {"fromProbabilities": True} if x is not output else {},
                     x, target, lambda w: np.exp(m.log_loss(
                         actual, softmax(output).reshape(-1, count), labels=range(count), sample_weight=w)))

    for name, shape in ("vector", (14,)), ("column", (14, 1)), ("several", (8, 3)):
        target = labels(f"binary-{name}", *shape, among=[0.0, 1.0])
        for threshold in 0.5, 0.3:
            for given in "logits", "probabilities":
                x = outputs(f"binary-{name}", *shape)
                p = single(1 / (1 + np.exp(-x)))
                assert np.abs(p - threshold).min() > 1e-3
                options = {"threshold": threshold} if threshold != 0.5 else {}
                if given == "probabilities":
                    options["fromProbabilities"] = True

                def value(w):
                    weights = None if w is None else np.repeat(of_samples(w, p), p.size // len(p))
                    return m.accuracy_score(target.ravel() == 1, p.ravel() > threshold, sample_weight=weights)

                reference = keras.metrics.BinaryAccuracy(threshold=threshold)
                reference.update_state(target, p)
                same(value(None), reference.result().numpy(), f"binaryAccuracy-{name}", 1e-6)
                add_both(f"binaryAccuracy-{name}-{given}-{threshold}", "binaryAccuracy", options,
                         x if given == "logits" else p, target, value)

    # Curves: scores with and without ties.
    random = generator("rules-metrics/curves")
    scores = distinct(random, 19)
    tied = np.round(scores * 2) / 2
    yes = (scores + distinct(random, 19) > 0.2).astype(np.int64)
    p = single(1 / (1 + np.exp(-scores)))
    coarse = np.round(p * 8) / 8
    three = random.multinomial(8, [0.5, 0.2, 0.3], 19) / 8  # many ties, rows sum to 1
    three_labels = np.concatenate([[0, 1, 2], random.integers(0, 3, 16)])
    smooth = softmax(distinct(random, 19, 3) + one_hot(three_labels, 3))
    curves = {
        "logits": (scores, yes), "logits-ties": (tied, yes),
        "probabilities": (p, yes), "probabilities-ties": (coarse, yes),
        "all-tied": (np.full(19, 0.25), yes), "separated": (np.where(yes == 1, p + 1, p - 1), yes),
        "column": (tied[:, None], yes[:, None].astype(np.float64)), "column-vector": (scores[:, None], yes),
        "two": (np.stack([1 - coarse, coarse], 1), yes),
        "two-one-hot": (np.stack([1 - coarse, coarse], 1), one_hot(yes, 2)),
        "three": (smooth, three_labels), "three-one-hot": (smooth, one_hot(three_labels, 3)),
        "three-ties": (three, three_labels),
    }
    for name, (output, target) in curves.items():
        output = single(output)
        count = output.shape[1] if output.ndim == 2 else 1
        actual = target.argmax(1) if target.shape == output.shape and count > 1 else target.ravel().astype(np.int64)
        score = output if count > 2 else output.reshape(len(output), -1)[:, -1]
        indicators = actual if count <= 2 else one_hot(actual, count)  # each class against the rest

        def roc(w):
            return m.roc_auc_score(indicators, score, average="macro", sample_weight=w)

        if count > 2:
            same(roc(None), m.roc_auc_score(actual, score, multi_class="ovr", average="macro"), name)
        add_both(f"rocAUC-{name}", "rocAUC", {}, output, target, roc)
        add_both(f"prAUC-{name}", "prAUC", {}, output, target,
                 lambda w: m.average_precision_score(indicators, score, average="macro", sample_weight=w))

    # Errors
    random = generator("rules-metrics/errors")
    errors = {"meanAbsoluteError": m.mean_absolute_error, "meanSquaredError": m.mean_squared_error, "r2": m.r2_score}
    for name, shape, shape_of_target in ("vector", (11,), (11,)), ("column", (11, 1), (11, 1)), \
            ("column-vector", (11, 1), (11,)), ("columns", (7, 3), (7, 3)), ("far", (11,), (11,)):
        target = distinct(random, *shape)
        output = single(target + 0.5 * distinct(random, *shape))
        if name == "far":
            target, output = single(target + 1000), single(output + 1000)
        for kind, score in errors.items():
            add_both(f"{kind}-{name}", kind, {}, output, target.reshape(shape_of_target),
                     lambda w: score(target, output, sample_weight=of_samples(w, output)))

        def root(w):
            w = of_samples(w, output)
            if name != "columns":
                return m.root_mean_squared_error(target, output, sample_weight=w)
            reference = keras.metrics.RootMeanSquaredError()
            reference.update_state(target, output, sample_weight=w)
            value = math.sqrt(m.mean_squared_error(target, output, sample_weight=w))
            same(reference.result().numpy(), value, "rootMeanSquaredError", 1e-6)
            return value

        add_both(f"rootMeanSquaredError-{name}", "rootMeanSquaredError", {}, output, target.reshape(shape_of_target),
                 root,
                 None if name != "columns" else
                 "Keras: the root of the mean over all elements (scikit-learn: the mean of the columns' roots)")
    constant, varying = np.full(5, 0.5), distinct(random, 5)
    add("r2-constant", "r2", {}, varying, constant, m.r2_score(constant, varying))
    add("r2-constant-hit", "r2", {}, constant, constant, m.r2_score(constant, constant))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Optimizers


def run_keras(optimizer, start, gradients):
    """The values after each step, and the averages of the weights where the optimizer keeps them."""
    variables = [keras.Variable(value, name=name) for name, value in start.items()]
    optimizer = base.built(optimizer, variables)
    values, averages = {name: [] for name in start}, {name: [] for name in start}
    for step in range(base.STEPS):
        optimizer.apply([tf.constant(gradients[name][step]) for name in start], variables)
        for index, name in enumerate(start):
            values[name].append(variables[index].numpy().copy())
            if optimizer.use_ema:
                averages[name].append(optimizer._model_variables_moving_average[index].numpy().copy())
    history = {"values": values} | ({"averages": averages} if optimizer.use_ema else {})
    return {name: {what: np.stack(steps[name]) for what, steps in history.items()} for name in start}


def clipped_gradients(gradients, value=None, norm=None, globalNorm=None):
    """What the three kinds of clipping make of the gradients of each step."""
    if value is not None:
        return {name: np.clip(g, -value, value) for name, g in gradients.items()}
    norms = {name: np.sqrt((g.reshape(len(g), -1) ** 2).sum(1)) for name, g in gradients.items()}
    limit = norm if norm is not None else globalNorm
    if norm is None:
        norms = dict.fromkeys(gradients, np.sqrt(sum(n ** 2 for n in norms.values())))
    shortened = {name: (n > limit) for name, n in norms.items()}
    assert all(0 < s.sum() < len(s) for s in shortened.values()), "both long and short gradients are needed"
    return {name: times(g, np.minimum(1, limit / norms[name])) for name, g in gradients.items()}


def times(gradients, factors):
    """The gradients [step, ...] with a factor for each step."""
    return gradients * factors.reshape(-1, *[1] * (gradients.ndim - 1))


def optimizers():
    steps = base.STEPS
    fixture = Fixture(
        "rules-optimizers", f"{steps} steps on fixed gradients for two variables: start, gradients [step, ...], values "
        "[step, ...] after each step, averages [step, ...] of the values (the first is the value). One column of "
        "the kernel has gradients near 1e-6, one element gradients of zero; the gradients of some steps are short. "
        "weightDecay: variable -= rate * weightDecay * variable before the update, after clipping. norm: the gradient "
        "of each variable; globalNorm: all gradients together. accumulate: the mean of so many gradients, one step")
    random = generator("rules-optimizers")
    start = {"kernel": normal(random, 4, 3), "bias": normal(random, 3)}
    gradients = {name: normal(random, steps, *value.shape) for name, value in start.items()}
    gradients["kernel"][:, :, 2] *= 1e-6
    gradients["kernel"][:, 0, 0] = 0
    sizes = np.tile([1, 0.1, 0.4], steps)[:steps]
    gradients = {name: single(times(g, sizes)) for name, g in gradients.items()}
    zero = {name: np.zeros_like(value) for name, value in start.items()}

    k, t = keras.optimizers, torch.optim
    names = {"learningRate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2", "weightDecay": "weight_decay",
             "initialAccumulator": "initial_accumulator_value"}
    kinds = {"sgd": k.SGD, "adagrad": k.Adagrad, "adadelta": k.Adadelta, "rmsprop": k.RMSprop, "adam": k.Adam,
             "adamW": k.AdamW, "adamax": k.Adamax, "nadam": k.Nadam, "lion": k.Lion, "lamb": k.Lamb}

    def add(case, kind, constants, in_pytorch=None, start=start, clip=None, weightDecay=None, average=None,
            accumulate=None):
        description = {kind: constants}
        more = {}
        if weightDecay is not None:
            description["weightDecay"] = weightDecay
            more["weight_decay"] = weightDecay
        if clip:
            description["clip"] = clip
            more |= {{"value": "clipvalue", "norm": "clipnorm", "globalNorm": "global_clipnorm"}[name]: float(limit)
                     for name, limit in clip.items()}
        if average is not None:
            description["average"] = average
            more |= {"use_ema": True, "ema_momentum": average}
        if accumulate:
            description["accumulate"] = accumulate
            more["gradient_accumulation_steps"] = accumulate
        result = None
        if kind in kinds:
            arguments = {names.get(name, name): value for name, value in constants.items()}
            result = run_keras(kinds[kind](**arguments, **more), start, gradients)
        if in_pytorch:
            seen = clipped_gradients(gradients, **clip) if clip else gradients
            other = base.run_pytorch_optimizer(in_pytorch, start, seen)
            for name in start:
                same(result[name]["values"] if result else other[name], other[name], f"{case}: {name}")
            result = result or {name: {"values": other[name]} for name in start}
        definition = "Keras" if kind in kinds else "PyTorch"
        fixture.add(case, {"optimizer": description, "definition": definition, "steps": steps},
                    {name: {"start": start[name], "gradients": gradients[name], **result[name]} for name in start})

    # RAdam and what PyTorch shares with Keras
    for case, constants, betas, decay in (
        ("rAdam", {"epsilon": 1e-8}, (0.9, 0.999), 0),
        ("rAdam-betas", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-5}, (0.8, 0.95), 0),
        ("rAdam-never-rectified", {"beta2": 0.6, "epsilon": 1e-8}, (0.9, 0.6), 0),
        ("rAdam-weightDecay", {"epsilon": 1e-8}, (0.9, 0.999), 0.1),
    ):
        add(case, "rAdam", {"learningRate": 0.01, **constants}, lambda p: t.RAdam(
            p, 0.01, betas=betas, eps=constants["epsilon"], weight_decay=decay, decoupled_weight_decay=True),
            weightDecay=decay or None)
    add("adadelta-rho", "adadelta", {"learningRate": 1.0, "rho": 0.9}, lambda p: t.Adadelta(p, 1.0, rho=0.9, eps=1e-7))
    add("adadelta-epsilon", "adadelta", {"learningRate": 0.5, "rho": 0.9, "epsilon": 1e-4},
        lambda p: t.Adadelta(p, 0.5, rho=0.9, eps=1e-4))
    add("adagrad", "adagrad", {"learningRate": 0.05})
    add("adagrad-constants", "adagrad", {"learningRate": 0.05, "initialAccumulator": 0.5, "epsilon": 1e-3})
    add("adagrad-from-zero", "adagrad", {"learningRate": 0.05, "initialAccumulator": 0.0})

    other = {"learningRate": 0.02, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-5}
    for kind in "adam", "adamW", "adamax", "nadam", "lamb":
        add(f"{kind}-constants", kind, other)
    add("adam-amsgrad", "adam", {"learningRate": 0.01, "amsgrad": True})
    add("adam-amsgrad-constants", "adam", {**other, "amsgrad": True})
    add("adamW-default", "adamW", {"learningRate": 0.01})
    add("adamW-weightDecay", "adamW", {**other, "weightDecay": 0.2})
    add("adam-amsgrad-weightDecay", "adam", {**other, "amsgrad": True}, weightDecay=0.2)
    add("adamax", "adamax", {"learningRate": 0.01})
    add("nadam", "nadam", {"learningRate": 0.01})
    add("lamb", "lamb", {"learningRate": 0.01})
    add("lamb-weightDecay", "lamb", {"learningRate": 0.01}, weightDecay=0.1)
    add("lamb-zero-start", "lamb", {"learningRate": 0.01}, start=zero)
    add("lion", "lion", {"learningRate": 0.01})
    add("lion-constants", "lion", {"learningRate": 0.01, "beta1": 0.8, "beta2": 0.95})
    add("lion-weightDecay", "lion", {"learningRate": 0.01}, weightDecay=0.1)
    add("rmsprop-constants", "rmsprop", {"learningRate": 0.01, "rho": 0.8, "epsilon": 1e-4})
    add("rmsprop-centered", "rmsprop", {"learningRate": 0.01, "centered": True})
    add("rmsprop-momentum", "rmsprop", {"learningRate": 0.01, "momentum": 0.9})
    add("rmsprop-momentum-centered", "rmsprop", {"learningRate": 0.01, "rho": 0.8, "momentum": 0.5, "centered": True})
    add("sgd-weightDecay", "sgd", {"learningRate": 0.1}, weightDecay=0.05)
    add("sgd-momentum-weightDecay", "sgd", {"learningRate": 0.1, "momentum": 0.9}, weightDecay=0.05)
    add("sgd-nesterov-weightDecay", "sgd", {"learningRate": 0.1, "momentum": 0.8, "nesterov": True}, weightDecay=0.05)

    # Clipping, averages, accumulation
    sgd = {"learningRate": 0.1}
    for name, limit in ("value", 0.5), ("norm", 1), ("globalNorm", 1):
        clip = {name: limit}
        add(f"clip-{name}-sgd", "sgd", sgd, lambda p: t.SGD(p, 0.1), clip=clip)
        add(f"clip-{name}-sgd-momentum", "sgd", {**sgd, "momentum": 0.9}, lambda p: t.SGD(p, 0.1, momentum=0.9),
            clip=clip)
        add(f"clip-{name}-adam", "adam", {"learningRate": 0.01}, clip=clip)
        add(f"clip-{name}-adamW", "adamW", {"learningRate": 0.01, "weightDecay": 0.1}, clip=clip)
    add("average-sgd", "sgd", sgd, average=0.9)
    add("average-adam", "adam", {"learningRate": 0.01}, average=0.75)
    add("average-sgd-weightDecay-clip", "sgd", sgd, clip={"norm": 1}, weightDecay=0.05, average=0.9)
    add("accumulate-sgd", "sgd", sgd, accumulate=3)
    add("accumulate-sgd-momentum", "sgd", {**sgd, "momentum": 0.9}, accumulate=3)
    add("accumulate-adam", "adam", {"learningRate": 0.01}, accumulate=3)
    add("accumulate-nadam", "nadam", {"learningRate": 0.01}, accumulate=3)
    add("accumulate-adamW-clip", "adamW", {"learningRate": 0.01, "weightDecay": 0.1}, clip={"globalNorm": 0.5},
        accumulate=3)
    add("accumulate-2-sgd-clip", "sgd", sgd, clip={"value": 0.25}, accumulate=2)
    add("accumulate-5-sgd", "sgd", sgd, accumulate=5)  # twelve steps: the last two wait
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Schedules


def schedules():
    count = 200
    fixture = Fixture(
        "rules-schedules", f"factors [{count}]: factor on the learning rate at steps 0..<{count} of a training of "
        "`total` steps. Warmup is PyTorch's LinearLR, (step + 1) / warmupSteps of the schedule's first factor; then the schedule "
        "begins at its step 0, with total - warmupSteps steps, as by PyTorch's SequentialLR")
    k, t = keras.optimizers.schedules, torch.optim.lr_scheduler

    def from_keras(make):
        def factors(steps, total):
            schedule = make(total)
            for name, value in list(vars(schedule).items()):
                setattr(schedule, name, exact({name: value})[name])
            return np.array([float(schedule(step)) for step in range(steps)])
        return factors

    def from_pytorch(make):
        def factors(steps, total):
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
            scheduler, values = make(optimizer, total), []
            for _ in range(steps):
                values.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                scheduler.step()
            return np.array(values)
        return factors

    def add(case, kind, constants, *definitions, warmup=0, total=count):
        main = [make(count - warmup, total - warmup) for make in definitions]
        for others in main[1:]:
            same(main[0], others, case, 1e-9)
        factors = main[0]
        if warmup:
            rise = from_pytorch(lambda o, _: t.LinearLR(o, start_factor=1 / warmup, total_iters=warmup - 1))
            factors = np.concatenate([rise(warmup, total) * factors[0], factors])
            constants = {**constants, "warmupSteps": warmup}
        fixture.add(case, {"schedule": rule(kind, constants), "total": total}, {"factors": factors})

    one = np.float64(1)

    def with_warmup(case, kind, constants, *definitions, **more):
        add(case, kind, constants, *definitions, **more)
        add(f"{case}-warmup", kind, constants, *definitions, warmup=15, **more)

    with_warmup("constant", "constant", {}, from_pytorch(lambda o, _: t.ConstantLR(o, factor=1.0)))
    for case, constants in ("step", {"size": 30}), ("step-factor", {"size": 45, "factor": 0.5}):
        with_warmup(case, "step", constants,
                    from_pytorch(lambda o, _: t.StepLR(o, constants["size"], constants.get("factor", 0.1))))
    for case, constants in ("multiStep", {"milestones": [50, 120, 170]}), \
            ("multiStep-factor", {"milestones": [1, 60], "factor": 0.3}):
        with_warmup(case, "multiStep", constants,
                    from_pytorch(lambda o, _: t.MultiStepLR(o, constants["milestones"], constants.get("factor", 0.1))))
    for case, boundaries, factors in ("piecewise", [40, 100], [1.0, 0.5, 0.1]), ("piecewise-rising", [10], [0.25, 1.5]):
        with_warmup(case, "piecewise", {"boundaries": boundaries, "factors": factors}, from_keras(
            lambda _: k.PiecewiseConstantDecay(boundaries, [np.float64(f) for f in factors])))
    for kind, make, constants in ("exponential", k.ExponentialDecay, {"steps": 40, "factor": 0.6}), \
            ("inverseTime", k.InverseTimeDecay, {"steps": 25, "rate": 0.7}):
        for case, stairs in (kind, False), (f"{kind}-staircase", True):
            with_warmup(case, kind, {**constants, **({"staircase": True} if stairs else {})}, from_keras(
                lambda _: make(one, *exact(constants).values(), staircase=stairs)))
    for case, constants, total in ("polynomial", {}, 200), ("polynomial-end", {"end": 0.1}, 200), \
            ("polynomial-power", {"end": 0.05, "power": 2.0}, 200), ("polynomial-root", {"power": 0.5}, 200), \
            ("polynomial-past-the-end", {"end": 0.05, "power": 2.0}, 150):
        end, power = np.float64(constants.get("end", 0)), np.float64(constants.get("power", 1))
        definitions = [from_keras(lambda steps: k.PolynomialDecay(one, steps, end, power))]
        if end == 0:
            definitions.append(from_pytorch(lambda o, steps: t.PolynomialLR(o, steps, power)))
        with_warmup(case, "polynomial", constants, *definitions, total=total)
    for case, constants, total in ("cosine", {}, 200), ("cosine-end", {"end": 0.1}, 200), \
            ("cosine-past-the-end", {"end": 0.1}, 150):
        end = np.float64(constants.get("end", 0))
        definitions = [from_keras(lambda steps: k.CosineDecay(one, steps, end))]
        if total == count:
            definitions.append(from_pytorch(lambda o, steps: t.CosineAnnealingLR(o, steps, end)))
        with_warmup(case, "cosine", constants, *definitions, total=total)
    for case, constants in ("cosineRestarts", {"firstPeriod": 20}), \
            ("cosineRestarts-equal", {"firstPeriod": 30, "periodFactor": 1.0}), \
            ("cosineRestarts-peaks", {"firstPeriod": 16, "periodFactor": 2.0, "peakFactor": 0.8, "end": 0.05}), \
            ("cosineRestarts-factor-1.5", {"firstPeriod": 16, "periodFactor": 1.5, "end": 0.1}):
        factor, peak, end = (constants.get(name, value) for name, value in
                             (("periodFactor", 2.0), ("peakFactor", 1.0), ("end", 0.0)))
        definitions = [from_keras(lambda _: k.CosineDecayRestarts(
            one, constants["firstPeriod"], np.float64(factor), np.float64(peak), np.float64(end)))]
        if peak == 1 and factor == int(factor):
            definitions.append(from_pytorch(lambda o, _: t.CosineAnnealingWarmRestarts(
                o, constants["firstPeriod"], int(factor), end)))
        with_warmup(case, "cosineRestarts", constants, *definitions)
    for case, constants in ("oneCycle", {}), ("oneCycle-constants", {"rise": 0.4, "start": 0.1, "end": 0.002}):
        first, last = constants.get("start", 1 / 25), constants.get("end", 1 / 25e4)
        with_warmup(case, "oneCycle", constants, from_pytorch(lambda o, steps: t.OneCycleLR(
            o, max_lr=1.0, total_steps=steps, pct_start=constants.get("rise", 0.3), div_factor=1 / first,
            final_div_factor=first / last, cycle_momentum=False)))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Rules of weights


def weights():
    fixture = Fixture(
        "rules-weights", "Regularizers: value and gradient/input. Constraints, over all axes but the last: output. "
        "Initializers: mean, standardDeviation and variance of the values drawn, limit (the largest distance from the "
        "mean), underlyingStandardDeviation of a normal distribution before it is cut; or the values themselves")
    regularizers(fixture)
    constraints(fixture)
    initializers(fixture)
    return fixture


def regularizers(fixture):
    k = keras.regularizers

    def penalties(l1, l2):
        return lambda x: l1 * x.abs().sum() + l2 * (x ** 2).sum()

    def cosines(factor, mode):
        def value(x):
            x = x if mode == "rows" else x.T
            units = F.normalize(x, dim=1)
            pairs = torch.triu_indices(len(x), len(x), 1)
            return factor * (units @ units.T)[pairs[0], pairs[1]].abs().mean()
        return value

    cases = {}
    for name, f, second in ("", 0.01, 0.01), ("-factor", 0.3, 0.05):
        given = (lambda **constants: constants) if name else (lambda **constants: {})
        cases |= {
            f"l1{name}": (rule("l1", given(value=f)), k.L1(f), {"l1": f}, penalties(f, 0)),
            f"l2{name}": (rule("l2", given(value=f)), k.L2(f), {"l2": f}, penalties(0, f)),
            f"l1l2{name}": (rule("l1l2", given(l1=f, l2=second)), k.L1L2(f, second), {"l1": f, "l2": second},
                            penalties(f, second)),
            f"orthogonal-rows{name}": (rule("orthogonal", given(factor=f)), k.OrthogonalRegularizer(f, "rows"),
                                       {"factor": f}, cosines(f, "rows")),
            f"orthogonal-columns{name}": (rule("orthogonal", given(factor=f) | {"mode": "columns"}),
                                          k.OrthogonalRegularizer(f, "columns"), {"factor": f}, cosines(f, "columns"))}
    for case, (json, in_keras, constants, in_pytorch) in cases.items():
        for name, value in constants.items():
            setattr(in_keras, name, np.float64(value))
        for shape in ([4, 3],) if case.startswith("orthogonal") else ([4, 3], [3, 3, 2, 4]):
            name = f"regularizer-{case}-{'x'.join(map(str, shape))}"
            values = {"input": distinct(generator(f"rules-weights/{name}"), *shape)}
            value, gradient = base.with_keras(lambda t: in_keras(t["input"]), values)
            other, other_gradient = base.with_pytorch(lambda t: in_pytorch(t["input"]), values)
            same(value, other, name)
            same(gradient["input"], other_gradient["input"], f"{name}: gradient")
            fixture.add(name, {"regularizer": json}, {**values, "value": value, "gradient": gradient})


def constraints(fixture):
    k = keras.constraints
    for shape in [4, 3], [3, 3, 2, 4]:
        axes = list(range(len(shape) - 1))
        x = distinct(generator(f"rules-weights/constraints/{shape}"), *shape)
        norms = np.array([0.5, 1.5, 3, 0.8])[:shape[-1]]  # one output unit lies within most limits
        x = single(x / np.sqrt((x ** 2).sum(tuple(axes))) * norms)
        with_zero = x.copy()
        with_zero[..., 0] = 0

        def between(low, high, rate):
            return k.MinMaxNorm(np.float64(low), np.float64(high), np.float64(rate), axis=axes)

        for case, json, constraint in (
            ("maxNorm", "maxNorm", k.MaxNorm(2.0, axis=axes)),
            ("maxNorm-1", {"maxNorm": {"value": 1.0}}, k.MaxNorm(1.0, axis=axes)),
            ("unitNorm", "unitNorm", k.UnitNorm(axis=axes)),
            ("nonNegative", "nonNegative", k.NonNeg()),
            ("minMaxNorm", "minMaxNorm", between(0, 1, 1)),
            ("minMaxNorm-range", {"minMaxNorm": {"minimum": 1.0, "maximum": 2.0}}, between(1, 2, 1)),
            ("minMaxNorm-rate", {"minMaxNorm": {"minimum": 0.7, "maximum": 1.2, "rate": 0.3}}, between(0.7, 1.2, 0.3)),
        ):
            for name, value in (case, x), (f"{case}-zero-unit", with_zero):
                output = constraint(tf.constant(value)).numpy()
                fixture.add(f"constraint-{name}-{'x'.join(map(str, shape))}", {"constraint": json},
                            {"input": value, "output": output})


def drawn_by_keras(initializer, shape):
    """The distribution that a Keras initializer draws from: its name and its constants."""
    calls = {}

    class Recorder:
        def __getattr__(self, name):
            def draw(shape, dtype=None, seed=None, **constants):
                calls[name] = constants
                return np.zeros(shape)
            return draw

    with unittest.mock.patch.object(random_initializers, "random", Recorder()):
        initializer(shape)
    (call,) = calls.items()
    return call


CUT = 0.87962566103423978  # the spread of a normal distribution that is cut at two standard deviations


def moments(distribution, constants):
    """The tensors of a case."""
    if distribution == "uniform":
        low, high = float(constants["minval"]), float(constants["maxval"])
        return spread((high - low) / math.sqrt(12)) | {"mean": (low + high) / 2, "limit": (high - low) / 2}
    deviation = float(constants["stddev"])
    if distribution == "normal":
        return spread(deviation) | {"mean": float(constants["mean"])}
    return spread(deviation * CUT) | {"mean": float(constants["mean"]), "limit": 2 * deviation,
                                      "underlyingStandardDeviation": deviation}


def spread(deviation):
    return {"standardDeviation": deviation, "variance": deviation ** 2}


def initializers(fixture):
    k = keras.initializers
    cases = {
        "normal": ("normal", k.RandomNormal(0.0, 0.05)),
        "normal-wide": ({"normal": {"standardDeviation": 0.3}}, k.RandomNormal(0.0, 0.3)),
        "uniform": ("uniform", k.RandomUniform(-0.05, 0.05)),
        "uniform-range": ({"uniform": {"low": -0.5, "high": 1.0}}, k.RandomUniform(-0.5, 1.0)),
        "truncatedNormal": ("truncatedNormal", k.TruncatedNormal(0.0, 0.05)),
        "truncatedNormal-wide": ({"truncatedNormal": {"standardDeviation": 0.3}}, k.TruncatedNormal(0.0, 0.3)),
        "glorotUniform": ("glorotUniform", k.GlorotUniform()), "glorotNormal": ("glorotNormal", k.GlorotNormal()),
        "heUniform": ("heUniform", k.HeUniform()), "heNormal": ("heNormal", k.HeNormal()),
        "lecunUniform": ("lecunUniform", k.LecunUniform()), "lecunNormal": ("lecunNormal", k.LecunNormal()),
        "inverseRootN": ("inverseRootN", k.VarianceScaling(1.0, "fan_in", "untruncated_normal")),
        "varianceScaling": ("varianceScaling", k.VarianceScaling()),
    }
    for mode, keras_mode in ("fanIn", "fan_in"), ("fanOut", "fan_out"), ("fanAverage", "fan_avg"):
        for distribution, keras_distribution in ("truncatedNormal", "truncated_normal"), \
                ("normal", "untruncated_normal"), ("uniform", "uniform"):
            json = {"varianceScaling": {"scale": 1.7, "mode": mode, "distribution": distribution}}
            cases[f"varianceScaling-{mode}-{distribution}"] = \
                json, k.VarianceScaling(1.7, keras_mode, keras_distribution)
    for case, (json, initializer) in cases.items():
        for shape in [7], [84, 10], [5, 6, 16], [3, 3, 4, 8], [3, 3, 1, 32]:
            fan_in, fan_out = random_initializers.compute_fans(shape)
            distribution, constants = drawn_by_keras(initializer, shape)
            name = {"truncated_normal": "truncatedNormal"}.get(distribution, distribution)
            fixture.add(f"initializer-{case}-{'x'.join(map(str, shape))}", {
                "initializer": json, "shape": shape, "fanIn": fan_in, "fanOut": fan_out, "distribution": name,
            }, moments(distribution, constants))

    for case, json, in_keras in (
        ("zeros", "zeros", k.Zeros()), ("ones", "ones", k.Ones()), ("constant", "constant", k.Constant(0.0)),
        ("constant-0.25", {"constant": {"value": 0.25}}, k.Constant(0.25)),
    ):
        fixture.add(f"initializer-{case}-5x3", {"initializer": json, "shape": [5, 3]},
                    {"values": np.asarray(in_keras([5, 3]))})
    for name, gain in ("", 1), ("-gain", 0.5):
        json = rule("identity", {"gain": gain} if name else {})
        for shape in [4, 4], [4, 3], [2, 5], [3, 3, 4, 4], [3, 3, 2, 5], [5, 3, 3], [1, 3, 3, 2], [4, 2, 2]:
            if len(shape) == 2:
                values = np.asarray(k.Identity(gain)(shape))
                same(values, gain * torch.nn.init.eye_(torch.empty(*shape)).numpy(), "identity")
            else:
                dirac = torch.nn.init.dirac_(torch.empty(shape[-1], shape[-2], *shape[:-2]))
                values = gain * dirac.movedim(1, -1).movedim(0, -1).numpy()
                assert values.shape == tuple(shape)
            fixture.add(f"initializer-identity{name}-{'x'.join(map(str, shape))}",
                        {"initializer": json, "shape": shape}, {"values": values})


# ---------------------------------------------------------------------------------------------------------------------


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Makes the fixtures of training's rules.")
    parser.add_argument("--output", type=Path, default=here, help="folder to write to (default: beside this script)")
    parser.add_argument("--only", help="comma-separated names of files, without extension")
    parser.add_argument("--check", action="store_true", help="compare with the stored files instead of writing")
    arguments = parser.parse_args()
    makers = {"rules-losses": losses, "rules-metrics": metrics, "rules-optimizers": optimizers,
              "rules-schedules": schedules, "rules-weights": weights}
    names = arguments.only.split(",") if arguments.only else list(makers)
    if unknown := [name for name in names if name not in makers]:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(makers)}")
    for name in names:
        fixture = makers[name]()
        if arguments.check:
            fixture.check(arguments.output)
        else:
            fixture.save(arguments.output, limit=250_000)


if __name__ == "__main__":
    main()
