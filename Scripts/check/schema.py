#!/usr/bin/env python3
"""Compares the JSON Schema of experiment files with what the built `apus` reads.

Every file of Examples/experiments and the page of defaults must fit the schema; each mistake below must be refused by the schema and
by `apus` alike.
"""
import json
import subprocess
import sys
import tempfile

import jsonschema
import yaml

import package

APUS = package.ROOT / ".build/release/apus"
GOOD = [
    {"model": "mlp"},
    {"name": "a", "model": "mlp"},
    {"name": "a", "model": ["flatten", {"dense": 10}]},
    {"name": "a", "model": ["flatten", {"name": "head", "dense": {"units": 10, "activation": "softmax"}}]},
    {"name": "a", "model": ["flatten", {"elu": 0.5}, "relu", {"leakyReLU": {"negativeSlope": 0.1}}, {"dense": 10}]},
    {"name": "a", "model": ["flatten", {"add": [["relu"], []]}, ["relu", {"dropout": 0.5}], {"dense": 10}]},
    {"name": "a", "model": [{"conv2D": {"filters": 4, "kernelSize": [3, 5], "padding": 1}}, "flatten", {"dense": 10}]},
    {"name": "a", "model": "mlp", "loss": {"softmaxCrossEntropy": {"reduction": "sum"}}, "metrics": [{"f1": "macro"}]},
    {"name": "a", "model": "mlp",
     "optimizer": {"adam": {"beta1": 0.8}, "clipping": {"norm": 1}, "groups": [{"pattern": "*", "isFrozen": True}]}},
    {"name": "a", "model": "mlp", "epochs": 3,
     "optimizer": {"adam": {}, "layerDecay": 0.5, "unfreezing": {"patterns": [{"pattern": "1.*", "epoch": 2}]}}},
    {"name": "a", "model": "mlp",
     "optimizer": {"adam": {}, "layerDecay": {"factor": 0.5, "levels": 2}, "unfreezing": {"gradually": {"every": 2}}}},
    {"name": "a", "model": "mlp", "optimizer": "sgd", "schedule": {"cosine": {"end": 0.1, "warmupSteps": 3}}},
    {"name": "a", "model": "mlp", "data": {"directory": None}},
    {"name": "a", "model": "mlp", "data": {"source": {"csv": {"file": "a", "target": "b", "inputs": {"x": ["c"], "y": []}}}}},
]
BAD = [
    {"name": "a"},
    {"name": "a", "model": "mlp", "colour": 1},
    {"name": "a", "model": "mlp", "epochs": "many"},
    {"name": "a", "model": "mlp", "epochs": 1.5},
    {"name": "a", "model": "mlp", "data": {"validation": {"fractions": 0.1}}},
    {"name": "a", "model": "mlp", "data": [1]},
    {"name": "a", "model": "mlp", "data": {"source": {"csv": {"file": "a", "target": "b", "inputs": {"x": "c"}}}}},
    {"name": "a", "model": "mlp", "loss": "meanSquare"},
    {"name": "a", "model": "mlp", "metrics": "accuracy"},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {}, "sgd": {}}},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {"beta3": 0.8}}},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {}, "clipping": "norm"}},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {}, "layerDecay": {"levels": 2}}},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {}, "unfreezing": {"gradually": {"each": 2}}}},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {}, "unfreezing": {"patterns": [{"pattern": "0.*"}]}}},
    {"name": "a", "model": "mlp", "precision": "float31"},
    {"name": "a", "model": [{"dense": {"activation": "relu"}}]},
    {"name": "a", "model": [{"dense": {"units": 3, "activation": {"relu": 3}}}]},
    {"name": "a", "model": ["dense"]},
    {"name": "a", "model": [{"residual": {"shortcut": []}}]},
]


def run(*arguments):
    return subprocess.run([APUS, *arguments], capture_output=True, text=True)


def refusal(experiment):
    """What `apus` says of an experiment that it can't read; `None` if it can."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(experiment, file)
        file.flush()
        result = run("experiment", "check", file.name)
        return result.stderr if result.returncode == 65 else None


def problems():
    schema = json.loads(run("experiment", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = sorted((package.ROOT / "Examples/experiments").glob("*.yaml"))
    pages = [(file.relative_to(package.ROOT), yaml.safe_load(file.read_text())) for file in files]
    pages.append(("the page of defaults", yaml.safe_load(run("experiment", "defaults").stdout)))
    for name, page in pages:
        for error in validator.iter_errors(page):
            yield f"{name}: {error.message[:200]} at {error.json_path}"
    for experiment in GOOD:
        if not validator.is_valid(experiment):
            yield f"the schema refuses {experiment}"
        if (message := refusal(experiment)) is not None:
            yield f"apus refuses {experiment}: {message}"
    for experiment in BAD:
        if validator.is_valid(experiment):
            yield f"the schema takes {experiment}"
        if refusal(experiment) is None:
            yield f"apus takes {experiment}"


def main():
    return package.report(list(problems()))


if __name__ == "__main__":
    sys.exit(main())
