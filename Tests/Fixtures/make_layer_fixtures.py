#!/usr/bin/env python3
"""Makes the fixtures of layers as files describe them: outputs, gradients and running values for every option.

Like make_fixtures.py, whose packages it needs.

    python make_layer_fixtures.py            # writes layers-*.safetensors beside this script
    python make_layer_fixtures.py --check    # recomputes and compares with the files that are there

A case's metadata holds the layer as a list of layers has it, the mode, and whose definition it is. Its tensors are
CASE/input, CASE/variables/PATH, CASE/r, CASE/output, the gradients of sum(output * r), CASE/gradient/input and
CASE/gradient/variables/PATH, and CASE/updated/PATH for states. Where Keras and PyTorch share a definition they must agree.
"""
import argparse
import math
import sys
from pathlib import Path

import make_fixtures as base  # first: it sets up Keras
from make_fixtures import Fixture, channels_first, channels_last, distinct, generator, normal, same_padding

import keras
import numpy as np
import tensorflow as tf
import torch
import torch.nn.functional as F


def weights(case, **shapes):
    """Random variables by path; `__` in a name stands for the slash."""
    random = generator(case + "/variables")
    return {name.replace("__", "/"): normal(random, *shape, scale=0.7) for name, shape in shapes.items()}


def add(fixture, case, layer, values, variables={}, keras_=None, torch_=None, mode="training", updated={}, constants={}):
    """Adds a case. The functions take the input and the variables by path."""
    name = f"{fixture.name}/{case}"
    prefix = "variables/"

    def named(function):
        return lambda t: function(t["input"], {k.removeprefix(prefix): v for k, v in t.items() if k != "input"})

    values = {"input": values, **{prefix + path: value for path, value in variables.items()}}
    first = keras_ or torch_
    if keras_ and torch_:
        tensors = base.differentiated(name, values, named(keras_), named(torch_), tolerance=1e-7)
    else:
        run = base.with_keras if keras_ else base.with_pytorch
        constant = tf.constant if keras_ else torch.tensor
        shape = named(first)({key: constant(value) for key, value in values.items()}).shape
        r = normal(generator(name + "/r"), *shape)
        output, gradients = run(named(first), values, r)
        tensors = {**values, "r": r, "output": output, "gradient": gradients}
    tensors |= {prefix + path: value for path, value in constants.items()}
    if updated:
        tensors["updated"] = updated
    fixture.add(case, {"layer": layer, "mode": mode, "definition": "Keras" if keras_ else "PyTorch"}, tensors)


def kind(name, **constants):
    return {name: constants}


# ---------------------------------------------------------------------------------------------------------------------
# Convolutions


def edges(padding, sizes, windows, strides, dilation):
    """(before, after) for each axis."""
    spread = [(w - 1) * d + 1 for w, d in zip(windows, dilation)]
    if padding == "same":
        return same_padding(sizes, spread, strides)
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    if isinstance(padding, int):
        return [(padding, padding)] * len(sizes)
    if isinstance(padding, list):
        return [(p, p) for p in padding]
    both = [("top", "bottom"), ("left", "right")][-len(sizes):]
    return [(padding.get(a, 0), padding.get(b, 0)) for a, b in both]


def pair(value, rank):
    return list(value) if isinstance(value, list) else [value] * rank


def last(x):
    return x.movedim(1, -1)


def first(x):
    return x.movedim(-1, 1)


def torch_kernel(kernel):
    """[window..., in, out] as [out, in, window...]."""
    return kernel.movedim(-1, 0).movedim(-1, 1)


def convolve(x, kernel, o, groups=None):
    """PyTorch's convolution for our options."""
    rank = x.ndim - 2
    sizes, windows = list(x.shape[1:-1]), list(kernel.shape[:rank])
    strides, dilation = pair(o.get("strides", 1), rank), pair(o.get("dilation", 1), rank)
    around = edges(o.get("padding", "valid"), sizes, windows, strides, dilation)
    padded = F.pad(first(x), [p for axis in reversed(around) for p in axis])
    conv = {1: F.conv1d, 2: F.conv2d}[rank]
    return last(conv(padded, torch_kernel(kernel), None, strides, 0, dilation, groups or o.get("groups", 1)))


def keras_convolve(x, kernel, o):
    rank = x.ndim - 2
    sizes, windows = list(x.shape[1:-1]), list(kernel.shape[:rank])
    strides, dilation = pair(o.get("strides", 1), rank), pair(o.get("dilation", 1), rank)
    padding = o.get("padding", "valid")
    if padding not in ("same", "valid"):
        x = tf.pad(x, [(0, 0), *edges(padding, sizes, windows, strides, dilation), (0, 0)])
        padding = "valid"
    return keras.ops.conv(x, kernel, strides, padding, "channels_last", dilation)


