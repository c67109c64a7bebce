#!/usr/bin/env python3
"""Compares how fast texts become numbers here and in the package tokenizers, on one thread.

    pip install tokenizers==0.23.3
    swift build -c release --product apus-text-bench

    python3 Benchmarks/tokenizers.py TEXTS tokenizer.json ...

TEXTS is a file of texts that each end with a zero byte. Both programs take turns; of each way the best of the rounds counts. Numbers that
differ are an error. Of tokenizers it is `encode` in a loop, `encode_batch` and `encode_batch_fast`, which makes no places of tokens.
"""
import os

os.environ["TOKENIZERS_PARALLELISM"], os.environ["RAYON_NUM_THREADS"] = "false", "1"

import argparse  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

# This file has the name of the package.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
from tokenizers import Tokenizer  # noqa: E402

PROGRAM = Path(__file__).resolve().parents[1] / ".build/release/apus-text-bench"


def seconds(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def rounds(tokenizer, file, texts_file, texts, count):
    """The best seconds of each way."""
    best = {}
    tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
    ways = {"encode": lambda: [tokenizer.encode(text).ids for text in texts],
            "encode_batch": lambda: tokenizer.encode_batch(texts),
            "encode_batch_fast": lambda: tokenizer.encode_batch_fast(texts)}
    for _ in range(count):
        line = subprocess.run([PROGRAM, "time", file, texts_file], capture_output=True, text=True, check=True).stdout.split()
        if int(line[1]) != tokens:
            sys.exit(f"{file}: {line[1]} tokens here, {tokens} there")
        best["apus"] = min(best.get("apus", 1e9), float(line[0]))
        for name, way in ways.items():
            best[name] = min(best.get(name, 1e9), seconds(way))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path)
    parser.add_argument("tokenizers", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts = [text.decode() for text in arguments.texts.read_bytes().split(b"\0")[:-1]]
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} texts, {size:.2f} MB")
    for file in arguments.tokenizers:
        best = rounds(Tokenizer.from_file(str(file)), file, arguments.texts, texts, arguments.rounds)
        peer = min(value for name, value in best.items() if name != "apus")
        rates = ", ".join(f"{name} {size / value:.2f} MB/s ({len(texts) / value:.0f} texts/s)" for name, value in best.items())
        print(f"{file.stem}: {rates}; ratio {peer / best['apus']:.2f}")


if __name__ == "__main__":
    main()
