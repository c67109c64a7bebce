#!/usr/bin/env python3
"""Makes the fixtures of augmented images and of generated data sets.

Needs numpy, scipy, torch, scikit-learn and safetensors.

    python make_augmentation_fixtures.py            # writes augmentations.safetensors beside this script
    python make_augmentation_fixtures.py --check    # recomputes and compares with the file that is there

Cases `affine-…`: `image` [H, W, C], a list of steps in the metadata, and `output`: one bilinear sampling of the image
where the steps, one after the other, move its pixels, with zeros beyond. Rotations are counter-clockwise in degrees
about the middle of the image, translations are [right, down] in pixels, zooms are factors. PyTorch's `grid_sample` (as
torchvision uses it for tensors) and SciPy's `affine_transform` compute it in float64 and must agree to 1e-9.

Cases `moons-N` and `circles-N-FACTOR`: `points` [N, 2] and `labels` [N] of scikit-learn without noise and without
shuffling.
"""
import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file
from scipy.ndimage import affine_transform
from sklearn.datasets import make_circles, make_moons

FILE = Path(__file__).parent / "augmentations.safetensors"

AFFINE = {
    "rotation": ([7, 9, 1], [["rotation", 25]]),
    "rotation-negative": ([8, 8, 3], [["rotation", -140]]),
    "quarter": ([6, 6, 2], [["rotation", 90]]),
    "translation": ([6, 8, 1], [["translation", [1.25, -2.5]]]),
    "whole-translation": ([6, 8, 3], [["translation", [2, -1]]]),
    "far-translation": ([5, 5, 1], [["translation", [4.75, 0]]]),
    "zoom-in": ([9, 6, 1], [["zoom", 1.3]]),
    "zoom-out": ([9, 6, 4], [["zoom", 0.6]]),
    "chain": ([10, 11, 3], [["rotation", 15], ["translation", [0.7, 1.4]], ["zoom", 1.15], ["rotation", -40]]),
    "image": ([28, 28, 1], [["rotation", -8], ["translation", [1.3, -0.6]], ["zoom", 0.93]]),
}


def matrix(step, value):
    """The 3 × 3 matrix that moves (x, y, 1), y down, from the middle of the image."""
    if step == "rotation":
        angle = np.deg2rad(value)
        return np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    if step == "translation":
        return np.array([[1, 0, value[0]], [0, 1, value[1]], [0, 0, 1]])
    return np.diag([value, value, 1])


def sampled(image, steps):
    height, width, channels = image.shape
    forward = np.eye(3)
    for step in steps:
        forward = matrix(*step) @ forward
    inverse = np.linalg.inv(forward)
    # SciPy: rows before columns, from the first pixel.
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    swapped = swap @ inverse @ swap
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    offset = middle + swapped[:2, 2] - swapped[:2, :2] @ middle
    first = np.stack(
        [
            affine_transform(image[..., c], swapped[:2, :2], offset, order=1, mode="grid-constant", prefilter=False)
            for c in range(channels)
        ],
        axis=-1,
    )
    # PyTorch: the image spans −1…1 along each axis.
    scale = np.diag([2 / width, 2 / height, 1])
    theta = scale @ inverse @ np.linalg.inv(scale)
    grid = F.affine_grid(torch.tensor(theta[None, :2]), [1, channels, height, width], align_corners=False)
    planes = torch.tensor(image).permute(2, 0, 1)[None]
    second = F.grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    second = second[0].permute(1, 2, 0).numpy()
    assert np.abs(first - second).max() < 1e-9 * np.abs(image).max(), np.abs(first - second).max()
    return first


def fixtures():
    tensors, about = {}, {}
    for name, (shape, steps) in AFFINE.items():
        random = np.random.default_rng(len(name) * 1000 + sum(shape))
        image = random.integers(0, 256, shape).astype(np.float64)
        case = f"affine-{name}"
        about[case] = {"steps": [{"name": step, "values": np.atleast_1d(value).tolist()} for step, value in steps]}
        tensors[f"{case}/image"] = image.astype(np.float32)
        tensors[f"{case}/output"] = sampled(image, steps).astype(np.float32)
    sets = {f"moons-{n}": make_moons(n, shuffle=False) for n in (10, 25)}
    sets |= {f"circles-{n}-{f}": make_circles(n, shuffle=False, factor=f) for n, f in ((10, 0.8), (25, 0.5))}
    for case, (points, labels) in sets.items():
        about[case] = {}
        tensors[f"{case}/points"] = np.ascontiguousarray(points, np.float32)
        tensors[f"{case}/labels"] = labels.astype(np.int32)
    return tensors, about


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    tensors, about = fixtures()
    if arguments.check:
        known = load_file(FILE)
        wrong = [name for name in tensors if name not in known or not np.allclose(tensors[name], known[name], atol=1e-5)]
        wrong += [name for name in known if name not in tensors]
        print("differ: " + ", ".join(wrong) if wrong else "the same")
        sys.exit(1 if wrong else 0)
    packages = ["numpy", "scipy", "torch", "scikit-learn", "safetensors"]
    text = {case: json.dumps(value, sort_keys=True) for case, value in about.items()}
    text["about"] = "augmented images and generated data sets; " + ", ".join(f"{p} {version(p)}" for p in packages)
    save_file(tensors, FILE, metadata=text)
    print(f"{FILE.name}: {len(about)} cases, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
