#!/usr/bin/env python3
"""Makes the fixtures of features that are computed from images.

Needs numpy, scikit-image and safetensors.

    python make_feature_fixtures.py            # writes features.safetensors beside this script
    python make_feature_fixtures.py --check    # recomputes and compares with the file that is there

Cases `hog-…`: `images` [N, H, W, C] and `features` [N, F], what scikit-image's `hog` gives with L2-Hys for the orientations, cell and
block in the metadata. Images are multiples of 1/8, so that no direction lies at a border between bins but where a gradient is along an
axis or a diagonal.
"""
import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from skimage.feature import hog

FILE = Path(__file__).parent / "features.safetensors"

HOG = {
    "standard": ([2, 24, 32, 1], 9, 8, 3),
    "small-cells": ([3, 28, 28, 1], 9, 4, 2),
    "rest": ([2, 15, 18, 1], 6, 5, 2),
    "colors": ([2, 16, 16, 3], 8, 4, 3),
    "single": ([1, 4, 4, 1], 4, 4, 1),
}


def make():
    random = np.random.default_rng(7)
    tensors, metadata = {}, {}
    for name, (shape, orientations, cell, block) in HOG.items():
        images = np.round(random.normal(size=shape) * 8) / 8
        images[0] = np.round(random.uniform(0, 255, size=shape[1:]))
        features = [
            hog(
                image if shape[3] > 1 else image[:, :, 0], orientations=orientations, pixels_per_cell=(cell, cell),
                cells_per_block=(block, block), block_norm="L2-Hys", channel_axis=-1 if shape[3] > 1 else None)
            for image in images]
        tensors[f"hog-{name}/images"] = images.astype(np.float32)
        tensors[f"hog-{name}/features"] = np.array(features).astype(np.float32)
        metadata[f"hog-{name}"] = json.dumps({"orientations": orientations, "cell": cell, "block": block})
    metadata["about"] = f"features of images; scikit-image {version('scikit-image')}, numpy {version('numpy')}"
    return tensors, metadata


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    tensors, metadata = make()
    if not parser.parse_args().check:
        save_file(tensors, FILE, metadata)
        return
    known = load_file(FILE)
    assert known.keys() == tensors.keys(), "other tensors"
    for name, tensor in tensors.items():
        if not np.allclose(known[name], tensor, rtol=1e-6, atol=1e-7):
            sys.exit(f"{name} differs")


main()
