"""Compares the JSON Schema of experiment files with what `apus` reads.

    python3 Tests/Scripts/check_schema.py .build/release/apus

Needs the packages jsonschema and PyYAML. Every file of Examples/experiments and the page of defaults must fit the schema; each
mistake below must be refused by the schema and by `apus` alike.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

import jsonschema
import yaml

apus = sys.argv[1]
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

GOOD = [
    {"name": "a", "model": "mlp"},
    {"name": "a", "model": ["flatten", {"dense": 10}]},
    {"name": "a", "model": ["flatten", {"name": "head", "dense": {"units": 10, "activation": "softmax"}}]},
    {"name": "a", "model": ["flatten", {"elu": 0.5}, "relu", {"leakyReLU": {"negativeSlope": 0.1}}, {"dense": 10}]},
    {"name": "a", "model": ["flatten", {"add": [["relu"], []]}, ["relu", {"dropout": 0.5}], {"dense": 10}]},
    {"name": "a", "model": [{"conv2D": {"filters": 4, "kernelSize": [3, 5], "padding": 1}}, "flatten", {"dense": 10}]},
    {"name": "a", "model": "mlp", "loss": {"softmaxCrossEntropy": {"reduction": "sum"}}, "metrics": [{"f1": "macro"}]},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {"beta1": 0.8}, "clip": {"norm": 1}, "groups": [{"match": "*", "frozen": True}]}},
    {"name": "a", "model": "mlp", "optimizer": "sgd", "schedule": {"cosine": {"end": 0.1, "warmupSteps": 3}}},
    {"name": "a", "model": "mlp", "data": {"directory": None}},
]
BAD = [
    {"model": "mlp"},
    {"name": "a"},
    {"name": "a", "model": "mlp", "colour": 1},
    {"name": "a", "model": "mlp", "epochs": "many"},
    {"name": "a", "model": "mlp", "epochs": 1.5},
    {"name": "a", "model": "mlp", "data": {"validation": {"fractions": 0.1}}},
    {"name": "a", "model": "mlp", "data": [1]},
    {"name": "a", "model": "mlp", "loss": "meanSquare"},
    {"name": "a", "model": "mlp", "metrics": "accuracy"},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {}, "sgd": {}}},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {"beta3": 0.8}}},
    {"name": "a", "model": "mlp", "optimizer": {"adam": {}, "clip": "norm"}},
    {"name": "a", "model": "mlp", "precision": "float31"},
    {"name": "a", "model": [{"dense": {"activation": "relu"}}]},
    {"name": "a", "model": [{"dense": {"units": 3, "activation": {"relu": 3}}}]},
    {"name": "a", "model": ["dense"]},
    {"name": "a", "model": [{"residual": {"shortcut": []}}]},
]


def run(*arguments):
    return subprocess.run([apus, *arguments], capture_output=True, text=True)


def reads(experiment):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(experiment, file)
        file.flush()
        result = run("experiment", "check", file.name)
        return result.returncode != 65, result.stderr


schema = json.loads(run("experiment", "schema").stdout)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failures = 0


def expect(right, what):
    global failures
    if not right:
        failures += 1
        print("WRONG:", what)


files = sorted(glob.glob(f"{root}/Examples/experiments/*.yaml"))
pages = [(name, yaml.safe_load(open(name))) for name in files]
pages.append(("the page of defaults", yaml.safe_load(run("experiment", "defaults").stdout)))
for name, page in pages:
    for error in validator.iter_errors(page):
        expect(False, f"{name}: {error.message[:200]} at {error.json_path}")
for experiment in GOOD:
    expect(validator.is_valid(experiment), f"the schema refuses {experiment}")
    right, message = reads(experiment)
    expect(right, f"apus refuses {experiment}: {message}")
for experiment in BAD:
    expect(not validator.is_valid(experiment), f"the schema takes {experiment}")
    right, _ = reads(experiment)
    expect(not right, f"apus takes {experiment}")
print(f"{len(pages)} files, {len(GOOD)} right and {len(BAD)} wrong experiments, {failures} failures")
sys.exit(1 if failures else 0)
