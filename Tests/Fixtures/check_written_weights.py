#!/usr/bin/env python3
"""Reads the files of weights that Apus writes by PyTorch, h5py and Keras, and compares every value.

    python3 -m venv ENV && ENV/bin/pip install torch h5py keras
    swift build -c release --build-tests
    ENV/bin/python Tests/Fixtures/check_written_weights.py

The files are written by the test `filesForTheScript` of HDF5Tests; with --folder FOLDER those that are there are read.
"""
import os

os.environ["KERAS_BACKEND"] = "torch"

import argparse
import subprocess
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import torch

import make_weight_fixtures

HERE = Path(__file__).parent
EXPECTED = {
    "b/kernel": np.arange(1, 7, dtype="f4").reshape(2, 3), "b/deep/er/x": np.arange(1.0, 4.0), "a": np.int64(7),
    "flags": np.array([True, False, True]), "größe": np.zeros((0, 4), "f4"), "u": np.uint8([1, 2, 255]),
    "i": np.int32([1, -2, 255]),
}


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b), (a, b)


def check_torch(path):
    for options in [{}, {"mmap": True}]:
        tensors = torch.load(path, weights_only=True, **options)
        assert list(tensors) == list(EXPECTED) + ["half"]
        for name, value in EXPECTED.items():
            same(tensors[name].numpy(), value)
        assert tensors["half"].dtype == torch.bfloat16 and tensors["half"].tolist() == [1, -3]
    assert zipfile.ZipFile(path).testzip() is None
    print("PyTorch reads", path.name, "(and maps it)")


def check_hdf5(path):
    with h5py.File(path) as file:
        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        assert sorted(found) == sorted(EXPECTED)
        for name, value in EXPECTED.items():
            same(file[name][()], value)
        assert file.attrs["text"] == "Täxt" and list(file.attrs["list"]) == ["a", "", "größer"]
        assert file.attrs["empty"] == "" and len(file.attrs["none"]) == 0 and len(file.attrs["long"]) == 80_000
        assert list(file["empty/group"].attrs["weight_names"]) == ["x"] and file["a"].attrs["x"] == "y"
    # Groups may grow later.
    with h5py.File(path, "a") as file:
        file["b/more"] = 1
        file.create_group("new")
    print("h5py reads", path.name, "(and adds to it)")


def check_keras(folder):
    weights = HERE / "weights"
    pairs = [(keras.saving.load_model(path) for path in [weights / "plain.keras", folder / "written.keras"])]
    models = []
    for path in [weights / "keras.weights.h5", folder / "written.weights.h5"]:
        model = make_weight_fixtures.keras_model()
        for variable in model.weights:
            variable.assign(np.full(variable.shape, 5))
        model.load_weights(path)
        models.append(model)
    for expected, received in pairs + [models]:
        assert len(expected.weights) > 10
        for a, b in zip(expected.get_weights(), received.get_weights(), strict=True):
            same(a, b)
    print("Keras loads written.keras and written.weights.h5")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    folder = parser.parse_args().folder
    if folder is None:
        folder = Path(tempfile.mkdtemp())
        subprocess.run(
            ["swift", "test", "-c", "release", "--skip-build", "--filter", "HDF5Tests.*filesForTheScript"],
            cwd=HERE.parent.parent, check=True, env=dict(os.environ, APUS_WRITTEN_WEIGHTS=str(folder)),
            stdout=subprocess.DEVNULL)
    check_torch(folder / "written.pth")
    check_hdf5(folder / "written.h5")
    check_keras(folder)


if __name__ == "__main__":
    main()
