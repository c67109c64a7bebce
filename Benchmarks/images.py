#!/usr/bin/env python3
"""Images a second that are read, resized and mirrored, here, by torchvision and by tf.data.

    swift build -c release --product apus-image-bench
    make models                                     # the photographs
    python3 Benchmarks/images.py                    # a table; --help

The images are 256 parts of photographs, JPEG of 500×375 pixels, which are written to a temporary folder. All programs take turns; the
medians of the rounds count. Processor time is that of all threads and processes.
"""
import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import HOME, lines_of, prepare
from report import table

HERE = Path(__file__).resolve().parent
PHOTOGRAPHS = Path.home() / ".cache/apus/models/scikit-image-0.26.0"
WRITE = """
import random, sys
from pathlib import Path
from PIL import Image
folder, target, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
draw = random.Random(1)
for number, path in enumerate(sorted(folder.glob("*.png"))):
    photograph = Image.open(path).convert("RGB")
    (target / path.stem).mkdir()
    for index in range(number, count, 3):
        share = draw.uniform(0.6, 1)
        width = share * min(photograph.width, photograph.height * 4 / 3)
        left, top = draw.uniform(0, photograph.width - width), draw.uniform(0, photograph.height - width * 3 / 4)
        part = photograph.resize((500, 375), box=(left, top, left + width, top + width * 3 / 4))
        part.save(target / path.stem / f"{index}.jpg", quality=90)
"""


def parse():
    parser = argparse.ArgumentParser(description="Compares how fast images are read.")
    parser.add_argument("--apus", type=Path, default=HERE.parent / ".build" / "release" / "apus-image-bench",
                        help="our program (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="times that everything is measured (default: 3)")
    parser.add_argument("--seconds", type=float, default=3, help="to measure one way (default: 3)")
    parser.add_argument("--size", type=int, default=224, help="height and width of the samples (default: 224)")
    parser.add_argument("--batch", type=int, default=32, help="samples of a batch (default: 32)")
    options = parser.parse_args()
    if not options.apus.exists():
        parser.error(f"there is no program {options.apus}; build it with swift build -c release --product apus-image-bench")
    if not list(PHOTOGRAPHS.glob("*.png")):
        parser.error(f"there are no photographs in {PHOTOGRAPHS}; fetch them with make models")
    return options


def main():
    options = parse()
    torchvision, keras = prepare("pytorch"), prepare("keras")
    HOME.mkdir(parents=True, exist_ok=True)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([torchvision, "-c", WRITE, PHOTOGRAPHS, folder, "256"], check=True)
        given = [folder, options.size, options.batch, options.seconds]
        peer = HERE / "peers" / "image_loading.py"
        programs = {"apus": [options.apus, *given], "torchvision": [torchvision, peer, "torchvision", *given],
                    "tf.data": [keras, peer, "tensorflow", *given]}
        for number in range(options.rounds):
            for program, command in programs.items():
                print(f"round {number + 1}: {program}", file=sys.stderr)
                for line, _ in lines_of(command, limit=300):
                    found.setdefault((line["framework"], line["mode"]), []).append(line)
    rows = [["program", "how", "images/s", "processor time, ms an image"]]
    for (framework, mode), lines in found.items():
        def median(key):
            return statistics.median(line[key] for line in lines)
        rows.append([framework, mode, f"{median('images_per_second'):.0f}", f"{median('cpu_ms_per_image'):.2f}"])
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
