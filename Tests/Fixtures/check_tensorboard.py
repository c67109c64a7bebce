#!/usr/bin/env python3
"""Reads event files with TensorBoard's own code and compares every value.

    python3 -m venv ENV && ENV/bin/pip install tensorboard
    swift build -c release --build-tests
    ENV/bin/python Tests/Fixtures/check_tensorboard.py

The files are written by the test `filesForTheScript`. They are read as records (checksums, and each message written again gives
the same bytes), by `EventAccumulator`, and by a TensorBoard server, with its data server and without.
"""

import collections
import glob
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

import numpy as np
from tensorboard import program
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BOUND = float(np.finfo(np.float32).max)
compared = collections.Counter()


def write(folder):
    """Lets the test write event files."""
    subprocess.run(
        ["swift", "test", "-c", "release", "--skip-build", "--filter", "filesForTheScript"],
        cwd=ROOT, check=True, env=dict(os.environ, APUS_TENSORBOARD=folder), stdout=subprocess.DEVNULL)


def expect(condition, *what):
    if not condition:
        sys.exit("differs: " + " ".join(map(str, what)))


def same(a, b):
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))


def scalar(text):
    """The number that the file should hold: in float32, finite if it was."""
    number = float(text)
    return float(np.float32(number if not math.isfinite(number) else max(-BOUND, min(BOUND, number))))


def check_records(folder):
    """Frames and messages, byte by byte."""
    for path in glob.glob(folder + "/**/events.out.tfevents.*", recursive=True):
        messages = list(RawEventFileLoader(path).Load())  # Checks the checksums.
        data, offset = open(path, "rb").read(), 0
        for index, message in enumerate(messages):
            (length,) = struct.unpack_from("<Q", data, offset)
            expect(data[offset + 12 : offset + 12 + length] == message, path, "record", index)
            offset += length + 16
            event = event_pb2.Event.FromString(message)
            expect(event.SerializeToString(deterministic=True) == message, path, "canonical bytes of record", index)
            expect((event.file_version == "brain.Event:2") == (index == 0), path, "version")
            expect(1.7e9 < event.wall_time < 1e11, path, "time", event.wall_time)
            compared["records"] += 1
        expect(offset == len(data), path, "length")


def check_accumulators(folder, expected):
    """What Python programs see."""
    for run, values in expected.items():
        accumulator = event_accumulator.EventAccumulator(
            os.path.join(folder, run), size_guidance={key: 0 for key in event_accumulator.DEFAULT_SIZE_GUIDANCE})
        accumulator.Reload()
        tags = accumulator.Tags()
        known = set(tags["scalars"] + tags["histograms"] + tags["images"] + tags["tensors"])
        expect(known == {value["tag"] for value in values}, run, "tags", known)
        found, counts = {}, collections.Counter()
        kinds = [("scalars", accumulator.Scalars), ("histograms", accumulator.Histograms),
                 ("images", accumulator.Images), ("tensors", accumulator.Tensors)]
        for kind, read in kinds:
            for tag in tags[kind]:
                for event in read(tag):
                    found[tag, event.step] = event
                    counts[tag, event.step] += 1
        for value in values:
            key = (value["tag"], value["step"])
            expect(counts[key] == 1, run, key, "appears", counts[key], "times")
            event = found.pop(key)
            if "scalar" in value:
                expect(same(event.value, scalar(value["scalar"])), run, key, event, value)
            elif "text" in value:
                expect(event.tensor_proto.string_val[0].decode() == value["text"], run, key, event, value)
            elif "histogram" in value:
                histogram = event.histogram_value
                numbers = [histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares]
                expect(numbers == value["numbers"], run, key, numbers, value)
                expect([histogram.bucket_limit, histogram.bucket] == value["histogram"], run, key, value)
            else:
                height, width, *pixels = value["image"]
                expect((event.height, event.width) == (height, width), run, key, "size")
                expect(gray_pixels(event.encoded_image_string) == pixels, run, key, "pixels")
            compared["values in Python"] += 1
        expect(not found, run, "has more than was written", list(found)[:5])


def gray_pixels(png):
    """The bytes of a small gray PNG whose rows are not filtered, or filtered by the row or pixel before."""
    expect(png[:8] == b"\x89PNG\r\n\x1a\n", "signature of the PNG")
    width, height = struct.unpack(">II", png[16:24])
    offset, packed = 8, b""
    while offset < len(png):
        (length,) = struct.unpack(">I", png[offset : offset + 4])
        if png[offset + 4 : offset + 8] == b"IDAT":
            packed += png[offset + 8 : offset + 8 + length]
        offset += length + 12
    raw, rows, before = zlib.decompress(packed), [], [0] * width
    for y in range(height):
        kind, *row = raw[y * (width + 1) : (y + 1) * (width + 1)]
        expect(kind <= 2, "filter of the PNG", kind)
        for x in range(width):
            if kind == 1 and x > 0:
                row[x] = (row[x] + row[x - 1]) % 256
            if kind == 2:
                row[x] = (row[x] + before[x]) % 256
        rows, before = rows + row, row
    return rows


