"""The numbers with which every framework starts, so that their first losses are equal when they do the same work.

The same as ApusWorkloads/StartValues.swift: a number is a function of its stream and its place alone. Stream 0 is the inputs,
1 the labels, 2 and on the kernels in the order of their layers, a residual body before its shortcut,
the kernel of an LSTM's inputs before that of its state, those of attention in the order query, key, value, output.
"""
import numpy as np


def bits(stream, count):
    """The bits at the first places of a stream, mixed by lowbias32 of Wellons, "Prospecting for hash functions" (2018)."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(stream * 0x9E3779B9 % 2**32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def uniform(stream, shape, limit):
    """Uniform numbers between the limit and its negative."""
    numbers = bits(stream, int(np.prod(shape))) >> np.uint32(8)
    return ((numbers / 2.0**23 - 1) * limit).astype(np.float32).reshape(shape)


def batch(workload):
    """Inputs of variance 1 ([N, H, W, C] for images) and labels from 0 to 9; or tokens, and a token as the label of each."""
    if workload.vocabulary:
        shape = (workload.batch, *workload.input)
        return tuple((bits(stream, int(np.prod(shape))) % workload.vocabulary).astype(np.int32).reshape(shape)
                     for stream in (0, 1))
    inputs = uniform(0, (workload.batch, *workload.input), 3**0.5)
    return inputs, (bits(1, workload.batch) % 10).astype(np.int32)


class Kernels:
    """The kernels of a network one after the other, drawn as He et al. (2015) do, uniformly."""

    def __init__(self):
        self.count = 0

    def next(self, shape):
        """The next kernel: [inputs, outputs], or [height, width, inputs, outputs]."""
        self.count += 1
        return uniform(1 + self.count, shape, (6 / int(np.prod(shape[:-1]))) ** 0.5)
