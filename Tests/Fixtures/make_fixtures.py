#!/usr/bin/env python3
"""Makes the fixtures in this folder: what Keras and PyTorch compute for layers, losses, optimizers and initializers.

The tests only read the files; this script is needed to regenerate or extend them. It needs Python 3.11 or newer and

    pip install torch==2.15.0 keras==3.15.1 tensorflow-cpu==2.21.0 safetensors==0.8.0 numpy==2.4.6

    python make_fixtures.py            # writes *.safetensors beside this script
    python make_fixtures.py --check    # recomputes and compares with the files that are there

Every input is a float32 value. Keras (on TensorFlow) computes in float64, PyTorch confirms the result in float64
wherever it has the same definition, and the result is rounded to float32 once, at the end. Random inputs keep a
distance from the kinks of ReLU and from ties in pooling windows, so that float32 takes the same branches.
README.md describes the files.
"""
import argparse
import gzip
import json
import math
import os
import sys
import zlib
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
sys.modules["triton"] = None  # PyTorch's optional compiler and TensorFlow bring two LLVMs that cannot share a process

import keras
import numpy as np
import safetensors
import safetensors.numpy
import tensorflow as tf
import torch
import torch.nn.functional as F

keras.config.set_floatx("float64")
torch.set_default_dtype(torch.float64)

VERSIONS = {
    "keras": keras.__version__,
    "tensorflow": tf.__version__,
    "torch": torch.__version__.split("+")[0],
    "numpy": np.__version__,
    "safetensors": safetensors.__version__,
}


# ---------------------------------------------------------------------------------------------------------------------
# Collecting and saving


class Fixture:
    """The tensors and the case descriptions of one file."""

    def __init__(self, name, about):
        self.name = name
        self.tensors = {}
        self.metadata = {"about": json.dumps({"description": about, "versions": VERSIONS})}

    def add(self, case, description, tensors):
        """Adds `CASE/NAME` for each named tensor; integers become int32, everything else float32."""
        self.metadata[case] = json.dumps(description)
        for name, value in flattened(tensors):
            value = np.asarray(value)
            kind = np.int32 if np.issubdtype(value.dtype, np.integer) else np.float32
            assert np.isfinite(value).all(), f"{self.name}: {case}/{name} is not finite"
            self.tensors[f"{case}/{name}"] = np.array(value, dtype=kind, order="C")

    def save(self, folder, limit):
        path = folder / f"{self.name}.safetensors"
        safetensors.numpy.save_file(self.tensors, path, metadata=self.metadata)
        sort_header(path)
        path.chmod(0o644)
        size = path.stat().st_size
        assert size < limit, f"{path.name}: {size} bytes, over the limit of {limit}"
        print(f"{path.name}: {len(self.metadata) - 1} cases, {len(self.tensors)} tensors, {size / 1000:.0f} KB")

    def check(self, folder):
        path = folder / f"{self.name}.safetensors"
        with safetensors.safe_open(path, "np") as file:
            stored = {key: file.get_tensor(key) for key in file.keys()}
            metadata = dict(file.metadata())
        assert stored.keys() == self.tensors.keys(), f"{path.name}: other tensors"
        for key, value in self.tensors.items():
            np.testing.assert_allclose(stored[key], value, rtol=1e-5, atol=1e-7, err_msg=f"{path.name}: {key}")
        for case in self.metadata.keys() - {"about"}:
            assert metadata.get(case) == self.metadata[case], f"{path.name}: {case} has another description"
        print(f"{path.name}: as stored")


def sort_header(path):
    """Rewrites the header with sorted keys: the package writes metadata in random order, and a file should only change
    when its contents do."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[end:])


def flattened(tensors, prefix=""):
    for name, value in tensors.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value


def generator(name, attempt=0):
    return np.random.default_rng([zlib.crc32(name.encode()), attempt])


def normal(random, *shape, scale=1.0):
    """Normal values that are exact in float32."""
    return (random.standard_normal(shape) * scale).astype(np.float32).astype(np.float64)


def distinct(random, *shape):
    """Values from -2 to 2, no two closer than 4 / count: no ties, no near ties, none near zero."""
    count = math.prod(shape)
    values = (random.permutation(count) + 0.5) / count * 4 - 2
    return values.reshape(shape).astype(np.float32).astype(np.float64)


def same(mine, other, what, tolerance=1e-10):
    """Stops unless two results agree; `mine` is Keras's, `other` PyTorch's."""
    mine, other = np.asarray(mine), np.asarray(other)
    scale = max(1.0, float(np.abs(other).max()))
    assert mine.shape == other.shape, f"{what}: {mine.shape} and {other.shape}"
    difference = float(np.abs(mine - other).max()) / scale
    assert difference <= tolerance, f"{what}: Keras and PyTorch differ by {difference}"


# ---------------------------------------------------------------------------------------------------------------------
# Running both frameworks: function(named tensors) -> output, and the gradients of sum(output * r)


def with_keras(function, values, r=None):
    tensors = {name: tf.constant(value) for name, value in values.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        output = function(tensors)
        total = output if r is None else tf.reduce_sum(output * r)
    return output.numpy(), {name: g.numpy() for name, g in tape.gradient(total, tensors).items()}


def with_pytorch(function, values, r=None):
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    output = function(tensors)
    (output if r is None else (output * torch.tensor(r)).sum()).backward()
    return output.detach().numpy(), {name: t.grad.numpy() for name, t in tensors.items()}


def differentiated(case, values, in_keras, in_pytorch, tolerance=1e-10):
    """The tensors of a case: the values, r, the output and the gradients, on which both frameworks must agree."""
    r = normal(generator(case + "/r"), *in_keras({n: tf.constant(v) for n, v in values.items()}).shape)
    output, gradients = with_keras(in_keras, values, r)
    other, other_gradients = with_pytorch(in_pytorch, values, r)
    same(output, other, f"{case}: output", tolerance)
    for name in gradients:
        same(gradients[name], other_gradients[name], f"{case}: gradient of {name}", tolerance)
    return {**values, "r": r, "output": output, "gradient": gradients}


def stateless(layer, variables):
    """A Keras layer as a function of `input` and of its named variables, given in Keras's order."""
    return lambda t: layer.stateless_call([t[name] for name in variables], [], t["input"])[0]