def check_server(folder, expected, options):
    """What the browser is told."""
    board = program.TensorBoard()
    board.configure(argv=[None, "--logdir", folder, "--port", "0", "--samples_per_plugin",
                          "scalars=9999,histograms=9999,text=9999,images=9999"] + options)
    url = board.launch()

    def get(path, raw=False, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{url}data/plugin/{path}?{query}") as answer:
            content = answer.read()
        return content if raw else json.loads(content)

    def ready():
        try:
            runs = json.load(urllib.request.urlopen(url + "data/runs"))
            return set(runs) == set(expected) and all(
                tag in get("scalars/tags")[run] for run, tag in [("fit/validation", "epoch/accuracy"), ("values", "scalars/number")])
        except (urllib.error.URLError, KeyError):
            return False

    for _ in range(100):
        if ready():
            break
        time.sleep(0.2)
    expect(ready(), "the server does not know all runs")
    time.sleep(2)
    for run, values in expected.items():
        by_tag = collections.defaultdict(list)
        for value in values:
            by_tag[value["tag"]].append(value)
        for tag, values in by_tag.items():
            values.sort(key=lambda value: value["step"])
            if "scalar" in values[0]:
                points = get("scalars/scalars", tag=tag, run=run)
                expect([p[1] for p in points] == [v["step"] for v in values], options, run, tag, "steps", points)
                for point, value in zip(points, values):
                    # JSON has no NaN and ∞: the server sends words.
                    expect(same(float(point[2]), scalar(value["scalar"])) or float(point[2]) == scalar(value["scalar"]),
                           run, tag, point, value)
                    compared["values from servers"] += 1
            elif "histogram" in values[0]:
                points = get("histograms/histograms", tag=tag, run=run)
                expect([p[1] for p in points] == [v["step"] for v in values], run, tag, "steps")
                for point, value in zip(points, values):
                    # One of the two servers keeps empty intervals at both ends.
                    buckets = point[2]
                    filled = [i for i, bucket in enumerate(buckets) if bucket[2] > 0]
                    buckets = buckets[filled[0] : filled[-1] + 1] if filled else []
                    limits, counts = value["histogram"]
                    used = [i for i, count in enumerate(counts) if count > 0]
                    first, last = (used[0], used[-1]) if used else (0, -1)
                    expect([bucket[2] for bucket in buckets] == counts[first : last + 1], run, tag, buckets, counts)
                    if used:
                        edges = [value["numbers"][0]] + limits[first:last] + [value["numbers"][1]]
                        got = [bucket[0] for bucket in buckets] + [buckets[-1][1]]
                        expect([np.float32(edge) for edge in edges] == [np.float32(edge) for edge in got], run, tag, got, edges)
                    compared["values from servers"] += 1
            elif "text" in values[0]:
                points = get("text/text", tag=tag, run=run)
                for point, value in zip(points, values):
                    expect(point["step"] == value["step"], run, tag, point)
                    expect(f"<strong>{value['step']}</strong> – größer" in point["text"], run, tag, point, value)
                    compared["values from servers"] += 1
                expect(len(points) == len(values), run, tag, "number of texts", len(points))
            else:
                points = get("images/images", tag=tag, run=run, sample=0)
                expect([p["step"] for p in points] == [v["step"] for v in values], run, tag, "steps", points)
                for point, value in zip(points, values):
                    blob = urllib.request.urlopen(f"{url}data/plugin/images/individualImage?{point['query']}").read()
                    expect(gray_pixels(blob) == value["image"][2:], run, tag, "pixels")
                    compared["values from servers"] += 1


def main():
    folder = tempfile.mkdtemp(prefix="apus-tensorboard-")
    try:
        write(folder)
        expected = collections.defaultdict(list)
        for value in json.load(open(folder + "/expected.json"))["values"]:
            expected[value["run"]].append(value)
        check_records(folder)
        check_accumulators(folder, expected)
        for options in (["--load_fast=false"], ["--load_fast=true"]):
            check_server(folder, expected, options)
    finally:
        shutil.rmtree(folder)
    print(", ".join(f"{count} {what}" for what, count in compared.items()), "are as expected")


if __name__ == "__main__":
    main()
