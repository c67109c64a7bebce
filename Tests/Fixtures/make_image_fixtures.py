#!/usr/bin/env python3
"""Makes the fixtures of image files: images/*.png, images/*.jpg and images.npz, which holds what they must be read as.

    pip install numpy==2.4.6 pillow==13.0.0

    python make_image_fixtures.py            # writes images/ and images.npz beside this script
    python make_image_fixtures.py --check    # recomputes and compares with the files that are there

PNG files are written here by hand, because Pillow writes neither interlaced ones nor all depths; what they must be read
as follows from the samples, and Pillow must agree wherever it reads the sort without loss. JPEG files are written and
read by Pillow, as are resized images.

images.npz: NAME is the image [height, width, channels] of images/NAME.{png,jpg}; `NAME/scaled-D` the same decoded
smaller by D; `resize/SOURCE-HxW` the image of images/SOURCE.png resized.
"""
import argparse
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).parent
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
TYPES = {"gray": (0, 1), "rgb": (2, 3), "palette": (3, 1), "gray-alpha": (4, 2), "rgba": (6, 4)}


def lines(samples, depth, start):
    """The rows of one pass, each with a filter: none, sub or up in turn."""
    height, width, channels = samples.shape
    unit = max(1, channels * depth // 8)
    data, previous = b"", None
    for y in range(height):
        row = samples[y].reshape(-1)
        if depth == 16:
            raw = row.astype(">u2").tobytes()
        else:
            bits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
            raw = np.packbits(bits.reshape(-1)).tobytes()
        line = np.frombuffer(raw, np.uint8)
        kind = (y + start) % 3
        if kind == 1:
            left = np.concatenate([np.zeros(unit, np.uint8), line[:-unit]]) if len(line) > unit else np.zeros_like(line)
            stored = line - left
        elif kind == 2:
            stored = line - (previous if previous is not None else 0)
        else:
            stored = line
        data += bytes([kind]) + stored.astype(np.uint8).tobytes()
        previous = line
    return data


def png(samples, sort, depth, interlaced=False, palette=None, transparent=None):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, _ = samples.shape
    kind, _ = TYPES[sort]
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    data = b"".join(lines(part, depth, start) for start, part in enumerate(passes) if part.size)
    compressed = zlib.compress(data, 9)
    half = len(compressed) // 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced)))
        + chunk(b"gAMA", struct.pack(">I", 45455))
        + chunk(b"tEXt", b"Comment\0not read")
        + (chunk(b"PLTE", palette.astype(np.uint8).tobytes()) if palette is not None else b"")
        + (chunk(b"tRNS", transparent) if transparent is not None else b"")
        + chunk(b"IDAT", compressed[:half])
        + chunk(b"IDAT", compressed[half:])
        + chunk(b"IEND", b"")
    )


def eight(samples, depth):
    return np.round(samples / (2**depth - 1) * 255)


def over_white(color, alpha):
    return np.round(255 + (color - 255) * alpha / 255)


