#!/usr/bin/env python3
"""Loads weights of recurrent layers and attention that Apus writes in PyTorch and Keras, and compares what both compute.

    python3 -m venv ENV && ENV/bin/pip install torch h5py keras safetensors
    swift build -c release --build-tests
    ENV/bin/python Tests/Fixtures/check_sequence_weights.py

The files are written by the test `filesForTheScript` of SequenceWeightsTests; with --folder FOLDER those that are there are read.
"""
import os

os.environ["KERAS_BACKEND"] = "torch"

import argparse
import subprocess
import tempfile
from pathlib import Path

import keras
import numpy as np
import torch
from safetensors.numpy import load_file

import make_sequence_fixtures as fixtures

HERE = Path(__file__).parent


def compare(name, output, expected):
    distance = np.abs(output.detach().numpy() - expected).max()
    print(f"{name}: {distance:.1e}")
    assert output.shape == expected.shape and distance < 1e-5, name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    folder = parser.parse_args().folder
    if folder is None:
        folder = Path(tempfile.mkdtemp())
        subprocess.run(
            ["swift", "test", "-c", "release", "--disable-testable-imports", "--filter",
             "SequenceWeightsTests.*filesForTheScript"],
            cwd=HERE.parent.parent, check=True, env=dict(os.environ, APUS_WRITTEN_SEQUENCES=str(folder)),
            stdout=subprocess.DEVNULL)
    networks = fixtures.torch_networks()
    for path in sorted(folder.glob("torch-*.pth")):
        network = networks[path.stem.removeprefix("torch-")][0].eval()
        network.load_state_dict(torch.load(path, weights_only=True), strict=True)
        values = load_file(path.with_suffix(".safetensors"))
        with torch.no_grad():
            compare(path.stem, network(torch.from_numpy(values["input"])), values["output"])
    for path in sorted(folder.glob("keras-*.weights.h5")):
        name = path.name.removesuffix(".weights.h5")
        keras.backend.clear_session()
        model = fixtures.keras_model(name.removeprefix("keras-"))
        for variable in model.weights:
            variable.assign(np.full(variable.shape, 5))
        model.load_weights(path)
        values = load_file(folder / f"{name}.safetensors")
        compare(name, model(values["input"]), values["output"])


if __name__ == "__main__":
    main()
