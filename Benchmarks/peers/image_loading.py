#!/usr/bin/env python3
"""Images a second that torchvision or tf.data read from a folder.

    image_loading.py torchvision FOLDER SIZE BATCH SECONDS
    image_loading.py tensorflow FOLDER SIZE BATCH SECONDS

Decoded, resized with antialiasing whatever their proportions, mirrored half of the time, shuffled, in batches of bytes.
"""
import json
import os
import resource
import sys
import time


def processor_seconds():
    """Of this process and of those of its children that have ended."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def report(framework, version, mode, epoch, seconds):
    """Times whole passes; `epoch` goes through all images once and tells how many there were."""
    epoch()
    start, processor = time.perf_counter(), processor_seconds()
    images = 0
    while images == 0 or time.perf_counter() - start < seconds:
        images += epoch()
    elapsed = time.perf_counter() - start
    print(json.dumps({"framework": framework, "version": version, "mode": mode, "images_per_second": images / elapsed,
                      "cpu_ms_per_image": (processor_seconds() - processor) / images * 1e3}), flush=True)


def torchvision_modes(folder, size, batch, seconds):
    import torch
    import torchvision
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms import v2
    torch.set_num_threads(1)  # of each worker
    mirrored = v2.RandomHorizontalFlip()
    ways = {
        "pil": (None, v2.Compose([v2.Resize((size, size), antialias=True), mirrored, v2.PILToTensor()])),
        "tensor": (lambda path: decode_image(path, mode=ImageReadMode.RGB),
                   v2.Compose([v2.Resize((size, size), antialias=True), mirrored])),
    }
    for name, (loader, transform) in ways.items():
        arguments = {"loader": loader} if loader else {}
        data = torchvision.datasets.ImageFolder(folder, transform=transform, **arguments)
        for workers in (0, 1, 2):
            loading = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, num_workers=workers)
            report("torchvision", torchvision.__version__, f"{name}, {workers} workers",
                   lambda: sum(len(images) for images, _ in loading), seconds)


def tensorflow_modes(folder, size, batch, seconds):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf
    names = sorted(os.listdir(folder))
    files = [(os.path.join(folder, name, file), label) for label, name in enumerate(names)
             for file in sorted(os.listdir(os.path.join(folder, name)))]
    paths, labels = [path for path, _ in files], [label for _, label in files]

    def read(path, label):
        image = tf.image.decode_jpeg(tf.io.read_file(path), channels=3)
        image = tf.image.resize(image, (size, size), antialias=True)
        return tf.image.random_flip_left_right(tf.cast(image, tf.uint8)), label

    for name, calls in ("1 call", 1), ("2 calls", 2), ("autotune", tf.data.AUTOTUNE):
        data = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(len(paths))
        data = data.map(read, num_parallel_calls=calls).batch(batch).prefetch(tf.data.AUTOTUNE)
        report("tf.data", tf.__version__, name, lambda: sum(len(images) for images, _ in data), seconds)


if __name__ == "__main__":
    way, folder, size, batch, seconds = sys.argv[1:]
    modes = {"torchvision": torchvision_modes, "tensorflow": tensorflow_modes}[way]
    modes(folder, int(size), int(batch), float(seconds))