def convolutions():
    fixture = Fixture("layers-convolutions", "Convolutions of sequences and images: plain, depthwise, separable, transposed")
    images, sequences = (2, 6, 7, 4), (2, 9, 4)
    plain = {
        "same-stride-2": dict(padding="same", strides=2), "dilated": dict(dilation=2, padding="same"),
        "explicit": dict(padding={"top": 2, "right": 1}, strides=[2, 1]), "pixels": dict(padding=1),
        "rows-and-columns": dict(padding=[0, 2]), "groups": dict(groups=2), "even": dict(kernelSize=[2, 4], padding="same"),
        "no-bias": dict(useBias=False), "tanh": dict(activation="tanh"), "one-by-one": dict(kernelSize=1, strides=2),
    }
    line = {
        "valid": {}, "same-stride-2": dict(padding="same", strides=2), "dilated": dict(dilation=3),
        "explicit": dict(padding={"left": 2, "right": 1}, strides=3), "pixels": dict(padding=2), "groups": dict(groups=4),
        "even": dict(kernelSize=4, padding="same"), "no-bias": dict(useBias=False), "tanh": dict(activation="tanh"),
    }
    for rank, options in (2, plain), (1, line):
        shape = images if rank == 2 else sequences
        for name, o in options.items():
            o = {"filters": 4, "kernelSize": 3 if rank == 1 else [3, 2], **o}
            case = f"conv{rank}D-{name}"
            window = pair(o["kernelSize"], rank)
            shapes = dict(kernel=(*window, shape[-1] // o.get("groups", 1), 4))
            if o.get("useBias", True):
                shapes["bias"] = (4,)
            finish = torch.tanh if "activation" in o else lambda y: y
            keras_finish = tf.tanh if "activation" in o else lambda y: y
            # Keras checks the plain ones; TensorFlow's gradients of dilated transposed convolutions do not run on processors.
            in_keras = None if "groups" in o or "dilation" in o else (
                lambda x, w, o=o, f=keras_finish: f(keras_convolve(x, w["kernel"], o) + w.get("bias", 0.0)))
            add(fixture, case, {f"conv{rank}D": o}, normal(generator(case), *shape), weights(case, **shapes), in_keras,
                lambda x, w, o=o, f=finish: f(convolve(x, w["kernel"], o) + w.get("bias", 0.0)))

    for rank in 1, 2:
        shape = (2, 6, 7, 3) if rank == 2 else (2, 9, 3)
        for name, o in {
            "plain": {}, "multiplier": dict(depthMultiplier=2), "same-stride-2": dict(padding="same", strides=2),
            "explicit": dict(padding=1, dilation=2), "tanh": dict(activation="tanh", useBias=False),
        }.items():
            depth = 3 * o.get("depthMultiplier", 1)
            finish = torch.tanh if "activation" in o else lambda y: y
            o = {"kernelSize": 3, **o}
            case = f"depthwiseConv{rank}D-{name}"
            shapes = dict(kernel=(*[3] * rank, 1, depth))
            if o.get("useBias", True):
                shapes["bias"] = (depth,)
            in_keras = None
            if rank == 2 and o.get("padding") in (None, "same") and "activation" not in o:
                in_keras = lambda x, w, o=o: keras.ops.depthwise_conv(
                    x, tf.reshape(w["kernel"], (3, 3, 3, -1)), o.get("strides", 1), o.get("padding", "valid")) + w["bias"]
            add(fixture, case, {f"depthwiseConv{rank}D": o}, normal(generator(case), *shape), weights(case, **shapes), in_keras,
                lambda x, w, o=o, f=finish: f(convolve(x, w["kernel"], o, groups=3) + w.get("bias", 0.0)))
        for name, o in {
            "plain": {}, "multiplier": dict(depthMultiplier=2, padding="same"), "stride": dict(strides=2, useBias=False),
            "tanh": dict(activation="tanh", padding=1),
        }.items():
            depth = 3 * o.get("depthMultiplier", 1)
            finish = torch.tanh if "activation" in o else lambda y: y
            o = {"filters": 5, "kernelSize": 3, **o}
            case = f"separableConv{rank}D-{name}"
            shapes = dict(depthwiseKernel=(*[3] * rank, 1, depth), pointwiseKernel=(*[1] * rank, depth, 5))
            if o.get("useBias", True):
                shapes["bias"] = (5,)
            in_keras = None
            if rank == 2 and "activation" not in o:
                in_keras = lambda x, w, o=o: keras.ops.separable_conv(
                    x, tf.reshape(w["depthwiseKernel"], (3, 3, 3, -1)), w["pointwiseKernel"], o.get("strides", 1),
                    o.get("padding", "valid")) + w.get("bias", 0.0)
            add(fixture, case, {f"separableConv{rank}D": o}, normal(generator(case), *shape), weights(case, **shapes), in_keras,
                lambda x, w, o=o, f=finish: f(convolve(
                    convolve(x, w["depthwiseKernel"], o, groups=3), w["pointwiseKernel"], {}) + w.get("bias", 0.0)))

    for rank in 1, 2:
        shape = (2, 3, 4, 3) if rank == 2 else (2, 5, 3)
        for name, o in {
            "valid": {}, "stride-2": dict(strides=2), "same-stride-2": dict(strides=2, padding="same"),
            "same": dict(padding="same"), "small-window": dict(strides=3, kernelSize=2), "dilated": dict(dilation=2),
            "small-window-same": dict(strides=3, kernelSize=2, padding="same"), "explicit": dict(strides=2, padding=1),
            "output-padding": dict(strides=2, padding=1, outputPadding=1), "tanh": dict(activation="tanh", useBias=False),
        }.items():
            o = {"filters": 2, "kernelSize": 3, **o}
            case = f"conv{rank}DTranspose-{name}"
            window, strides = pair(o["kernelSize"], rank), pair(o.get("strides", 1), rank)
            shapes = dict(kernel=(*window, 2, 3))
            if o.get("useBias", True):
                shapes["bias"] = (2,)
            padding, dilation = o.get("padding", "valid"), o.get("dilation", 1)

            def in_pytorch(x, w, o=o, strides=strides, window=window, padding=padding, dilation=dilation):
                transposed = {1: F.conv_transpose1d, 2: F.conv_transpose2d}[x.ndim - 2]
                kernel = w["kernel"].movedim(-1, 0).movedim(-1, 1)
                if padding in ("same", "valid"):
                    y = transposed(first(x), kernel, None, strides, dilation=dilation)
                    change = []
                    for size, width, stride in reversed(list(zip(x.shape[1:-1], window, strides))):
                        spread = (width - 1) * dilation + 1
                        rest = spread - stride
                        if padding == "same" and rest > 0:
                            change += [-(rest // 2), -(rest - rest // 2)]
                        else:
                            change += [0, max(-rest, 0)]
                    y = F.pad(y, change)
                else:
                    y = transposed(first(x), kernel, None, strides, padding, o.get("outputPadding", 0), 1, dilation)
                y = last(y) + w.get("bias", 0.0)
                return torch.tanh(y) if "activation" in o else y

            in_keras = None
            if padding in ("same", "valid") and "activation" not in o and dilation == 1:
                in_keras = lambda x, w, o=o, padding=padding: keras.ops.conv_transpose(
                    x, w["kernel"], o.get("strides", 1), padding, None, "channels_last") + w["bias"]
            add(fixture, case, {f"conv{rank}DTranspose": o}, normal(generator(case), *shape), weights(case, **shapes), in_keras,
                in_pytorch)
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Pooling


def pooling():
    fixture = Fixture("layers-pooling", "Pooling of sequences and images: windows, global, adaptive")
    for rank in 1, 2:
        shape = (2, 7, 8, 2) if rank == 2 else (2, 9, 2)
        pools = {"max": {1: F.max_pool1d, 2: F.max_pool2d}[rank], "average": {1: F.avg_pool1d, 2: F.avg_pool2d}[rank]}
        for kind_, pool in pools.items():
            for name, o in {
                "plain": dict(poolSize=2), "strides": dict(poolSize=3, strides=2), "overlap": dict(poolSize=3, strides=1),
                "same": dict(poolSize=3, strides=2, padding="same"), "ceil": dict(poolSize=2, strides=2, ceilMode=True),
                "ceil-3": dict(poolSize=3, strides=2, ceilMode=True), "explicit": dict(poolSize=3, strides=2, padding=1),
                "explicit-ceil": dict(poolSize=3, strides=2, padding=1, ceilMode=True),
                "counts": dict(poolSize=3, strides=2, padding=1, countsPadding=True),
                "counts-ceil": dict(poolSize=3, strides=2, padding=1, countsPadding=True, ceilMode=True),
            }.items():
                if kind_ == "max" and "countsPadding" in o:
                    continue
                case = f"{kind_}Pool{rank}D-{name}"
                size, strides = o["poolSize"], o.get("strides", o["poolSize"])
                padding = o.get("padding", 0)
                extra = {} if kind_ == "max" else {"count_include_pad": o.get("countsPadding", False)}

                def in_pytorch(x, w, o=o, size=size, strides=strides, padding=padding, pool=pool, extra=extra):
                    return last(pool(first(x), size, strides, padding, ceil_mode=o.get("ceilMode", False), **extra))

                in_keras = None
                if padding in (0, "same") and "ceilMode" not in o:
                    pooled = keras.ops.max_pool if kind_ == "max" else keras.ops.average_pool
                    in_keras = lambda x, w, size=size, strides=strides, padding=padding, pooled=pooled: pooled(
                        x, size, strides, "same" if padding == "same" else "valid", "channels_last")
                add(fixture, case, {f"{kind_}Pool{rank}D": o}, distinct(generator(case), *shape), {}, in_keras,
                    None if padding == "same" else in_pytorch)
        axes = list(range(1, rank + 1))
        for keeps in False, True:
            o = {"keepsAxes": True} if keeps else {}
            suffix = f"{rank}D{'-keeps' if keeps else ''}"
            add(fixture, f"globalAveragePool-{suffix}", {"globalAveragePool": o}, distinct(generator(f"gap{suffix}"), *shape), {},
                lambda x, w, axes=axes, keeps=keeps: tf.reduce_mean(x, axes, keeps),
                lambda x, w, axes=axes, keeps=keeps: x.mean(axes, keeps))
            add(fixture, f"globalMaxPool-{suffix}", {"globalMaxPool": o}, distinct(generator(f"gmp{suffix}"), *shape), {},
                lambda x, w, axes=axes, keeps=keeps: tf.reduce_max(x, axes, keeps),
                lambda x, w, axes=axes, keeps=keeps: x.amax(axes, keeps))
    for size in 1, 3, 4, 9, 11:
        add(fixture, f"adaptiveAveragePool1D-{size}", {"adaptiveAveragePool1D": size}, normal(generator("a1"), 2, 9, 3), {},
            None, lambda x, w, size=size: last(F.adaptive_avg_pool1d(first(x), size)))
    for size in 1, 2, [3, 5], [7, 4], 9:
        add(fixture, f"adaptiveAveragePool2D-{size}".replace(", ", "x"), {"adaptiveAveragePool2D": size},
            normal(generator("a2"), 2, 7, 8, 2), {}, None,
            lambda x, w, size=size: last(F.adaptive_avg_pool2d(first(x), size)))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Shapes


def shapes():
    fixture = Fixture("layers-shapes", "Layers that move, repeat or rescale elements, and embeddings")
    k = keras.layers

    def plain(case, layer, shape, in_keras, in_pytorch):
        add(fixture, case, layer, normal(generator(case), *shape), {}, lambda x, w: in_keras(x), lambda x, w: in_pytorch(x))

    plain("flatten", "flatten", (2, 3, 4, 2), k.Flatten(), lambda x: x.reshape(2, -1))
    plain("reshape", {"reshape": [4, 6]}, (2, 3, 4, 2), k.Reshape([4, 6]), lambda x: x.reshape(2, 4, 6))
    plain("reshape-rest", {"reshape": [-1, 3]}, (2, 3, 4, 2), k.Reshape([-1, 3]), lambda x: x.reshape(2, -1, 3))
    plain("permute", {"permute": [3, 1, 2]}, (2, 3, 4, 2), k.Permute([3, 1, 2]), lambda x: x.permute(0, 3, 1, 2))
    plain("permute-2", {"permute": [2, 1]}, (2, 3, 4), k.Permute([2, 1]), lambda x: x.permute(0, 2, 1))
    plain("zeroPadding1D", {"zeroPadding1D": 2}, (2, 3, 4), k.ZeroPadding1D(2), lambda x: F.pad(x, [0, 0, 2, 2]))
    plain("zeroPadding1D-ends", {"zeroPadding1D": {"left": 1, "right": 3}}, (2, 3, 4), k.ZeroPadding1D((1, 3)),
          lambda x: F.pad(x, [0, 0, 1, 3]))
    plain("zeroPadding2D", {"zeroPadding2D": [1, 2]}, (2, 3, 4, 2), k.ZeroPadding2D((1, 2)),
          lambda x: F.pad(x, [0, 0, 2, 2, 1, 1]))
    plain("zeroPadding2D-edges", {"zeroPadding2D": {"top": 1, "left": 2, "right": 3}}, (2, 3, 4, 2),
          k.ZeroPadding2D(((1, 0), (2, 3))), lambda x: F.pad(x, [0, 0, 2, 3, 1, 0]))
    plain("cropping1D", {"cropping1D": {"left": 1, "right": 2}}, (2, 6, 4), k.Cropping1D((1, 2)), lambda x: x[:, 1:-2])
    plain("cropping2D", {"cropping2D": 1}, (2, 4, 5, 2), k.Cropping2D(1), lambda x: x[:, 1:-1, 1:-1])
    plain("cropping2D-edges", {"cropping2D": {"top": 1, "right": 2}}, (2, 4, 5, 2), k.Cropping2D(((1, 0), (0, 2))),
          lambda x: x[:, 1:, :-2])
    plain("upSampling1D", {"upSampling1D": 3}, (2, 4, 2), k.UpSampling1D(3), lambda x: x.repeat_interleave(3, 1))
    for name, size in ("", 2), ("-sides", [3, 2]), ("-one-side", [1, 4]):
        sizes = pair(size, 2)
        plain(f"upSampling2D{name}", {"upSampling2D": size}, (2, 3, 4, 2), k.UpSampling2D(sizes),
              lambda x, sizes=sizes: x.repeat_interleave(sizes[0], 1).repeat_interleave(sizes[1], 2))
        # In Keras and TensorFlow bilinear images are float32.
        case = f"upSampling2D-bilinear{name}"
        add(fixture, case, {"upSampling2D": {"size": size, "interpolation": "bilinear"}}, normal(generator(case), 2, 3, 4, 2),
            {}, None, lambda x, w, sizes=sizes: channels_last(
                F.interpolate(channels_first(x), scale_factor=tuple(map(float, sizes)), mode="bilinear", align_corners=False)))
    plain("rescaling", {"rescaling": {"scale": 0.25, "offset": -1}}, (2, 3), k.Rescaling(0.25, -1.0), lambda x: x * 0.25 - 1)
    for name, mean, variance in ("", [0.5, -1, 2], [4, 0.25, 1]), ("-one", [0.5], [4]), ("-constant", [0, 0, 0], [1, 0, 4]):
        case = f"normalization{name}"
        mean, variance = np.array(mean, float), np.array(variance, float)
        spread = np.maximum(np.sqrt(variance), 1e-7)
        add(fixture, case, {"normalization": {"mean": mean.tolist(), "variance": variance.tolist()}},
            normal(generator(case), 2, 4, 3), {}, lambda x, w, m=mean, s=spread: (x - m) / s,
            lambda x, w, m=mean, s=spread: (x - torch.tensor(m)) / torch.tensor(s), constants={"mean": mean, "variance": variance})
    for name, shape in ("", (3, 5)), ("-vector", (6,)), ("-images", (2, 2, 3)):
        case = f"embedding{name}"
        indices = generator(case).integers(0, 7, shape)
        table = normal(generator(case + "/embeddings"), 7, 4)
        r = normal(generator(case + "/r"), *shape, 4)
        output, gradients = base.with_pytorch(lambda t: F.embedding(torch.tensor(indices), t["e"]), {"e": table}, r)
        base.same(keras.ops.take(table, indices, 0), output, case)
        fixture.add(case, {"layer": {"embedding": {"vocabulary": 7, "units": 4}}, "mode": "training", "definition": "Keras"},
                    {"input": indices, "variables/embeddings": table, "r": r, "output": output,
                     "gradient": {"variables/embeddings": gradients["e"]}})
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Normalizations


def norms():
    fixture = Fixture("layers-norms", "Batch, layer, group, instance, root-mean-square and local response normalization")

    def scales(case, channels, center=True, scale=True):
        shapes = ({"gamma": (channels,)} if scale else {}) | ({"beta": (channels,)} if center else {})
        return weights(case, **shapes)

    flags = {"": {}, "-no-center": {"center": False}, "-no-scale": {"scale": False}, "-bare": {"center": False, "scale": False}}
    for name, flag in flags.items():
        for shape_name, shape in ("vectors", (5, 3)), ("sequences", (2, 4, 3)), ("images", (2, 3, 4, 3)):
            for mode in "training", "inference":
                if shape_name != "vectors" and name and mode == "inference":
                    continue
                case = f"batchNorm-{shape_name}{name}-{mode}"
                o = {"momentum": 0.9, "epsilon": 1e-5, **flag}
                variables = scales(case, 3, **flag)
                random = generator(case + "/states")
                mean, variance = normal(random, 3), np.abs(normal(random, 3)) + 0.5
                variance = variance.astype(np.float32).astype(np.float64)
                axes = list(range(len(shape) - 1))
                values = normal(generator(case), *shape, scale=1.5)

                def run(x, w, lib, axes=axes, mean=mean, variance=variance, mode=mode):
                    if lib is tf:
                        m, v = (tf.nn.moments(x, axes) if mode == "training" else (mean, variance))
                        y = (x - m) / tf.sqrt(v + 1e-5)
                    else:
                        m = x.mean(axes) if mode == "training" else torch.tensor(mean)
                        v = x.var(axes, unbiased=False) if mode == "training" else torch.tensor(variance)
                        y = (x - m) / torch.sqrt(v + 1e-5)
                    return y * w.get("gamma", 1.0) + w.get("beta", 0.0)

                layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **flag)
                layer.build(shape)
                trainable = [variables[n] for n in ("gamma", "beta") if n in variables]
                checked, states = layer.stateless_call(trainable, [mean, variance], values, training=mode == "training")
                base.same(checked, run(tf.constant(values), {k: tf.constant(v) for k, v in variables.items()}, tf), case)
                updated = {}
                if mode == "training":
                    updated = {"runningMean": np.asarray(states[0]), "runningVariance": np.asarray(states[1])}
                add(fixture, case, {"batchNorm": o}, values, variables, lambda x, w, run=run: run(x, w, tf),
                    lambda x, w, run=run: run(x, w, torch), mode=mode, updated=updated,
                    constants={"runningMean": mean, "runningVariance": variance})
        for shape in (4, 5), (2, 3, 5):
            case = f"layerNorm-{len(shape)}D{name}"
            o = {"epsilon": 1e-4, **flag}
            layer = keras.layers.LayerNormalization(epsilon=1e-4, **flag)
            layer.build(shape)
            add(fixture, case, {"layerNorm": o}, normal(generator(case), *shape), scales(case, 5, **flag),
                lambda x, w, layer=layer: layer.stateless_call([w[n] for n in ("gamma", "beta") if n in w], [], x)[0],
                lambda x, w: F.layer_norm(x, x.shape[-1:], None, None, 1e-4) * w.get("gamma", 1.0) + w.get("beta", 0.0))
        for groups, shape in (2, (2, 3, 4, 6)), (3, (3, 5, 6)), (1, (2, 6)), (6, (2, 2, 2, 6)):
            case = f"groupNorm-{groups}-{len(shape)}D{name}"
            layer = keras.layers.GroupNormalization(groups, epsilon=1e-4, **flag)
            layer.build(shape)
            add(fixture, case, {"groupNorm": {"groups": groups, "epsilon": 1e-4, **flag}}, normal(generator(case), *shape),
                scales(case, 6, **flag),
                lambda x, w, layer=layer: layer.stateless_call([w[n] for n in ("gamma", "beta") if n in w], [], x)[0],
                lambda x, w, groups=groups: last(F.group_norm(first(x), groups, None, None, 1e-4)) * w.get("gamma", 1.0)
                + w.get("beta", 0.0))
        for shape in (2, 3, 4, 3), (2, 5, 3):
            case = f"instanceNorm-{len(shape)}D{name}"
            add(fixture, case, {"instanceNorm": {"epsilon": 1e-4, **flag}}, normal(generator(case), *shape), scales(case, 3, **flag),
                None, lambda x, w: last(F.instance_norm(first(x), eps=1e-4)) * w.get("gamma", 1.0) + w.get("beta", 0.0))
    for name, o in ("", {}), ("-epsilon", {"epsilon": 0.01}), ("-bare", {"scale": False}):
        case = f"rmsNorm{name}"
        epsilon = o.get("epsilon", 1e-6)
        add(fixture, case, {"rmsNorm": o}, normal(generator(case), 2, 3, 5), scales(case, 5, center=False, scale="scale" not in o),
            lambda x, w, e=epsilon: x * tf.math.rsqrt(tf.reduce_mean(x * x, -1, True) + e) * w.get("gamma", 1.0),
            lambda x, w, e=epsilon: F.rms_norm(x, x.shape[-1:], None, e) * w.get("gamma", 1.0))
    for name, o in ("", {}), ("-strong", {"size": 3, "alpha": 0.7, "beta": 0.5, "k": 2}), ("-even", {"size": 4, "alpha": 0.3}):
        case = f"localResponseNorm{name}"
        constants = (o.get("size", 5), o.get("alpha", 1e-4), o.get("beta", 0.75), o.get("k", 1.0))
        add(fixture, case, {"localResponseNorm": o}, normal(generator(case), 2, 2, 3, 7), {}, None,
            lambda x, w, c=constants: channels_last(F.local_response_norm(channels_first(x), *c)))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Containers and activations


def dense(x, w, path, finish=lambda y: y):
    return finish(x @ w[path + "/kernel"] + w.get(path + "/bias", 0.0))


def containers():
    fixture = Fixture("layers-containers", "Layers of layers: sequential, residual, parallel, shared weights")

    def both(case, layer, shape, variables, function):
        """`function` uses only what NumPy-like tensors of both frameworks have, and `lib.tanh`, `lib.concat`."""
        add(fixture, case, layer, normal(generator(case), *shape), weights(case, **variables),
            lambda x, w: function(x, w, tf), lambda x, w: function(x, w, torch))

    body = [{"dense": {"units": 3, "activation": "tanh"}}, {"dense": 4}]
    inside = {"__0.dense__kernel": (4, 3), "__0.dense__bias": (3,), "__1.dense__kernel": (3, 4), "__1.dense__bias": (4,)}

    def run_body(x, w, lib, path="body"):
        return dense(dense(x, w, f"{path}/0.dense", lib.tanh), w, f"{path}/1.dense")

    variables = {"body" + k: v for k, v in inside.items()}
    both("residual", {"residual": {"body": body}}, (3, 4), variables, lambda x, w, lib: run_body(x, w, lib) + x)
    both("residual-activation", {"residual": {"body": body, "activation": "tanh"}}, (3, 4), variables,
         lambda x, w, lib: lib.tanh(run_body(x, w, lib) + x))
    both("residual-shortcut",
         {"residual": {"body": [{"dense": 5}], "shortcut": [{"dense": {"units": 5, "useBias": False}}]}}, (3, 4),
         {"body__0.dense__kernel": (4, 5), "body__0.dense__bias": (5,), "shortcut__0.dense__kernel": (4, 5)},
         lambda x, w, lib: dense(x, w, "body/0.dense") + dense(x, w, "shortcut/0.dense"))
    branches = [[{"dense": 3}], [{"dense": {"units": 3, "activation": "tanh"}}]]
    two = {f"branch{b}__0.dense__{n}": s for b in (0, 1) for n, s in (("kernel", (4, 3)), ("bias", (3,)))}
    for merge, join in {
        "concatenate": lambda a, b, lib: lib.concat([a, b], -1), "add": lambda a, b, lib: a + b,
        "multiply": lambda a, b, lib: a * b,
    }.items():
        def run(x, w, lib, join=join):
            return join(dense(x, w, "branch0/0.dense"), dense(x, w, "branch1/0.dense", lib.tanh), lib)
        both(f"parallel-{merge}", {"parallel": {"merge": merge, "branches": branches}}, (3, 4), two, run)
        both(f"parallel-{merge}-short", {merge: branches}, (3, 4), two, run)
    both("parallel-input", {"concatenate": [[], [{"dense": 2}]]}, (3, 4),
         {"branch1__0.dense__kernel": (4, 2), "branch1__0.dense__bias": (2,)},
         lambda x, w, lib: lib.concat([x, dense(x, w, "branch1/0.dense")], -1))
    both("sequential", {"sequential": [{"dense": 3}, "tanh", {"sequential": [{"dense": 2}]}]}, (3, 4),
         {"0.dense__kernel": (4, 3), "0.dense__bias": (3,), "2.sequential__0.dense__kernel": (3, 2),
          "2.sequential__0.dense__bias": (2,)},
         lambda x, w, lib: dense(lib.tanh(dense(x, w, "0.dense")), w, "2.sequential/0.dense"))
    both("named", {"sequential": [{"name": "stem", "dense": 3}, {"dense": 2}]}, (3, 4),
         {"stem__kernel": (4, 3), "stem__bias": (3,), "1.dense__kernel": (3, 2), "1.dense__bias": (2,)},
         lambda x, w, lib: dense(dense(x, w, "stem"), w, "1.dense"))
    both("shared", {"multiply": [[{"shared": "twin", "dense": 3}], ["tanh", {"shared": "twin", "dense": 3}]]}, (3, 4),
         {"twin__kernel": (4, 3), "twin__bias": (3,)},
         lambda x, w, lib: dense(x, w, "twin") * dense(lib.tanh(x), w, "twin"))
    both("dense-list", {"sequential": [{"dense": {"units": 2, "activation": "tanh", "useBias": False}}]}, (2, 3, 4),
         {"0.dense__kernel": (4, 2)}, lambda x, w, lib: lib.tanh(x @ w["0.dense/kernel"]))
    return fixture


def activations():
    fixture = Fixture("layers-activations", "Activations by themselves, and PReLU")
    a = keras.activations
    for name, layer, in_keras, in_pytorch in (
        ("linear", "linear", a.linear, lambda x: x * 1), ("relu", "relu", a.relu, F.relu),
        ("relu6", "relu6", a.relu6, F.relu6),
        ("leakyReLU", "leakyReLU", a.leaky_relu, lambda x: F.leaky_relu(x, 0.2)),
        ("leakyReLU-slope", {"leakyReLU": 0.03}, lambda x: a.leaky_relu(x, 0.03), lambda x: F.leaky_relu(x, 0.03)),
        ("elu", "elu", a.elu, F.elu), ("elu-alpha", {"elu": {"alpha": 0.4}}, lambda x: a.elu(x, 0.4), lambda x: F.elu(x, 0.4)),
        ("selu", "selu", a.selu, F.selu), ("celu", "celu", a.celu, F.celu),
        ("celu-alpha", {"celu": 0.4}, lambda x: a.celu(x, 0.4), lambda x: F.celu(x, 0.4)),
        ("gelu", "gelu", lambda x: a.gelu(x), lambda x: F.gelu(x)),
        ("gelu-approximate", {"gelu": {"approximate": True}}, lambda x: a.gelu(x, True), lambda x: F.gelu(x, approximate="tanh")),
        ("silu", "silu", a.silu, F.silu), ("swish", "swish", a.silu, F.silu), ("mish", "mish", a.mish, F.mish),
        ("sigmoid", "sigmoid", a.sigmoid, torch.sigmoid), ("hardSigmoid", "hardSigmoid", a.hard_sigmoid, F.hardsigmoid),
        ("hardSwish", "hardSwish", a.hard_silu, F.hardswish), ("tanh", "tanh", a.tanh, torch.tanh),
        ("softplus", "softplus", a.softplus, F.softplus), ("softsign", "softsign", a.softsign, F.softsign),
        ("softmax", "softmax", a.softmax, lambda x: F.softmax(x, -1)),
        ("logSoftmax", "logSoftmax", a.log_softmax, lambda x: F.log_softmax(x, -1)),
        ("exponential", "exponential", a.exponential, torch.exp),
    ):
        # Wide enough for every piece; kinks at −3, 0, 3 and 6 are kept clear of.
        values = (distinct(generator("layers-activations"), 6, 8) * 3.7 + 0.01).astype(np.float32).astype(np.float64)
        assert min(np.abs(values - kink).min() for kink in (-3, 0, 3, 6)) > 1e-3
        # Keras holds the constants of some functions in float32.
        case = {"activation": layer} if not isinstance(layer, str) else layer
        name_ = f"layers-activations/{name}"
        tensors = base.differentiated(name_, {"input": values}, lambda t: in_keras(t["input"]), lambda t: in_pytorch(t["input"]), 1e-6)
        output, gradients = base.with_pytorch(lambda t: in_pytorch(t["input"]), {"input": values}, tensors["r"])
        fixture.add(name, {"layer": case, "mode": "inference", "definition": "Keras"},
                    {"input": values, "r": tensors["r"], "output": output, "gradient": gradients})
    for name, axes, shape in ("", None, (3, 4, 2)), ("-shared", [1, 2], (1, 1, 2)), ("-shared-one", [1], (1, 4, 2)):
        case = f"prelu{name}"
        add(fixture, case, {"prelu": {"sharedAxes": axes} if axes else {}}, distinct(generator(case), 2, 3, 4, 2),
            weights(case, alpha=shape), lambda x, w: tf.nn.relu(x) - w["alpha"] * tf.nn.relu(-x),
            lambda x, w: F.relu(x) - w["alpha"] * F.relu(-x))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Further cases: constants at their defaults, windows that are not square, uneven padding, states inside containers


def keras_layer(make, order, **constants):
    """A Keras layer as a function of the input and of the variables by path, in Keras's order."""
    def run(x, w):
        layer = make(**constants)
        layer.build(x.shape)
        return layer.stateless_call([w[name] for name in order if name in w], [], x)[0]
    return run


def transposed(x, w, o):
    """PyTorch's transposed convolution, whose edges are cut off or extended at the end as our options say."""
    rank = x.ndim - 2
    strides, dilation = pair(o.get("strides", 1), rank), pair(o.get("dilation", 1), rank)
    spread = [(k - 1) * d + 1 for k, d in zip(w["kernel"].shape[:rank], dilation)]
    padding, more = o.get("padding", "valid"), pair(o.get("outputPadding", 0), rank)
    if padding in ("same", "valid"):
        rest = [max(a - b, 0) if padding == "same" else 0 for a, b in zip(spread, strides)]
        cut = [(a // 2, a - a // 2) for a in rest]
        more = [max(b - a, 0) for a, b in zip(spread, strides)]
    else:
        cut = edges(padding, x.shape[1:-1], spread, strides, dilation)
    conv = {1: F.conv_transpose1d, 2: F.conv_transpose2d}[rank]
    y = conv(first(x), w["kernel"].movedim(-1, 0).movedim(-1, 1), None, strides, dilation=dilation)
    change = [n for (a, b), m in reversed(list(zip(cut, more))) for n in (-a, m - b)]
    return last(F.pad(y, change)) + w["bias"]


def pool(x, o, average):
    """PyTorch's pooling; uneven padding, which it lacks, by what lies inside a window."""
    around = edges(o.get("padding", "valid"), x.shape[1:-1], o["poolSize"], o.get("strides"), [1] * (x.ndim - 2))
    pads = [p for axis in reversed(around) for p in axis]
    window, strides = o["poolSize"], o.get("strides", o["poolSize"])
    if not average:
        return last(F.max_pool2d(F.pad(first(x), pads, value=-math.inf), window, strides))
    total = F.avg_pool2d(F.pad(first(x), pads), window, strides)
    inside = F.avg_pool2d(F.pad(torch.ones_like(first(x)), pads), window, strides)
    return last(total if o.get("countsPadding") else total / inside)


def further():
    fixture = Fixture("layers-further", "Constants at their defaults, windows that are not square, uneven padding, states in containers")
    k = keras.layers

    def case_of(case, layer, shape, variables, in_keras, in_pytorch, values=normal, **rest):
        add(fixture, case, layer, values(generator("layers-further/" + case), *shape), variables, in_keras, in_pytorch, **rest)

    # Dense layers.
    for name, o, shape in (
        ("", {}, (3, 4)), ("-tanh", {"activation": "tanh"}, (3, 4)), ("-softmax-no-bias", {"activation": "softmax", "useBias": False}, (3, 4)),
        ("-images", {"activation": {"leakyReLU": {"negativeSlope": 0.1}}}, (2, 2, 3, 4)),
    ):
        case = f"dense{name}"
        variables = weights(case, kernel=(4, 5), **({"bias": (5,)} if o.get("useBias", True) else {}))
        finish = {"tanh": (tf.tanh, torch.tanh), "softmax": (tf.nn.softmax, lambda y: F.softmax(y, -1))}.get(
            o.get("activation") if isinstance(o.get("activation"), str) else None)
        if finish is None:
            finish = ((lambda y: tf.nn.leaky_relu(y, np.float64(0.1))), (lambda y: F.leaky_relu(y, 0.1))) if o else (lambda y: y,) * 2
        case_of(case, {"dense": {"units": 5, **o}}, shape, variables,
                lambda x, w, f=finish[0]: f(x @ w["kernel"] + w.get("bias", 0.0)) if x.ndim == 2
                else f(tf.tensordot(x, w["kernel"], 1) + w.get("bias", 0.0)),
                lambda x, w, f=finish[1]: f(x @ w["kernel"] + w.get("bias", 0.0)))

    # Normalizations with the constants that hold where a file says nothing.
    for name, o, channels, shape in (
        ("layerNorm", {}, 5, (4, 5)), ("layerNorm-images", {}, 3, (2, 3, 4, 3)), ("groupNorm", {}, 32, (2, 3, 32)),
        ("groupNorm-two", {"groups": 2}, 4, (2, 3, 2, 4)), ("instanceNorm", {}, 3, (2, 3, 4, 3)),
    ):
        layer = name.split("-")[0]
        make = k.LayerNormalization if layer == "layerNorm" else k.GroupNormalization
        constants = {} if layer == "layerNorm" else {"groups": -1} if layer == "instanceNorm" else dict(o)
        groups = channels if layer == "instanceNorm" else o.get("groups", 32)
        in_pytorch = (lambda x, w: F.layer_norm(x, x.shape[-1:], w["gamma"], w["beta"], 1e-3)) if layer == "layerNorm" else (
            lambda x, w, g=groups: last(F.group_norm(first(x), g, w["gamma"], w["beta"], 1e-3)))
        case_of(f"{name}-defaults", {layer: o}, shape, weights(name, gamma=(channels,), beta=(channels,)),
                keras_layer(make, ["gamma", "beta"], **constants), in_pytorch)

    def batch_normed(x, w, prefix, states, mode, lib):
        axes = list(range(x.ndim - 1))
        if mode == "inference":
            mean, variance = [lib.constant(s) if lib is tf else torch.tensor(s) for s in states]
        elif lib is tf:
            mean, variance = tf.nn.moments(x, axes)
        else:
            mean, variance = x.mean(axes), x.var(axes, unbiased=False)
        return (x - mean) / lib.sqrt(variance + 1e-3) * w[prefix + "gamma"] + w[prefix + "beta"]

    def states_of(case, channels):
        random = generator(f"layers-further/{case}/states")
        mean, variance = normal(random, channels), np.abs(normal(random, channels)) + 0.5
        return mean, variance.astype(np.float32).astype(np.float64)

    def updated_states(states, seen):
        """Keras's running values after it saw a batch, with the constants that hold where a file says nothing."""
        layer = k.BatchNormalization()
        layer.build(seen.shape)
        ones = np.ones(seen.shape[-1])
        return [np.asarray(s) for s in layer.stateless_call([ones, 0 * ones], list(states), seen, training=True)[1]]

    for mode in "training", "inference":
        case = f"batchNorm-defaults-{mode}"
        states = states_of(case, 3)
        values = normal(generator("layers-further/" + case), 2, 3, 4, 3)
        updated = dict(zip(("runningMean", "runningVariance"), updated_states(states, values))) if mode == "training" else {}
        case_of(case, {"batchNorm": {}}, values.shape, weights(case, gamma=(3,), beta=(3,)),
                lambda x, w, s=states, m=mode: batch_normed(x, w, "", s, m, tf),
                lambda x, w, s=states, m=mode: batch_normed(x, w, "", s, m, torch), mode=mode, updated=updated,
                constants=dict(zip(("runningMean", "runningVariance"), states)))
        case = f"residual-batchNorm-{mode}"
        states, values = states_of(case, 4), normal(generator("layers-further/" + case), 3, 4)
        variables = weights(case, body__0__dense__kernel=(4, 4), body__0__dense__bias=(4,), body__1__batchNorm__gamma=(4,),
                            body__1__batchNorm__beta=(4,))
        variables = {path.replace("/0/", "/0.").replace("/1/", "/1."): value for path, value in variables.items()}
        hidden = values @ variables["body/0.dense/kernel"] + variables["body/0.dense/bias"]
        paths = "body/1.batchNorm/runningMean", "body/1.batchNorm/runningVariance"

        def run(x, w, lib, states=states, mode=mode):
            return batch_normed(dense(x, w, "body/0.dense"), w, "body/1.batchNorm/", states, mode, lib) + x

        case_of(case, {"residual": {"body": [{"dense": 4}, {"batchNorm": {}}]}}, (3, 4), variables,
                lambda x, w, run=run: run(x, w, tf), lambda x, w, run=run: run(x, w, torch), mode=mode,
                updated=dict(zip(paths, updated_states(states, hidden))) if mode == "training" else {},
                constants=dict(zip(paths, states)))

    for name, o, shape in ("sequences", {}, (2, 3, 7)), ("wide", {"size": 9, "alpha": 0.5}, (2, 5)):
        constants = (o.get("size", 5), o.get("alpha", 1e-4), o.get("beta", 0.75), o.get("k", 1.0))
        case_of(f"localResponseNorm-{name}", {"localResponseNorm": o}, shape, {}, None,
                lambda x, w, c=constants: last(F.local_response_norm(first(x[:, None] if x.ndim == 2 else x), *c)).reshape(x.shape))

    # Convolutions.
    for name, layer, o, shape, variables in (
        ("conv2D-uneven-strides-groups", "conv2D", dict(filters=6, kernelSize=[2, 3], strides=[2, 1], dilation=[1, 2], groups=2),
         (2, 6, 7, 4), dict(kernel=(2, 3, 2, 6), bias=(6,))),
        ("conv2D-all-edges", "conv2D", dict(filters=2, kernelSize=[3, 2], padding={"top": 1, "left": 2, "bottom": 3, "right": 0}),
         (2, 4, 5, 2), dict(kernel=(3, 2, 2, 2), bias=(2,))),
        ("conv1D-same-dilated", "conv1D", dict(filters=3, kernelSize=4, dilation=2, padding="same"), (2, 9, 2),
         dict(kernel=(4, 2, 3), bias=(3,))),
        ("depthwiseConv2D-window", "depthwiseConv2D", dict(kernelSize=[2, 3], padding={"top": 1, "right": 2}, depthMultiplier=2),
         (2, 5, 6, 2), dict(kernel=(2, 3, 1, 4), bias=(4,))),
        ("depthwiseConv2D-same-dilated", "depthwiseConv2D", dict(kernelSize=[3, 2], padding="same", dilation=2, depthMultiplier=2),
         (2, 5, 6, 2), dict(kernel=(3, 2, 1, 4), bias=(4,))),
        ("depthwiseConv1D-even", "depthwiseConv1D", dict(kernelSize=4, padding={"left": 2}, depthMultiplier=2), (2, 7, 2),
         dict(kernel=(4, 1, 4), bias=(4,))),
        ("separableConv2D-dilated", "separableConv2D",
         dict(filters=3, kernelSize=[2, 3], dilation=2, padding="same", depthMultiplier=2), (2, 5, 6, 2),
         dict(depthwiseKernel=(2, 3, 1, 4), pointwiseKernel=(1, 1, 4, 3), bias=(3,))),
        ("separableConv2D-same-stride-2", "separableConv2D", dict(filters=3, kernelSize=3, strides=2, padding="same"),
         (2, 6, 7, 2), dict(depthwiseKernel=(3, 3, 1, 2), pointwiseKernel=(1, 1, 2, 3), bias=(3,))),
        ("separableConv1D-dilated", "separableConv1D", dict(filters=3, kernelSize=2, dilation=3, padding={"left": 1}), (2, 8, 2),
         dict(depthwiseKernel=(2, 1, 2), pointwiseKernel=(1, 2, 3), bias=(3,))),
    ):
        rank, channels = len(shape) - 2, shape[-1]
        named = {"filters": "filters", "kernelSize": "kernel_size", "dilation": "dilation_rate", "groups": "groups",
                 "strides": "strides", "depthMultiplier": "depth_multiplier", "padding": "padding"}
        constants = {named[key]: value for key, value in o.items()}
        padding = o.get("padding", "valid")
        if isinstance(padding, dict):
            constants["padding"] = "valid"
        make = getattr(k, layer[0].upper() + layer[1:])

        def in_keras(x, w, o=o, rank=rank, make=make, constants=constants, padding=padding):
            if isinstance(padding, dict):
                x = tf.pad(x, [(0, 0), *edges(padding, x.shape[1:-1], [1] * rank, [1] * rank, [1] * rank), (0, 0)])
            depth = "depthwiseKernel" if "depthwiseKernel" in w else "kernel" if "filters" not in o else None
            if depth:  # Keras has [window..., C, multiplier]
                w = {**w, depth: tf.reshape(w[depth], [*w[depth].shape[:rank], x.shape[-1], -1])}
            return keras_layer(make, ["kernel", "depthwiseKernel", "pointwiseKernel", "bias"], **constants)(x, w)

        def in_pytorch(x, w, o=o, channels=channels):
            if "depthwiseKernel" in w:
                return convolve(convolve(x, w["depthwiseKernel"], o, channels), w["pointwiseKernel"], {}) + w["bias"]
            return convolve(x, w["kernel"], o, None if "filters" in o else channels) + w["bias"]

        # Keras refuses strides together with dilation.
        case_of(name, {layer: o}, shape, weights(name, **variables), None if "strides" in o and "dilation" in o else in_keras,
                in_pytorch)

    # Transposed convolutions. TensorFlow has dilated ones only on other devices.
    for name, rank, o in (
        ("even-stride-2", 2, dict(kernelSize=[4, 2], strides=2)), ("even-same", 2, dict(kernelSize=[4, 3], strides=[1, 2], padding="same")),
        ("wide-same", 2, dict(kernelSize=5, strides=2, padding="same")), ("uneven-strides", 2, dict(kernelSize=[3, 2], strides=[2, 3])),
        ("rows-and-columns", 2, dict(kernelSize=[4, 3], strides=[2, 3], padding=[1, 0], outputPadding=[1, 2])),
        ("edges", 2, dict(kernelSize=3, strides=2, padding={"top": 1, "left": 0, "bottom": 0, "right": 2}, outputPadding=1)),
        ("dilated-stride-2", 2, dict(kernelSize=[2, 3], strides=2, dilation=[3, 2], padding=1)),
        ("dilated-same", 2, dict(kernelSize=[3, 2], strides=2, dilation=2, padding="same")),
        ("wide-same", 1, dict(kernelSize=5, strides=2, padding="same")), ("even-same", 1, dict(kernelSize=4, padding="same")),
        ("dilated-stride-2", 1, dict(kernelSize=2, strides=3, dilation=2)),
        ("edges", 1, dict(kernelSize=4, strides=3, padding={"left": 2, "right": 1}, outputPadding=2)),
    ):
        case, o = f"conv{rank}DTranspose-{name}", {"filters": 2, **o}
        keras_can = o.get("padding", "valid") in ("same", "valid") and "dilation" not in o
        in_keras = keras_layer(
            getattr(k, f"Conv{rank}DTranspose"), ["kernel", "bias"], filters=2, kernel_size=o["kernelSize"], strides=o.get("strides", 1),
            padding=o.get("padding", "valid")) if keras_can else None
        case_of(case, {f"conv{rank}DTranspose": o}, (2, 3, 4, 3)[:rank + 1] + (3,), weights(
            "layers-further/" + case, kernel=(*pair(o["kernelSize"], rank), 2, 3), bias=(2,)), in_keras,
            lambda x, w, o=o: transposed(x, w, o))

    # Pooling.
    for average in False, True:
        layer = "averagePool2D" if average else "maxPool2D"
        make = k.AveragePooling2D if average else k.MaxPooling2D
        for name, o in (
            ("window", dict(poolSize=[3, 2], strides=[2, 1])), ("gaps", dict(poolSize=[1, 2], strides=[2, 3])),
            ("window-same", dict(poolSize=[2, 3], strides=[1, 2], padding="same")),
            ("edges", dict(poolSize=[3, 2], strides=[2, 1], padding={"top": 1, "right": 1})),
            ("edges-counted", dict(poolSize=[3, 2], strides=[2, 2], padding={"left": 1, "bottom": 2}, countsPadding=True)),
        ):
            if not average and "countsPadding" in o:
                continue
            in_keras = None
            if not isinstance(o.get("padding"), dict):
                in_keras = lambda x, w, o=o, make=make: make(o["poolSize"], o["strides"], o.get("padding", "valid"))(x)
            case_of(f"{layer}-{name}", {layer: o}, (2, 6, 7, 2), {}, in_keras,
                    lambda x, w, o=o, average=average: pool(x, o, average), distinct)
        case_of(f"{layer}-window-ceil", {layer: {"poolSize": [2, 3], "padding": [1, 0], "ceilMode": True}}, (2, 6, 7, 2), {}, None,
                lambda x, w, average=average: last(
                    F.avg_pool2d(first(x), (2, 3), None, (1, 0), True, False) if average
                    else F.max_pool2d(first(x), (2, 3), None, (1, 0), 1, True)), distinct)
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# What published networks are made of


def blocks():
    fixture = Fixture("layers-blocks", "Layers of published networks: squeeze and excitation, connections by a table, scales, channels")

    def one_by_one(x, w, path):
        return torch.einsum("...c,co->...o", x, w[path + "/kernel"][0, 0]) + w[path + "/bias"]

    for name, o, functions in (
        ("", {}, (torch.relu, torch.sigmoid)),
        ("-silu", {"activation": "silu", "gate": "hardSigmoid"}, (F.silu, F.hardsigmoid)),
    ):
        case = f"squeezeExcitation{name}"
        variables = weights(case, fc1__kernel=(1, 1, 5, 3), fc1__bias=(3,), fc2__kernel=(1, 1, 3, 5), fc2__bias=(5,))

        def weighed(x, w, functions=functions):
            hidden = functions[0](one_by_one(x.mean((1, 2), keepdim=True), w, "fc1"))
            return x * functions[1](one_by_one(hidden, w, "fc2"))

        add(fixture, case, {"squeezeExcitation": {"channels": 3, **o}}, normal(generator(case), 2, 3, 4, 5), variables, None, weighed)

    table = [[0, 2], [1], [0, 1, 2], [2, 0]]
    for name, o in ("", {}), ("-strided", {"strides": [2, 1], "padding": 1, "activation": "tanh", "useBias": False}):
        case = f"sparseConv2D{name}"
        variables = weights(case, kernel=(2, 3, 8), **({"bias": (4,)} if o.get("useBias", True) else {}))

        def connected(x, w, o=o):
            whole, place = [], 0
            for inputs in table:
                kernel = [torch.zeros_like(w["kernel"][..., 0])] * 3
                for channel in inputs:
                    kernel[channel] = w["kernel"][..., place]
                    place += 1
                whole.append(torch.stack(kernel))
            y = F.conv2d(channels_first(x), torch.stack(whole), w.get("bias"), o.get("strides", 1), o.get("padding", 0))
            y = channels_last(y)
            return torch.tanh(y) if "activation" in o else y

        add(fixture, case, {"sparseConv2D": {"kernelSize": [2, 3], "connections": table, **o}},
            normal(generator(case), 2, 4, 5, 3), variables, None, connected)

    for name, o, offset in ("", {}, False), ("-offset", {"initial": 0.5, "useBias": True, "activation": "tanh"}, True):
        case = f"channelScale{name}"
        variables = weights(case, gamma=(4,), **({"beta": (4,)} if offset else {}))
        add(fixture, case, {"channelScale": o}, normal(generator(case), 2, 3, 4), variables, None,
            lambda x, w, offset=offset: torch.tanh(x * w["gamma"] + w["beta"]) if offset else x * w["gamma"])
    for name, o in ("", {"after": 3}), ("-both", {"before": 1, "after": 2}):
        case = f"channelPadding{name}"
        add(fixture, case, {"channelPadding": o}, normal(generator(case), 2, 3, 4, 2), {}, None,
            lambda x, w, o=o: F.pad(x, (o.get("before", 0), o["after"])))
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Attention


def block_weights(case, channels, hidden, o):
    """The variables of a transformer's block by path."""
    size = o.get("keySize", channels // o["heads"])
    inner, groups = o["heads"] * size, o.get("keyValueHeads", o["heads"]) * size
    shapes = {f"attention__{n}__kernel": (channels, w) for n, w in (("query", inner), ("key", groups), ("value", groups))}
    shapes |= {"attention__output__kernel": (inner, channels)}
    shapes |= {"dense1__kernel": (channels, hidden), "dense2__kernel": (hidden, channels)}
    if o.get("useBias", True):
        shapes |= {name.replace("kernel", "bias"): (shape[1],) for name, shape in list(shapes.items())}
    shapes |= {f"{n}__{w}": (channels,) for n in ("norm1", "norm2") for w in ("gamma", "beta")}
    # Small enough that what cancels to nothing, the gradient to the offset of keys, is small beside the rest.
    return {path: (value * 0.4).astype(np.float32).astype(np.float64) for path, value in weights(case, **shapes).items()}


def rotated(x, base=10_000.0):
    """[N, T, heads, D] turned by complex numbers: halves are real and imaginary parts."""
    count = x.shape[3] // 2
    angles = torch.outer(torch.arange(x.shape[1]), base ** (-torch.arange(count) / count))
    turned = torch.complex(x[..., :count], x[..., count:]) * torch.polar(torch.ones_like(angles), angles)[:, None]
    return torch.cat([turned.real, turned.imag], -1)


def attended(x, w, o, prefix="", keys=None, mask=None):
    """Attention from PyTorch's scaled_dot_product_attention."""
    keys = x if keys is None else keys
    heads, groups = o["heads"], o.get("keyValueHeads", o["heads"])

    def divided(x, name, heads):
        y = x @ w[f"{prefix}{name}/kernel"] + w.get(f"{prefix}{name}/bias", 0.0)
        return y.reshape(*y.shape[:2], heads, -1)

    q, k, v = divided(x, "query", heads), divided(keys, "key", groups), divided(keys, "value", groups)
    if o.get("positions") == "rotary":
        q, k = (rotated(t, o.get("rotaryBase", 10_000.0)) for t in (q, k))
    y = F.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=mask, is_causal=o.get("isCausal", False),
        enable_gqa=groups != heads)
    y = y.transpose(1, 2).flatten(2)
    return y @ w[f"{prefix}output/kernel"] + w.get(f"{prefix}output/bias", 0.0)


def joined(w, prefix=""):
    """The weights of attention as nn.MultiheadAttention has them."""
    return {
        "in_proj_weight": torch.cat([w[f"{prefix}{n}/kernel"].T for n in ("query", "key", "value")]),
        "in_proj_bias": torch.cat([w[f"{prefix}{n}/bias"] for n in ("query", "key", "value")]),
        "out_proj.weight": w[f"{prefix}output/kernel"].T, "out_proj.bias": w[f"{prefix}output/bias"],
    }


def causal_mask(length):
    return torch.nn.Transformer.generate_square_subsequent_mask(length)


def attention():
    fixture = Fixture("layers-attention", "Attention, blocks of transformers, positions")
    for name, channels, o in (
        ("", 6, {"heads": 2}), ("-causal", 6, {"heads": 3, "isCausal": True}), ("-size", 5, {"heads": 2, "keySize": 3}),
        ("-groups", 8, {"heads": 4, "keyValueHeads": 2}),
        ("-one-group", 6, {"heads": 3, "keyValueHeads": 1, "isCausal": True, "useBias": False}),
        ("-rotary", 8, {"heads": 2, "isCausal": True, "positions": "rotary"}),
        ("-rotary-base", 5, {"heads": 2, "keySize": 6, "keyValueHeads": 1, "positions": "rotary", "rotaryBase": 50}),
    ):
        case = f"multiHeadAttention{name}"
        variables = {path.removeprefix("attention/"): value for path, value in block_weights(case, channels, 1, o).items()
                     if path.startswith("attention/")}
        module = None
        if not {"keySize", "keyValueHeads", "positions"} & o.keys():
            module = torch.nn.MultiheadAttention(channels, o["heads"], batch_first=True)

        def run(x, w, o=o, module=module):
            y = attended(x, w, o)
            if module is not None:
                mask = causal_mask(x.shape[1]) if o.get("isCausal") else None
                other, _ = torch.func.functional_call(module, joined(w), (x, x, x), {"attn_mask": mask})
                base.same(other.detach(), y.detach(), "attention")
            return y

        add(fixture, case, {"multiHeadAttention": o}, normal(generator(case), 2, 5, channels), variables, None, run)

    for name, o in (
        ("", {}), ("-after", {"normalization": "after"}), ("-causal", {"isCausal": True, "hidden": 5, "activation": "relu"}),
        ("-after-causal", {"normalization": "after", "isCausal": True, "epsilon": 0.01}),
    ):
        case, o = f"transformerBlock{name}", {"heads": 2, **o}
        hidden = o.get("hidden", 24)

        def run(x, w, o=o, hidden=hidden):
            module = torch.nn.TransformerEncoderLayer(
                6, 2, hidden, 0.0, o.get("activation", "gelu"), o.get("epsilon", 1e-5), batch_first=True,
                norm_first=o.get("normalization") != "after")
            values = {"self_attn." + k: v for k, v in joined(w, "attention/").items()}
            for mine, other in (("dense1", "linear1"), ("dense2", "linear2")):
                values |= {f"{other}.weight": w[f"{mine}/kernel"].T, f"{other}.bias": w[f"{mine}/bias"]}
            for n in "norm1", "norm2":
                values |= {f"{n}.weight": w[f"{n}/gamma"], f"{n}.bias": w[f"{n}/beta"]}
            mask = causal_mask(x.shape[1]) if o.get("isCausal") else None
            return torch.func.functional_call(module, values, (x,), {"src_mask": mask})

        add(fixture, case, {"transformerBlock": o}, normal(generator(case), 2, 4, 6), block_weights(case, 6, hidden, o), None, run)

    case, o = "transformerBlock-rotary", {"heads": 2, "keyValueHeads": 1, "isCausal": True, "positions": "rotary", "useBias": False}

    def rotary_block(x, w, o=o):
        def norm(x, n):
            return F.layer_norm(x, x.shape[-1:], w[n + "/gamma"], w[n + "/beta"], 1e-5)
        x = x + attended(norm(x, "norm1"), w, o, "attention/")
        return x + F.gelu(norm(x, "norm2") @ w["dense1/kernel"]) @ w["dense2/kernel"]

    add(fixture, case, {"transformerBlock": o}, normal(generator(case), 2, 5, 8), block_weights(case, 8, 32, o), None, rotary_block)

    add(fixture, "positionEmbedding", {"positionEmbedding": 6}, normal(generator("positionEmbedding"), 2, 4, 3),
        weights("positionEmbedding", embeddings=(6, 3)), None, lambda x, w: x + w["embeddings"][:x.shape[1]])
    for name, o in ("", {}), ("-base", {"base": 20}):
        case = f"sinusoidalEncoding{name}"

        def encoded(x, w, o=o):
            count = x.shape[2] // 2
            angles = torch.outer(torch.arange(x.shape[1]), o.get("base", 10_000.0) ** (-torch.arange(count) / count))
            return x + torch.stack([angles.sin(), angles.cos()], -1).flatten(1)

        add(fixture, case, {"sinusoidalEncoding": o}, normal(generator(case), 2, 7, 6), {}, None, encoded)

    for name, o in ("", {}), ("-dilated", {"dilation": 2}), ("-strided", {"strides": 2, "kernelSize": 4, "useBias": False}):
        case, o = f"conv1D-causal{name}", {"filters": 4, "kernelSize": 3, "padding": "causal", **o}
        variables = weights(case, kernel=(o["kernelSize"], 3, 4), **({"bias": (4,)} if o.get("useBias", True) else {}))

        def causal(x, w, o=o, module=keras.layers.Conv1D):
            options = {"padding": {"left": (o["kernelSize"] - 1) * o.get("dilation", 1)}}
            return convolve(x, w["kernel"], {**o, **options}) + w.get("bias", 0.0)

        add(fixture, case, {"conv1D": o}, normal(generator(case), 2, 7, 3), variables,
            keras_layer(keras.layers.Conv1D, ["kernel", "bias"], filters=4, kernel_size=o["kernelSize"], padding="causal",
                        strides=o.get("strides", 1), dilation_rate=o.get("dilation", 1), use_bias=o.get("useBias", True)),
            causal)
    return fixture


def dot_product_attention():
    """scaled_dot_product_attention by itself: heads behind positions, masks, groups; and attention to other sequences."""
    fixture = Fixture("attention", "Attention by scaled dot products, with masks, groups, and to other sequences")
    n, t, s, size = 2, 5, 7, 4
    for name, heads, groups, o in (
        ("plain", 3, 3, {}), ("causal", 2, 2, {"isCausal": True}), ("scale", 2, 2, {"scale": 0.3}),
        ("mask", 2, 2, {"mask": "bool"}), ("mask-heads", 2, 2, {"mask": "heads"}), ("bias", 2, 2, {"mask": "numbers"}),
        ("groups", 4, 2, {}), ("groups-mask", 6, 2, {"mask": "bool"}), ("groups-causal", 4, 1, {"isCausal": True}),
    ):
        case = f"attention/{name}"
        random = generator(case)
        values = {"queries": normal(random, n, t, heads, size), "keys": normal(random, n, s, groups, size),
                  "values": normal(random, n, s, groups, 3)}
        mask = None
        if o.get("mask") == "numbers":
            mask = normal(random, heads, t, s)
        elif "mask" in o:
            mask = random.random((n, heads if o["mask"] == "heads" else 1, t, s)) < 0.6
            mask[..., 2] = True
        given = None if mask is None else torch.tensor(mask)

        def run(x, o=o, mask=given, heads=heads, groups=groups):
            y = F.scaled_dot_product_attention(
                *(x[k].transpose(1, 2) for k in ("queries", "keys", "values")), attn_mask=mask,
                is_causal=o.get("isCausal", False), scale=o.get("scale"), enable_gqa=heads != groups)
            return y.transpose(1, 2)

        r = normal(generator(case + "/r"), n, t, heads, 3)
        output, gradients = base.with_pytorch(run, values, r)
        tensors = {**values, "r": r, "output": output, "gradient": gradients}
        if mask is not None:
            tensors["mask"] = mask.astype(np.int32) if mask.dtype == bool else mask
        fixture.add(name, o, tensors)

    # nn.MultiheadAttention that looks at another sequence, of whose keys some do not count.
    case = "attention/cross"
    variables = {path.removeprefix("attention/"): value for path, value in block_weights(case, 6, 1, {"heads": 2}).items()
                 if path.startswith("attention/")}
    values = {"queries": normal(generator(case), n, t, 6), "keys": normal(generator(case + "/keys"), n, s, 6), **variables}
    lengths = np.array([4, 7], np.int32)
    module = torch.nn.MultiheadAttention(6, 2, batch_first=True)

    def cross(x):
        padding = torch.arange(s)[None] >= torch.tensor(lengths)[:, None]
        w = {name: value for name, value in x.items() if name in variables}
        return torch.func.functional_call(
            module, joined(w), (x["queries"], x["keys"], x["keys"]), {"key_padding_mask": padding})[0]

    r = normal(generator(case + "/r"), n, t, 6)
    output, gradients = base.with_pytorch(cross, values, r)
    tensors = {"queries": values["queries"], "keys": values["keys"], "lengths": lengths, "variables": variables, "r": r,
               "output": output}
    tensors["gradient"] = {("variables/" if name in variables else "") + name: value for name, value in gradients.items()}
    fixture.add("cross", {"layer": {"multiHeadAttention": 2}}, tensors)
    return fixture


# ---------------------------------------------------------------------------------------------------------------------
# Recurrence


def recurrent():
    fixture = Fixture("layers-recurrent", "Recurrent layers: plain, LSTM, GRU, both directions")
    n, t, channels, units = 2, 5, 4, 3
    gates = {"simpleRNN": 1, "lstm": 4, "gru": 3}
    modules = {"simpleRNN": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    keras_layers = {"simpleRNN": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}

    def reordered(x):
        """PyTorch's order r, z, n of Keras's z, r, n."""
        z, r, new = torch.chunk(x, 3, -1)
        return torch.cat([r, z, new], -1)

    def pytorch_weights(layer, w, prefix="", suffix=""):
        order = reordered if layer == "gru" else lambda x: x
        width = w[prefix + "kernel"].shape[1]
        zero = torch.zeros(width, dtype=torch.float64)
        return {
            "weight_ih_l0" + suffix: order(w[prefix + "kernel"]).T, "weight_hh_l0" + suffix: order(w[prefix + "recurrentKernel"]).T,
            "bias_ih_l0" + suffix: order(w.get(prefix + "bias", zero)),
            "bias_hh_l0" + suffix: order(w.get(prefix + "recurrentBias", zero)),
        }

    for name, layer, o in (
        ("", "simpleRNN", {}), ("-sequences", "simpleRNN", {"returnsSequences": True, "activation": "relu"}),
        ("-reversed", "simpleRNN", {"returnsSequences": True, "isReversed": True, "useBias": False}),
        ("", "lstm", {}), ("-sequences", "lstm", {"returnsSequences": True}),
        ("-reversed", "lstm", {"returnsSequences": True, "isReversed": True}), ("-no-bias", "lstm", {"useBias": False}),
        ("-functions", "lstm", {"activation": "softsign", "recurrentActivation": "hardSigmoid", "returnsSequences": True}),
        ("", "gru", {}), ("-sequences", "gru", {"returnsSequences": True}), ("-reversed", "gru", {"isReversed": True}),
        ("-reset-before", "gru", {"resetsAfter": False, "returnsSequences": True}), ("-no-bias", "gru", {"useBias": False}),
    ):
        case = layer + name
        width = gates[layer] * units
        two = layer == "gru" and o.get("resetsAfter", True)
        bias = {"bias": (width,), **({"recurrentBias": (width,)} if two else {})} if o.get("useBias", True) else {}
        variables = weights(case, kernel=(channels, width), recurrentKernel=(units, width), **bias)
        whole, back = o.get("returnsSequences", False), o.get("isReversed", False)

        def in_keras(x, w, o=o, layer=layer, whole=whole, back=back, two=two):
            activations = {key: {"hardSigmoid": "hard_sigmoid"}.get(o[own], o[own])
                           for own, key in (("activation", "activation"), ("recurrentActivation", "recurrent_activation")) if own in o}
            extra = {"reset_after": two} if layer == "gru" else {}
            module = keras_layers[layer](
                units, return_sequences=whole, go_backwards=back, use_bias=o.get("useBias", True), dtype="float64",
                **activations, **extra)
            module.build((n, t, channels))
            own = [w["kernel"], w["recurrentKernel"]]
            if "bias" in w:
                own.append(tf.stack([w["bias"], w["recurrentBias"]]) if two else w["bias"])
            y = module.stateless_call(own, [v for v in module.non_trainable_variables], x)[0]
            return tf.reverse(y, [1]) if whole and back else y

        def in_pytorch(x, w, o=o, layer=layer, whole=whole, back=back):
            options = {"nonlinearity": o.get("activation", "tanh")} if layer == "simpleRNN" else {}
            module = modules[layer](channels, units, batch_first=True, dtype=torch.float64, **options)
            x = torch.flip(x, [1]) if back else x
            y = torch.func.functional_call(module, pytorch_weights(layer, w), (x,))[0]
            y = y if whole else y[:, -1]
            return torch.flip(y, [1]) if whole and back else y

        only_keras = "recurrentActivation" in o or layer == "gru" and not two
        add(fixture, case, {layer: {"units": units, **o}}, normal(generator(case), n, t, channels), variables,
            in_keras, None if only_keras else in_pytorch)

    for name, layer, o in (
        ("", "lstm", {}), ("-sequences", "gru", {"returnsSequences": True}), ("-add", "lstm", {"returnsSequences": True}),
    ):
        case = f"bidirectional{name}"
        width = gates[layer] * units
        bias = ["bias", "recurrentBias"] if layer == "gru" else ["bias"]
        shapes = {"kernel": (channels, width), "recurrentKernel": (units, width), **{b: (width,) for b in bias}}
        variables = weights(case, **{f"{d}__{k}": s for d in ("forward", "backward") for k, s in shapes.items()})
        whole = o.get("returnsSequences", False)

        def both(x, w, layer=layer, whole=whole, name=name):
            module = modules[layer](channels, units, batch_first=True, bidirectional=True, dtype=torch.float64)
            given = pytorch_weights(layer, w, "forward/") | pytorch_weights(layer, w, "backward/", "_reverse")
            y = torch.func.functional_call(module, given, (x,))[0]
            if name == "-add":
                return y[..., :units] + y[..., units:]
            return y if whole else torch.cat([y[:, -1, :units], y[:, 0, units:]], -1)

        settings = {"layer": {layer: {"units": units, **o}}, **({"merge": "add"} if name == "-add" else {})}
        add(fixture, case, {"bidirectional": settings}, normal(generator(case), n, t, channels), variables, None, both)
    return fixture


# ---------------------------------------------------------------------------------------------------------------------


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Makes the fixtures of layers.")
    parser.add_argument("--output", type=Path, default=here, help="folder to write to (default: beside this script)")
    parser.add_argument("--only", help="comma-separated names of files, without extension")
    parser.add_argument("--check", action="store_true", help="compare with the stored files instead of writing")
    arguments = parser.parse_args()
    makers = {"layers-convolutions": convolutions, "layers-pooling": pooling, "layers-shapes": shapes, "layers-norms": norms,
              "layers-containers": containers, "layers-activations": activations, "layers-further": further,
              "layers-blocks": blocks, "layers-attention": attention, "attention": dot_product_attention,
              "layers-recurrent": recurrent}
    names = arguments.only.split(",") if arguments.only else list(makers)
    if unknown := [name for name in names if name not in makers]:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(makers)}")
    for name in names:
        fixture = makers[name]()
        if arguments.check:
            fixture.check(arguments.output)
        else:
            fixture.save(arguments.output, limit=400_000)


if __name__ == "__main__":
    main()