def smooth(height, width, channels, seed):
    """A picture with slopes, an edge and a little noise."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 90 * np.sin(x / (3 + c) + y / (5 - c)) + 40 * (x > y + 4 * c) for c in range(channels)]
    noise = np.random.default_rng(seed).integers(-8, 8, (height, width, channels))
    return np.clip(np.stack(planes, -1) - 20 + noise, 0, 255).astype(np.uint8)


def make():
    files, arrays = {}, {}
    random = np.random.default_rng(7)
    size = (11, 13)
    for sort, depths in {"gray": [1, 2, 4, 8, 16], "rgb": [8, 16], "gray-alpha": [8, 16], "rgba": [8, 16]}.items():
        for depth in depths:
            for interlaced in [False, True]:
                samples = random.integers(0, 2**depth, (*size, TYPES[sort][1]))
                name = f"{sort}-{depth}" + ("-interlaced" if interlaced else "")
                files[f"{name}.png"] = png(samples, sort, depth, interlaced)
                result = eight(samples, depth)
                if sort in ["gray-alpha", "rgba"]:
                    arrays[f"{name}/dropped"] = result[..., :-1]
                    result = over_white(result[..., :-1], result[..., -1:])
                arrays[name] = result
    for depth in [1, 4, 8]:
        palette = random.integers(0, 256, (2**depth, 3))
        samples = random.integers(0, 2**depth, (*size, 1))
        files[f"palette-{depth}.png"] = png(samples, "palette", depth, palette=palette)
        arrays[f"palette-{depth}"] = palette[samples[..., 0]]
    alpha = random.integers(0, 256, 100)
    files["palette-transparent.png"] = png(samples, "palette", 8, True, palette, alpha.astype(np.uint8).tobytes())
    alpha = np.concatenate([alpha, np.full(156, 255)])[samples]
    arrays["palette-transparent"] = over_white(palette[samples[..., 0]], alpha)
    samples = random.integers(0, 3, (*size, 1)) * 100
    files["gray-transparent.png"] = png(samples, "gray", 8, transparent=struct.pack(">H", 100))
    arrays["gray-transparent"] = np.where(samples == 100, 255, samples)

    def jpeg(name, image, expected=None, **options):
        stream = io.BytesIO()
        image.save(stream, "JPEG", **options)
        files[f"{name}.jpg"] = stream.getvalue()
        read = Image.open(io.BytesIO(stream.getvalue()))
        arrays[name] = np.array(expected(read) if expected else read)

    color = Image.fromarray(smooth(29, 43, 3, 1))
    gray = Image.fromarray(smooth(29, 43, 1, 2)[..., 0])
    jpeg("jpeg-gray", gray, quality=90)
    jpeg("jpeg-444", color, quality=90, subsampling=0)
    jpeg("jpeg-420", color, quality=80, subsampling=2)
    jpeg("jpeg-progressive", color, quality=80, subsampling=2, progressive=True)
    jpeg("jpeg-restart", color, quality=80, restart_marker_rows=1)
    jpeg("jpeg-cmyk", Image.fromarray(smooth(16, 16, 4, 3), "CMYK"), lambda image: image.convert("RGB"), quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        jpeg(f"jpeg-orientation-{orientation}", color.resize((16, 8)), ImageOps.exif_transpose, exif=exif, quality=90)
    for denominator in [2, 4, 8]:
        image = Image.open(io.BytesIO(files["jpeg-420.jpg"]))
        image.draft("RGB", (43 // denominator, 29 // denominator))
        arrays[f"jpeg-420/scaled-{denominator}"] = np.array(image)
        assert image.size == (-(-43 // denominator), -(-29 // denominator)), image.size

    for name, image in [("resize-rgb", smooth(37, 53, 3, 4)), ("resize-gray", smooth(37, 53, 1, 5))]:
        stream = io.BytesIO()
        Image.fromarray(image if image.shape[2] == 3 else image[..., 0]).save(stream, "PNG")
        files[f"{name}.png"] = stream.getvalue()
        arrays[name] = image
        for height, width in [(37, 53), (16, 16), (8, 53), (37, 20), (74, 106), (50, 31), (1, 1), (5, 90), (36, 52)]:
            resized = Image.fromarray(image.squeeze()).resize((width, height), Image.BILINEAR)
            arrays[f"resize/{name}-{height}x{width}"] = np.array(resized)
    arrays["converted/resize-rgb"] = np.array(Image.fromarray(arrays["resize-rgb"]).convert("L"))

    arrays = {name: np.atleast_3d(array).astype(np.uint8) for name, array in arrays.items()}
    check_with_pillow(files, arrays)
    return files, arrays


def check_with_pillow(files, arrays):
    for name in arrays:
        if f"{name}.png" not in files or "-16" in name:
            continue
        image = Image.open(io.BytesIO(files[f"{name}.png"]))
        if "alpha" in name or "rgba" in name or "transparent" in name:
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image.convert("RGBA"))
        mode = "L" if arrays[name].shape[2] == 1 else "RGB"
        read = np.atleast_3d(np.array(image.convert(mode))).astype(int)
        assert np.abs(read - arrays[name]).max() <= 1, name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    files, arrays = make()
    if check:
        stored = np.load(HERE / "images.npz")
        same = set(stored.files) == set(arrays) and all(np.array_equal(stored[k], arrays[k]) for k in arrays)
        same = same and all((HERE / "images" / name).read_bytes() == data for name, data in files.items())
        sys.exit(0 if same else "the files differ from what is computed now")
    (HERE / "images").mkdir(exist_ok=True)
    for name, data in files.items():
        (HERE / "images" / name).write_bytes(data)
    np.savez_compressed(HERE / "images.npz", **arrays)


main()