def clear_of_zero(values, distance=1e-3):
    return float(np.abs(values).min()) > distance


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def same_padding(sizes, windows, strides):
    """Padding (before, after) per axis so that the output has ceil(size / stride) elements; the odd one goes after."""
    amounts = [max((-(-n // s) - 1) * s + w - n, 0) for n, w, s in zip(sizes, windows, strides)]
    return [(a // 2, a - a // 2) for a in amounts]


# ---------------------------------------------------------------------------------------------------------------------
# Layers


PYTORCH_ACTIVATION = {None: lambda x: x, "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


def dense():
    fixture = Fixture("dense", "output = activation(input x kernel + bias)")
    cases = {
        "linear": dict(),
        "linear-without-bias": dict(useBias=False),
        "relu": dict(activation="relu"),
        "relu-without-bias": dict(activation="relu", useBias=False),
        "sigmoid": dict(activation="sigmoid"),
        "tanh": dict(activation="tanh"),
        "odd-sizes": dict(input=[17], units=33, batch=5, activation="relu"),
        "one-unit": dict(input=[7], units=1, batch=1),
        "sequence": dict(input=[3, 7], units=4, batch=2, activation="tanh"),
    }
    for case, options in cases.items():
        d = {"layer": "Dense", "input": [6], "units": 5, "batch": 4, "useBias": True, "activation": None, **options}
        for attempt in range(100):
            random = generator(f"dense/{case}", attempt)
            values = {"input": normal(random, d["batch"], *d["input"]),
                      "kernel": normal(random, d["input"][-1], d["units"], scale=0.5)}
            if d["useBias"]:
                values["bias"] = normal(random, d["units"], scale=0.5)
            if clear_of_zero(values["input"] @ values["kernel"] + values.get("bias", 0)):
                break
        layer = keras.layers.Dense(d["units"], activation=d["activation"], use_bias=d["useBias"])
        layer.build(values["input"].shape)
        activation = PYTORCH_ACTIVATION[d["activation"]]
        fixture.add(case, d, differentiated(
            f"dense/{case}", values, stateless(layer, list(values)[1:]),
            lambda t: activation(F.linear(t["input"], t["kernel"].T, t.get("bias")))))
    return fixture


def convolution_case(fixture, case, options):
    d = {"layer": "Conv2D", "batch": 2, "useBias": True, "activation": None, "strides": [1, 1], "dilation": [1, 1],
         "groups": 1, "padding": "valid", **options}
    in_channels = d["input"][2]
    layer = keras.layers.Conv2D(
        d["filters"], d["kernelSize"], strides=d["strides"], padding=d["padding"], dilation_rate=d["dilation"],
        groups=d["groups"], activation=d["activation"], use_bias=d["useBias"])
    layer.build((d["batch"], *d["input"]))
    activation = PYTORCH_ACTIVATION[d["activation"]]

    def preactivation(t):
        x = channels_first(t["input"])
        if d["padding"] == "same":
            windows = [(k - 1) * e + 1 for k, e in zip(d["kernelSize"], d["dilation"])]
            (top, bottom), (left, right) = same_padding(d["input"], windows, d["strides"])
            x = F.pad(x, (left, right, top, bottom))
        return channels_last(F.conv2d(
            x, t["kernel"].permute(3, 2, 0, 1), t.get("bias"), stride=d["strides"], dilation=d["dilation"],
            groups=d["groups"]))

    fan_in = math.prod(d["kernelSize"]) * in_channels // d["groups"]
    for attempt in range(1000):
        random = generator(f"conv2d/{case}", attempt)
        values = {"input": normal(random, d["batch"], *d["input"]),
                  "kernel": normal(random, *d["kernelSize"], in_channels // d["groups"], d["filters"],
                                   scale=fan_in ** -0.5)}
        if d["useBias"]:
            values["bias"] = normal(random, d["filters"], scale=0.5)
        before = preactivation({name: torch.tensor(value) for name, value in values.items()}).numpy()
        if d["activation"] != "relu" or clear_of_zero(before, 1e-3 if before.size < 1000 else 1e-4):
            break
    else:
        raise AssertionError(f"{case}: no input found whose activations stay clear of zero")
    fixture.add(case, d, differentiated(
        f"conv2d/{case}", values, stateless(layer, list(values)[1:]), lambda t: activation(preactivation(t))))


def conv2d():
    fixture = Fixture("conv2d", "output = activation(convolution(input, kernel) + bias); N H W C, kernel H W I O")
    cases = {
        "valid-3x3": dict(input=[7, 6, 3], filters=4, kernelSize=[3, 3]),
        "same-3x3": dict(input=[7, 6, 3], filters=4, kernelSize=[3, 3], padding="same"),
        "same-3x3-relu": dict(input=[7, 6, 3], filters=4, kernelSize=[3, 3], padding="same", activation="relu"),
        "valid-3x3-without-bias": dict(input=[6, 7, 2], filters=3, kernelSize=[3, 3], useBias=False),
        "valid-3x3-tanh": dict(input=[5, 5, 2], filters=3, kernelSize=[3, 3], activation="tanh"),
        "valid-3x3-sigmoid": dict(input=[5, 5, 2], filters=3, kernelSize=[3, 3], activation="sigmoid"),
        "same-5x5-one-channel": dict(input=[9, 7, 1], filters=6, kernelSize=[5, 5], padding="same",
                                     activation="relu"),
        "valid-5x5": dict(input=[9, 7, 6], filters=5, kernelSize=[5, 5], activation="relu"),
        "valid-stride-2-odd": dict(input=[7, 9, 3], filters=4, kernelSize=[3, 3], strides=[2, 2]),
        "valid-stride-2-rest": dict(input=[8, 10, 3], filters=4, kernelSize=[3, 3], strides=[2, 2]),
        "same-stride-2-odd": dict(input=[7, 5, 3], filters=4, kernelSize=[3, 3], strides=[2, 2], padding="same"),
        "same-stride-2-even": dict(input=[8, 6, 3], filters=4, kernelSize=[3, 3], strides=[2, 2], padding="same"),
        "same-7x7-stride-2": dict(input=[11, 10, 3], filters=4, kernelSize=[7, 7], strides=[2, 2], padding="same"),
        "valid-1x1": dict(input=[5, 4, 6], filters=3, kernelSize=[1, 1]),
        "same-1x1-stride-2": dict(input=[7, 6, 4], filters=5, kernelSize=[1, 1], strides=[2, 2], padding="same"),
        "valid-dilation-2": dict(input=[8, 9, 3], filters=4, kernelSize=[3, 3], dilation=[2, 2]),
        "same-dilation-2": dict(input=[7, 6, 3], filters=4, kernelSize=[3, 3], dilation=[2, 2], padding="same"),
        "same-groups-2": dict(input=[6, 5, 4], filters=6, kernelSize=[3, 3], groups=2, padding="same"),
        "valid-groups-2-stride-2": dict(input=[7, 6, 4], filters=6, kernelSize=[3, 3], groups=2, strides=[2, 2]),
        "same-depthwise": dict(input=[6, 5, 4], filters=4, kernelSize=[3, 3], groups=4, padding="same"),
        "same-depthwise-multiplier-2": dict(input=[6, 5, 3], filters=6, kernelSize=[3, 3], groups=3,
                                            padding="same"),
        "same-2x2": dict(input=[5, 6, 3], filters=4, kernelSize=[2, 2], padding="same"),
        "same-4x4-stride-2": dict(input=[7, 8, 2], filters=3, kernelSize=[4, 4], strides=[2, 2], padding="same"),
        "same-3x5-stride-2x1": dict(input=[8, 7, 2], filters=3, kernelSize=[3, 5], strides=[2, 1], padding="same"),
        "whole-image": dict(input=[4, 3, 3], filters=5, kernelSize=[4, 3]),
        "window-larger-than-image": dict(input=[2, 3, 2], filters=3, kernelSize=[5, 5], padding="same"),
        "seventeen-channels": dict(input=[5, 5, 17], filters=19, kernelSize=[3, 3], padding="same", batch=1),
    }
    for case, options in cases.items():
        convolution_case(fixture, case, options)
    return fixture


def conv2d_wide():
    fixture = Fixture("conv2d-wide", "As conv2d, with enough channels for kernels that work on whole vectors")
    convolution_case(fixture, "same-3x3-32-channels", dict(
        input=[7, 9, 32], filters=32, kernelSize=[3, 3], padding="same", batch=1, activation="relu"))
    convolution_case(fixture, "valid-3x3-32-channels", dict(
        input=[6, 6, 32], filters=16, kernelSize=[3, 3], batch=1))
    return fixture


def pooling():
    fixture = Fixture("pooling", "Padding counts neither as a maximum nor in an average")
    layers = {"MaxPool2D": keras.layers.MaxPooling2D, "AveragePool2D": keras.layers.AveragePooling2D}
    cases = {
        "2-2": dict(input=[6, 8, 3], poolSize=[2, 2], strides=[2, 2], padding="valid"),
        "2-2-rest": dict(input=[7, 5, 3], poolSize=[2, 2], strides=[2, 2], padding="valid"),
        "3-2": dict(input=[7, 9, 3], poolSize=[3, 3], strides=[2, 2], padding="valid"),
        "3-2-rest": dict(input=[8, 6, 2], poolSize=[3, 3], strides=[2, 2], padding="valid"),
        "2-2-same-odd": dict(input=[7, 5, 3], poolSize=[2, 2], strides=[2, 2], padding="same"),
        "3-2-same-even": dict(input=[8, 6, 3], poolSize=[3, 3], strides=[2, 2], padding="same"),
        "3-2-same-odd": dict(input=[7, 5, 3], poolSize=[3, 3], strides=[2, 2], padding="same"),
        "3-1-same": dict(input=[5, 6, 2], poolSize=[3, 3], strides=[1, 1], padding="same"),
        "3x2-2x1": dict(input=[7, 6, 3], poolSize=[3, 2], strides=[2, 1], padding="valid"),
        "2-3-gaps": dict(input=[8, 8, 2], poolSize=[2, 2], strides=[3, 3], padding="valid"),
        "17-channels": dict(input=[4, 4, 17], poolSize=[2, 2], strides=[2, 2], padding="valid"),
    }
    for kind, make in layers.items():
        for name, options in cases.items():
            d = {"layer": kind, "batch": 2, **options}
            case = ("max-" if kind == "MaxPool2D" else "average-") + name
            values = {"input": distinct(generator(f"pooling/{case}"), d["batch"], *d["input"])}
            layer = make(d["poolSize"], strides=d["strides"], padding=d["padding"])

            def in_pytorch(t, d=d, kind=kind):
                x = channels_first(t["input"])
                (top, bottom), (left, right) = (
                    same_padding(d["input"], d["poolSize"], d["strides"]) if d["padding"] == "same" else [(0, 0)] * 2)
                pads = (left, right, top, bottom)
                if kind == "MaxPool2D":
                    return channels_last(F.max_pool2d(F.pad(x, pads, value=-math.inf), d["poolSize"], d["strides"]))
                total = F.avg_pool2d(F.pad(x, pads), d["poolSize"], d["strides"])
                return channels_last(total / F.avg_pool2d(F.pad(torch.ones_like(x), pads), d["poolSize"], d["strides"]))

            fixture.add(case, d, differentiated(f"pooling/{case}", values, lambda t: layer(t["input"]), in_pytorch))
    return fixture


def batch_norm():
    fixture = Fixture("batch-norm", "output = (input - mean) / sqrt(variance + epsilon) * scale + offset per channel; "
                      "training uses the batch's mean and biased variance; "
                      "running = momentum * running + (1 - momentum) * batch")
    cases = {
        "training": dict(input=[5, 4, 3], batch=4),
        "training-dense": dict(input=[6], batch=8),
        "training-momentum-0.9": dict(input=[3, 3, 5], batch=3, momentum=0.9, epsilon=1e-5),
        "training-far-from-zero": dict(input=[4, 4, 2], batch=4, shift=20.0),
        "inference": dict(input=[5, 4, 3], batch=4, mode="inference"),
        "inference-dense": dict(input=[6], batch=3, mode="inference"),
    }
    for case, options in cases.items():
        d = {"layer": "BatchNorm", "momentum": 0.99, "epsilon": 1e-3, "mode": "training", "shift": 0.0, **options}
        random = generator(f"batch-norm/{case}")
        channels = d["input"][-1]
        values = {"input": normal(random, d["batch"], *d["input"], scale=1.5) + d["shift"],
                  "scale": normal(random, channels, scale=0.2) + 1, "offset": normal(random, channels, scale=0.5)}
        values = {name: value.astype(np.float32).astype(np.float64) for name, value in values.items()}
        statistics = {"runningMean": normal(random, channels, scale=0.3),
                      "runningVariance": np.abs(normal(random, channels)) + 0.5}
        statistics = {name: value.astype(np.float32).astype(np.float64) for name, value in statistics.items()}
        layer = keras.layers.BatchNormalization(momentum=d["momentum"], epsilon=d["epsilon"])
        layer.build(values["input"].shape)
        training = d["mode"] == "training"

        def in_keras(t):
            output, _ = layer.stateless_call(
                [t["scale"], t["offset"]], list(map(tf.constant, statistics.values())), t["input"], training=training)
            return output

        def in_pytorch(t):
            x = t["input"].reshape(-1, channels)
            mean, variance = (torch.tensor(value) for value in statistics.values())
            return F.batch_norm(x, mean, variance, t["scale"], t["offset"], training=training,
                                eps=d["epsilon"]).reshape(t["input"].shape)

        tensors = differentiated(f"batch-norm/{case}", values, in_keras, in_pytorch)
        tensors.update(statistics)
        if training:
            _, updated = layer.stateless_call(
                [values["scale"], values["offset"]], list(statistics.values()), values["input"], training=True)
            rows = values["input"].reshape(-1, channels)
            expected = [d["momentum"] * old + (1 - d["momentum"]) * new
                        for old, new in zip(statistics.values(), (rows.mean(0), rows.var(0)))]
            for new, other in zip(updated, expected):
                same(new, other, f"{case}: running statistics")
            tensors["updated"] = dict(zip(statistics, map(np.asarray, updated)))
        fixture.add(case, d, tensors)
    return fixture


def layer_norm():
    fixture = Fixture("layer-norm", "output = (input - mean) / sqrt(variance + epsilon) * scale + offset, mean and "
                      "biased variance over the given trailing axes of each sample")
    cases = {
        "last-axis": dict(input=[7], batch=4, axes=[-1]),
        "last-axis-epsilon-1e-5": dict(input=[7], batch=4, axes=[-1], epsilon=1e-5),
        "sequence": dict(input=[5, 6], batch=2, axes=[-1]),
        "channels-of-image": dict(input=[3, 4, 5], batch=2, axes=[-1]),
        "whole-image": dict(input=[3, 4, 2], batch=2, axes=[-3, -2, -1]),
    }
    for case, options in cases.items():
        d = {"layer": "LayerNorm", "epsilon": 1e-3, **options}
        random = generator(f"layer-norm/{case}")
        shape = d["input"][len(d["input"]) - len(d["axes"]):]
        values = {"input": normal(random, d["batch"], *d["input"], scale=1.5),
                  "scale": normal(random, *shape, scale=0.2), "offset": normal(random, *shape, scale=0.5)}
        values["scale"] = (values["scale"] + 1).astype(np.float32).astype(np.float64)
        layer = keras.layers.LayerNormalization(axis=d["axes"], epsilon=d["epsilon"])
        layer.build(values["input"].shape)
        fixture.add(case, d, differentiated(
            f"layer-norm/{case}", values, stateless(layer, ["scale", "offset"]),
            lambda t: F.layer_norm(t["input"], shape, t["scale"], t["offset"], d["epsilon"])))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Activations and losses


def activations():
    fixture = Fixture("activations", "output = function(input)")
    a = keras.activations
    cases = {
        "relu": (a.relu, torch.relu, {}),
        "leakyReLU": (lambda x: a.leaky_relu(x, negative_slope=0.2), lambda x: F.leaky_relu(x, 0.2),
                      {"negativeSlope": 0.2}),
        "relu6": (a.relu6, F.relu6, {}),
        "elu": (a.elu, F.elu, {"alpha": 1.0}),
        "selu": (a.selu, F.selu, {}),
        "gelu": (lambda x: a.gelu(x, approximate=False), F.gelu, {"approximate": False}),
        "geluApproximate": (lambda x: a.gelu(x, approximate=True), lambda x: F.gelu(x, approximate="tanh"),
                            {"approximate": True}),
        "swish": (a.silu, F.silu, {}),
        "mish": (a.mish, F.mish, {}),
        "softplus": (a.softplus, F.softplus, {}),
        "softsign": (a.softsign, F.softsign, {}),
        "sigmoid": (a.sigmoid, torch.sigmoid, {}),
        "hardSigmoid": (a.hard_sigmoid, F.hardsigmoid, {}),
        "tanh": (a.tanh, torch.tanh, {}),
        "softmax": (a.softmax, lambda x: F.softmax(x, -1), {"axis": -1}),
        "logSoftmax": (a.log_softmax, lambda x: F.log_softmax(x, -1), {"axis": -1}),
    }
    for case, (in_keras, in_pytorch, options) in cases.items():
        values = {"input": normal(generator(f"activations/{case}"), 4, 7, scale=2)}
        assert all(clear_of_zero(np.abs(values["input"]) - kink) for kink in (0, 3, 6)), case
        fixture.add(case, {"function": case, **options}, differentiated(
            f"activations/{case}", values, lambda t: in_keras(t["input"]), lambda t: in_pytorch(t["input"]),
            tolerance=1e-7))  # TensorFlow holds some constants of these functions in float32
    for case in "softmax", "logSoftmax":
        in_keras, in_pytorch, _ = cases[case]
        for name, scale, shift in ("large-inputs", 40, 0), ("far-from-zero", 1, 1000):
            x = normal(generator(f"activations/{case}-{name}"), 3, 5, scale=scale) + shift
            fixture.add(f"{case}-{name}", {"function": case, "axis": -1}, differentiated(
                f"activations/{case}-{name}", {"input": x.astype(np.float32).astype(np.float64)},
                lambda t: in_keras(t["input"]), lambda t: in_pytorch(t["input"])))
        values = {"input": normal(generator(f"activations/{case}-axis-1"), 2, 4, 3)}
        keras_function = getattr(keras.ops, "softmax" if case == "softmax" else "log_softmax")
        pytorch_function = F.softmax if case == "softmax" else F.log_softmax
        fixture.add(f"{case}-axis-1", {"function": case, "axis": 1}, differentiated(
            f"activations/{case}-axis-1", values, lambda t: keras_function(t["input"], axis=1),
            lambda t: pytorch_function(t["input"], 1)))
    return fixture


def losses():
    fixture = Fixture("losses", "One number: the mean over the batch (and over the outputs of a sample), with its "
                      "gradient with respect to the logits or the prediction")
    k = keras.losses

    def add(case, name, description, variable, value, given, in_keras, in_pytorch):
        loss, gradients = with_keras(lambda t: in_keras(t[variable]), {variable: value})
        other, other_gradients = with_pytorch(lambda t: in_pytorch(t[variable]), {variable: value})
        same(loss, other, f"{case}: loss")
        same(gradients[variable], other_gradients[variable], f"{case}: gradient")
        fixture.add(case, {"loss": name, **description},
                    {variable: value, **given, "loss": loss, "gradient": gradients})

    for case, shape, scale in ("", (6, 5), 1.5), ("-large-logits", (4, 5), 60), ("-ten-classes", (33, 10), 1):
        random = generator(f"losses/softmax-cross-entropy{case}")
        logits, labels = normal(random, *shape, scale=scale), random.integers(0, shape[1], shape[0])
        add(f"softmax-cross-entropy-labels{case}", "softmaxCrossEntropy", {"targets": "labels"}, "logits", logits,
            {"labels": labels},
            lambda x: k.SparseCategoricalCrossentropy(from_logits=True)(labels, x),
            lambda x: F.cross_entropy(x, torch.tensor(labels)))
        targets = np.eye(shape[1])[labels]
        add(f"softmax-cross-entropy-one-hot{case}", "softmaxCrossEntropy", {"targets": "one-hot"}, "logits", logits,
            {"targets": targets},
            lambda x: k.CategoricalCrossentropy(from_logits=True)(targets, x),
            lambda x: F.cross_entropy(x, torch.tensor(targets)))
    random = generator("losses/soft targets")
    logits = normal(random, 6, 5, scale=1.5)
    targets = np.eye(5)[random.integers(0, 5, 6)]
    add("softmax-cross-entropy-label-smoothing", "softmaxCrossEntropy",
        {"targets": "one-hot", "labelSmoothing": 0.1}, "logits", logits, {"targets": targets},
        lambda x: k.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)(targets, x),
        lambda x: F.cross_entropy(x, torch.tensor(targets), label_smoothing=0.1))
    targets = (random.dirichlet(np.ones(5), 6) * 256).round() / 256
    targets[:, 0] += 1 - targets.sum(1)
    add("softmax-cross-entropy-probabilities", "softmaxCrossEntropy", {"targets": "probabilities"}, "logits", logits,
        {"targets": targets},
        lambda x: k.CategoricalCrossentropy(from_logits=True)(targets, x),
        lambda x: F.cross_entropy(x, torch.tensor(targets)))
    for case, scale in ("", 2), ("-large-logits", 60):
        binary = random.integers(0, 2, (5, 3)).astype(np.float64)
        logits = normal(random, 5, 3, scale=scale)
        add(f"binary-cross-entropy{case}", "binaryCrossEntropy", {}, "logits", logits, {"targets": binary},
            lambda x: k.BinaryCrossentropy(from_logits=True)(binary, x),
            lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor(binary)))
    for case, shape in ("", (6, 4)), ("-one-output", (7, 1)), ("-image", (2, 3, 4, 2)):
        prediction, targets = distinct(random, *shape), distinct(random, *shape)
        targets = np.where(np.abs(prediction - targets) < 0.02, targets + 0.5, targets)
        targets = targets.astype(np.float32).astype(np.float64)
        goal = torch.tensor(targets)
        add(f"mean-squared-error{case}", "meanSquaredError", {}, "prediction", prediction, {"targets": targets},
            lambda x: k.MeanSquaredError()(targets, x), lambda x: F.mse_loss(x, goal))
        add(f"mean-absolute-error{case}", "meanAbsoluteError", {}, "prediction", prediction, {"targets": targets},
            lambda x: k.MeanAbsoluteError()(targets, x), lambda x: F.l1_loss(x, goal))
        add(f"huber{case}", "huber", {"delta": 1.0}, "prediction", prediction, {"targets": targets},
            lambda x: k.Huber(delta=1.0)(targets, x), lambda x: F.huber_loss(x, goal, delta=1.0))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Optimizers and initializers


STEPS = 12


def built(optimizer, variables):
    """The optimizer, ready for the variables and with constants that are exact in float64."""
    for name, value in list(vars(optimizer).items()):
        if type(value) is float:  # Keras takes a Python float to float64 by way of float32, a NumPy one directly
            setattr(optimizer, name, np.float64(value))
    optimizer.build(variables)
    return optimizer


def run_keras_optimizer(optimizer, start, gradients):
    variables = [keras.Variable(value, name=name) for name, value in start.items()]
    optimizer = built(optimizer, variables)
    history = {name: [] for name in start}
    for step in range(STEPS):
        optimizer.apply([tf.constant(gradients[name][step]) for name in start], variables)
        for name, variable in zip(start, variables):
            history[name].append(variable.numpy().copy())
    return {name: np.stack(values) for name, values in history.items()}


def run_pytorch_optimizer(make, start, gradients):
    variables = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    optimizer = make(variables.values())
    history = {name: [] for name in start}
    for step in range(STEPS):
        for name, variable in variables.items():
            variable.grad = torch.tensor(gradients[name][step])
        optimizer.step()
        for name, variable in variables.items():
            history[name].append(variable.detach().numpy().copy())
    return {name: np.stack(values) for name, values in history.items()}


def optimizers():
    fixture = Fixture("optimizers", f"{STEPS} steps on fixed gradients for two variables: start, gradients "
                      "[step, ...] and the values [step, ...] after each step. One column of the kernel has gradients "
                      "near 1e-6, so that the place of epsilon shows; one element of it has gradients of zero")
    random = generator("optimizers")
    start = {"kernel": normal(random, 4, 3), "bias": normal(random, 3)}
    gradients = {name: normal(random, STEPS, *value.shape) for name, value in start.items()}
    gradients["kernel"][:, :, 2] *= 1e-6
    gradients["kernel"][:, 0, 0] = 0
    gradients = {name: value.astype(np.float32).astype(np.float64) for name, value in gradients.items()}

    k, t = keras.optimizers, torch.optim
    adam = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
    hat = {"epsilonIs": "added to sqrt(v) before bias correction: "
           "rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)"}
    corrected = {"epsilonIs": "added after bias correction: rate * mHat / (sqrt(vHat) + epsilon)"}
    inside = {"epsilonIs": "added inside the square root"}
    cases = {
        "sgd": ({"optimizer": "sgd", "learningRate": 0.1}, k.SGD(0.1), lambda p: t.SGD(p, 0.1)),
        "sgd-momentum": ({"optimizer": "sgd", "learningRate": 0.1, "momentum": 0.9}, k.SGD(0.1, 0.9),
                         lambda p: t.SGD(p, 0.1, momentum=0.9)),
        "sgd-nesterov": ({"optimizer": "sgd", "learningRate": 0.1, "momentum": 0.9, "nesterov": True},
                         k.SGD(0.1, 0.9, nesterov=True), lambda p: t.SGD(p, 0.1, momentum=0.9, nesterov=True)),
        "adam": ({"optimizer": "adam", "learningRate": 0.01, **adam, **hat}, k.Adam(0.01), None),
        "amsgrad": ({"optimizer": "adam", "amsgrad": True, "learningRate": 0.01, **adam, **hat},
                    k.Adam(0.01, amsgrad=True), None),
        "adamw": ({"optimizer": "adamW", "learningRate": 0.01, "weightDecay": 0.1, **adam, **hat},
                  k.AdamW(0.01, weight_decay=0.1), None),
        "adamax": ({"optimizer": "adamax", "learningRate": 0.01, **adam,
                    "epsilonIs": "added to the running maximum"}, k.Adamax(0.01), None),
        "nadam": ({"optimizer": "nadam", "learningRate": 0.01, **adam, **corrected}, k.Nadam(0.01), None),
        "adagrad": ({"optimizer": "adagrad", "learningRate": 0.1, "initialAccumulator": 0.1, "epsilon": 1e-7,
                     **inside}, k.Adagrad(0.1), None),
        "adadelta": ({"optimizer": "adadelta", "learningRate": 1.0, "rho": 0.95, "epsilon": 1e-7, **inside},
                     k.Adadelta(1.0), None),
        "rmsprop": ({"optimizer": "rmsprop", "learningRate": 0.01, "rho": 0.9, "epsilon": 1e-7, **inside},
                    k.RMSprop(0.01), None),
        "rmsprop-momentum-centered": (
            {"optimizer": "rmsprop", "learningRate": 0.01, "rho": 0.9, "momentum": 0.9, "centered": True,
             "epsilon": 1e-7, **inside}, k.RMSprop(0.01, momentum=0.9, centered=True), None),
        "lion": ({"optimizer": "lion", "learningRate": 0.01, "beta1": 0.9, "beta2": 0.99}, k.Lion(0.01), None),
        "lamb": ({"optimizer": "lamb", "learningRate": 0.01, **adam, **corrected}, k.Lamb(0.01), None),
        "adam-pytorch": (
            {"optimizer": "adam", "learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
             **corrected}, None, lambda p: t.Adam(p, 0.01)),
        "adamw-pytorch": (
            {"optimizer": "adamW", "learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
             "weightDecay": 0.1, **corrected}, None, lambda p: t.AdamW(p, 0.01, weight_decay=0.1)),
    }
    for case, (description, in_keras, in_pytorch) in cases.items():
        values = run_keras_optimizer(in_keras, start, gradients) if in_keras else None
        other = run_pytorch_optimizer(in_pytorch, start, gradients) if in_pytorch else None
        if values and other:
            for name in start:
                same(values[name], other[name], f"{case}: {name}")
        description = {**description, "definition": "Keras" if in_keras else "PyTorch", "steps": STEPS}
        fixture.add(case, description, {
            name: {"start": start[name], "gradients": gradients[name], "values": (values or other)[name]}
            for name in start})
    return fixture


def initializers():
    fixture = Fixture("initializers", "limit: largest absolute value drawn; standardDeviation: of the values drawn; "
                      "underlyingStandardDeviation: of the normal distribution before values beyond two of its "
                      "standard deviations are redrawn")
    kinds = {
        "glorotUniform": (keras.initializers.GlorotUniform, 1, "average"),
        "glorotNormal": (keras.initializers.GlorotNormal, 1, "average"),
        "heUniform": (keras.initializers.HeUniform, 2, "in"),
        "heNormal": (keras.initializers.HeNormal, 2, "in"),
        "lecunUniform": (keras.initializers.LecunUniform, 1, "in"),
        "lecunNormal": (keras.initializers.LecunNormal, 1, "in"),
    }
    shapes = [[784, 256], [100, 100], [400, 120], [84, 10], [5, 5, 1, 6], [5, 5, 6, 16], [3, 3, 64, 128],
              [1, 1, 256, 64], [3, 3, 1, 32]]
    for kind, (make, scale, mode) in kinds.items():
        for shape in shapes:
            field = math.prod(shape[:-2])
            fan_in, fan_out = shape[-2] * field, shape[-1] * field
            deviation = math.sqrt(scale / (fan_in if mode == "in" else (fan_in + fan_out) / 2))
            tensors = {"standardDeviation": deviation}
            if kind.endswith("Uniform"):
                tensors["limit"] = math.sqrt(3) * deviation
            else:
                tensors["underlyingStandardDeviation"] = deviation / 0.87962566103423978
                tensors["limit"] = 2 * tensors["underlyingStandardDeviation"]
            values = np.concatenate([np.asarray(make(seed=seed)(shape)).ravel() for seed in range(40)])
            case = f"{kind}/{'x'.join(map(str, shape))}"
            assert abs(values.std() / deviation - 1) < 4 / math.sqrt(values.size), case
            assert 0.97 * tensors["limit"] < np.abs(values).max() <= tensors["limit"], case
            assert abs(values.mean()) < 5 * deviation / math.sqrt(values.size), case
            fixture.add(case, {"initializer": kind, "shape": shape, "fanIn": fan_in, "fanOut": fan_out}, tensors)
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# A whole network


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


LENET5 = {
    "conv1/kernel": (5, 5, 1, 6), "conv1/bias": (6,), "conv2/kernel": (5, 5, 6, 16), "conv2/bias": (16,),
    "dense1/kernel": (400, 120), "dense1/bias": (120,), "dense2/kernel": (120, 84), "dense2/bias": (84,),
    "dense3/kernel": (84, 10), "dense3/bias": (10,),
}


def lenet5_in_keras(images, w):
    nn = tf.nn
    x = nn.relu(nn.conv2d(images, w["conv1/kernel"], 1, "SAME") + w["conv1/bias"])
    x = nn.max_pool2d(x, 2, 2, "VALID")
    x = nn.relu(nn.conv2d(x, w["conv2/kernel"], 1, "VALID") + w["conv2/bias"])
    x = tf.reshape(nn.max_pool2d(x, 2, 2, "VALID"), [len(images), -1])
    x = nn.relu(x @ w["dense1/kernel"] + w["dense1/bias"])
    x = nn.relu(x @ w["dense2/kernel"] + w["dense2/bias"])
    return x @ w["dense3/kernel"] + w["dense3/bias"]


def lenet5_in_pytorch(images, w, seen=lambda x: x):
    x = seen(F.conv2d(channels_first(images), w["conv1/kernel"].permute(3, 2, 0, 1), w["conv1/bias"], padding=2))
    x = F.max_pool2d(torch.relu(x), 2)
    x = seen(F.conv2d(x, w["conv2/kernel"].permute(3, 2, 0, 1), w["conv2/bias"]))
    x = channels_last(F.max_pool2d(torch.relu(x), 2)).reshape(len(images), -1)
    x = torch.relu(seen(x @ w["dense1/kernel"] + w["dense1/bias"]))
    x = torch.relu(seen(x @ w["dense2/kernel"] + w["dense2/bias"]))
    return x @ w["dense3/kernel"] + w["dense3/bias"]


def train_in_pytorch(images, labels, start, rate, momentum, steps, dtype=torch.float64):
    """The logits, loss and gradients of the first step, all losses, the final weights and the smallest distance of an
    activation from the kink of its ReLU."""
    weights = {name: torch.tensor(value, dtype=dtype).requires_grad_() for name, value in start.items()}
    optimizer = torch.optim.SGD(weights.values(), rate, momentum=momentum)
    distance, first, losses = [math.inf], None, []

    def seen(x):
        distance[0] = min(distance[0], float(x.detach().abs().min()))
        return x

    for _ in range(steps):
        optimizer.zero_grad()
        logits = lenet5_in_pytorch(torch.tensor(images, dtype=dtype), weights, seen)
        loss = F.cross_entropy(logits, torch.tensor(labels))
        loss.backward()
        losses.append(loss.item())
        first = first or (logits.detach().numpy(), {name: w.grad.numpy().copy() for name, w in weights.items()})
        optimizer.step()
    return first, losses, {name: w.detach().numpy() for name, w in weights.items()}, distance[0]


def lenet5(folder):
    rate, momentum, steps, count = 0.05, 0.9, 3, 16
    images = read_idx(folder / "train-images-idx3-ubyte.gz")[:count, :, :, None].astype(np.float32) / np.float32(255)
    images = images.astype(np.float64)
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")[:count].astype(np.int64)
    for attempt in range(200):
        random = generator("lenet5", attempt)
        start = {}
        for name, shape in LENET5.items():
            if name.endswith("kernel"):
                field = math.prod(shape[:-2])
                limit = math.sqrt(6 / (field * (shape[-2] + shape[-1])))
                start[name] = random.uniform(-limit, limit, shape)
            else:
                start[name] = random.uniform(-0.1, 0.1, shape)
            start[name] = start[name].astype(np.float32).astype(np.float64)
        (logits, gradients), losses, after, distance = train_in_pytorch(images, labels, start, rate, momentum, steps)
        if distance > 4e-6:
            break
    else:
        raise AssertionError("lenet5: no weights found whose activations stay clear of zero")

    # Keras agrees: the same three steps.
    variables = {name: keras.Variable(value) for name, value in start.items()}
    optimizer = built(keras.optimizers.SGD(rate, momentum), list(variables.values()))
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for step in range(steps):
        weights = {name: tf.convert_to_tensor(v.value) for name, v in variables.items()}
        loss, slopes = with_keras(lambda w: cross_entropy(labels, lenet5_in_keras(images, w)),
                                  {name: w.numpy() for name, w in weights.items()})
        same(loss, losses[step], "lenet5: loss")
        if step == 0:
            for name in start:
                same(slopes[name], gradients[name], f"lenet5: gradient of {name}")
        optimizer.apply([tf.constant(slopes[name]) for name in start], list(variables.values()))
    for name in start:
        same(variables[name].numpy(), after[name], f"lenet5: {name} after {steps} steps")

    # Float32 takes the same branches.
    (_, single), _, single_after, _ = train_in_pytorch(images, labels, start, rate, momentum, steps, torch.float32)
    for name in start:
        for value, exact in (single[name], gradients[name]), (single_after[name], after[name]):
            error = np.linalg.norm(value - exact) / np.linalg.norm(exact)
            assert error < 2e-6, f"lenet5: {name} in float32 is off by {error}"

    fixture = Fixture("lenet5", "LeNet-5 on the first 16 training images of Fashion-MNIST: weights, logits, loss and "
                      "gradients of the first step, losses of each step, weights after the last")
    fixture.add("lenet5", {
        "model": "LeNet-5", "images": "Fashion-MNIST train 0..<16, divided by 255", "kernels": "Glorot uniform",
        "biases": "uniform in -0.1...0.1", "activation": "relu", "flatten": "H W C", "loss": "softmaxCrossEntropy",
        "optimizer": {"sgd": {"learningRate": rate, "momentum": momentum}}, "steps": steps,
        "layers": "conv1 6 5x5 same, maxPool 2, conv2 16 5x5 valid, maxPool 2, flatten, dense1 120, dense2 84, "
                  "dense3 10 (full size)",
        "smallestDistanceFromKink": distance,
    }, {"images": images, "labels": labels, "start": start, "logits": logits, "loss": losses[0],
        "gradient": gradients, "losses": np.array(losses), "after": after})
    return fixture


# ---------------------------------------------------------------------------------------------------------------------


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Makes the test fixtures with Keras and PyTorch.")
    parser.add_argument("--output", type=Path, default=here, help="folder to write to (default: beside this script)")
    parser.add_argument("--fashion-mnist", type=Path, default=Path("/usr/share/datasets/fashion-mnist"),
                        help="folder with the IDX files of Fashion-MNIST (default: %(default)s)")
    parser.add_argument("--only", help="comma-separated names of files, without extension")
    parser.add_argument("--check", action="store_true", help="compare with the stored files instead of writing")
    arguments = parser.parse_args()
    makers = {"dense": dense, "conv2d": conv2d, "conv2d-wide": conv2d_wide, "pooling": pooling,
              "batch-norm": batch_norm, "layer-norm": layer_norm, "activations": activations, "losses": losses,
              "optimizers": optimizers, "initializers": initializers, "lenet5": lambda: lenet5(arguments.fashion_mnist)}
    names = arguments.only.split(",") if arguments.only else list(makers)
    if unknown := [name for name in names if name not in makers]:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(makers)}")
    for name in names:
        fixture = makers[name]()
        if arguments.check:
            fixture.check(arguments.output)
        else:
            fixture.save(arguments.output, limit=900_000 if name == "lenet5" else 200_000)


if __name__ == "__main__":
    main()
