#!/usr/bin/env python3
"""Times predictions of every network of the zoo that torchvision has too, here and there.

    swift build -c release --product apus
    python3 Benchmarks/zoo.py                       # a table; --help
    python3 Benchmarks/zoo.py --networks mobilenetV2,resnet50 --batch 16

Both have random weights and images of the network's published size. The programs take turns, a network in each; the medians of the
rounds count, and the best of PyTorch's ways.
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from programs import Failure, environment, lines_of, prepare
from report import table

HERE = Path(__file__).resolve().parent
PEER = HERE / "peers" / "torchvision_models.py"
#: What torchvision calls our networks.
NETWORKS = {
    "alexnet": "alexnet", **{f"vgg{depth}{end}": f"vgg{depth}{end.replace('-', '_')}" for depth in (11, 13, 16, 19) for end in ("", "-bn")},
    **{f"resnet{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
    "wide-resnet50-2": "wide_resnet50_2", "resnext50-32x4d": "resnext50_32x4d", "googlenet": "googlenet",
    "inceptionV3": "inception_v3", "squeezenet1.0": "squeezenet1_0", "squeezenet1.1": "squeezenet1_1",
    "mobilenetV2": "mobilenet_v2", "mobilenetV3-small": "mobilenet_v3_small", "mobilenetV3-large": "mobilenet_v3_large",
    "densenet121": "densenet121", "densenet169": "densenet169", "densenet201": "densenet201",
    "efficientnet-b0": "efficientnet_b0", "convnext-t": "convnext_tiny",
}


def parse():
    parser = argparse.ArgumentParser(description="Compares predictions of the zoo's networks with torchvision's.")
    parser.add_argument("--apus", type=Path, default=HERE.parent / ".build" / "release" / "apus",
                        help="our program (default: %(default)s)")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="comma-separated (default: all)")
    parser.add_argument("--batch", type=int, default=1, help="images of a prediction (default: 1)")
    parser.add_argument("--rounds", type=int, default=3, help="times that everything is measured (default: 3)")
    parser.add_argument("--seconds", type=float, default=1, help="to measure a network in one way (default: 1)")
    parser.add_argument("--modes", help="PyTorch's ways, comma-separated (default: all)")
    options = parser.parse_args()
    options.networks = options.networks.split(",")
    unknown = [name for name in options.networks if name not in NETWORKS]
    if unknown:
        parser.error(f"torchvision has no {', '.join(unknown)}; known are {', '.join(NETWORKS)}")
    if not options.apus.exists():
        parser.error(f"there is no program {options.apus}; build it with swift build -c release --product apus")
    return options


def here(name, size, options):
    """The milliseconds of a prediction."""
    command = [options.apus, "bench", name, "--input", f"{size},{size},3", "--batch-size", str(options.batch),
               "--seconds", str(options.seconds), "--inference", "--json"]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment())
    if result.returncode:
        raise Failure(result.stderr.strip())
    return json.loads(result.stdout)["inferenceMilliseconds"]


def main():
    options = parse()
    torchvision = prepare("pytorch")
    found = {}
    for number in range(options.rounds):
        for name in options.networks:
            print(f"round {number + 1}: {name}", file=sys.stderr)
            size = 299 if name == "inceptionV3" else 224
            times = found.setdefault(name, {})
            times.setdefault("apus", []).append(here(name, size, options))
            command = [torchvision, PEER, NETWORKS[name], size, options.batch, options.seconds]
            for line, _ in lines_of(command + ([options.modes] if options.modes else []), limit=600):
                if "error" in line:
                    print(f"{name}, {line['mode']}: {line['error']}", file=sys.stderr)
                else:
                    times.setdefault(line["mode"], []).append(line["median_ms"])
    rows = [["network", "Apus, ms", "PyTorch, ms", "how", "times as fast"]]
    for name, times in found.items():
        medians = {mode: statistics.median(values) for mode, values in times.items()}
        own = medians.pop("apus")
        if not medians:
            rows.append([name, f"{own:.2f}", "-", "every way failed", "-"])
            continue
        best = min(medians, key=medians.get)
        rows.append([name, f"{own:.2f}", f"{medians[best]:.2f}", best, f"{medians[best] / own:.2f}"])
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
