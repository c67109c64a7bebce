"""Random search: as many trainings with random edits as another method used, the best of them by validation."""
import math
import random
import shutil
from pathlib import Path

import experiments
import traces
from cases import Edit, Trial
from training import CannotMeasure, Program, named, train

OPTIMIZERS = ["sgd", "adam", "rmsprop"]
ACTIVATIONS = ["relu", "tanh", "sigmoid", "selu", "leakyRelu", "gelu"]
INITIALIZERS = ["glorotUniform", "glorotNormal", "heUniform", "heNormal", "lecunNormal"]
BATCH_SIZES = [8, 16, 32, 64, 128, 256]
EPOCH_FACTORS = [0.5, 2, 4]
RATE_DECADES = 3.0
DEFAULT_RATE = 0.001


def optimizer_edit(experiment: dict, draw: random.Random) -> list[str]:
    """Another rule, the rate or both."""
    rule, settings = experiments.optimizer(experiment)
    rate = float(settings.get("learningRate", DEFAULT_RATE)) * 10 ** draw.uniform(-RATE_DECADES, RATE_DECADES)
    chosen = draw.choice([rule, *OPTIMIZERS])
    if chosen == rule:
        return [f"optimizer.{rule}.learningRate={rate:.6g}"]
    return [f"optimizer={{{chosen}: {{learningRate: {rate:.6g}}}}}"]


def layer_edit(experiment: dict, key: str, choices: list[str], draw: random.Random, with_last: bool) -> list[str]:
    """The same new activation or start values for the layers that have some."""
    weighted = [layer for layer in experiments.layers(experiment) if layer.kind in experiments.WEIGHTED]
    value = draw.choice(choices)
    return [f"model.{layer.path}.{key}={value}" for layer in (weighted if with_last else weighted[:-1])]


def random_edit(experiment: dict, draw: random.Random) -> tuple[str, ...]:
    """One to three random edits."""
    edits = [
        lambda: optimizer_edit(experiment, draw),
        lambda: layer_edit(experiment, "activation", ACTIVATIONS, draw, with_last=False),
        lambda: layer_edit(experiment, "kernelInitializer", INITIALIZERS, draw, with_last=True),
        lambda: [f"batchSize={draw.choice(BATCH_SIZES)}"],
        lambda: [f"epochs={max(1, round(experiment.get('epochs', 10) * draw.choice(EPOCH_FACTORS)))}"],
    ]
    chosen = draw.sample(edits, draw.randint(1, 3))
    return tuple(setting for edit in chosen for setting in edit())


def validation_score(program: Program, folder: Path, edit: Edit, metric: dict) -> float:
    """What a search sees of a training: the case's measure on the validation part, or else its loss there."""
    run = train(program, folder, edit, "search-run")
    shutil.rmtree(run.folder, ignore_errors=True)
    seen = run.validation or run.training
    if run.output.status != 0 or not seen:
        return -math.inf
    kind, _, name = metric["name"].partition(".")
    try:
        value = named(seen, name) if metric["better"] == "higher" else -seen["loss"]
    except CannotMeasure:
        value = -seen["loss"]
    return value if math.isfinite(value) else -math.inf


def best_edit(program: Program, trial: Trial, folder: Path, trainings: int) -> Edit | None:
    """The best experiment that was found; none if that is the original."""
    experiment = traces.effective(program, folder, trial.edit)
    if experiment is None:
        return None
    draw = random.Random(trial.key)
    best, best_score = None, validation_score(program, folder, trial.edit, trial.case.metric)
    for _ in range(trainings - 1):
        edit = Edit(trial.edit.file, random_edit(experiment, draw))
        score = validation_score(program, folder, edit.with_seed(trial.seed), trial.case.metric)
        if score > best_score:
            best, best_score = edit, score
    return best
