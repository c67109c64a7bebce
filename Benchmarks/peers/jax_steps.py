"""Training steps in JAX: the whole step is one jitted function whose state is donated.

jit: max pooling by reduce_window, as Flax does it; the host waits for every step.
jit-pipelined: the same program, ten steps in flight before the host waits.
jit-reshape-pooling: max pooling as the maximum over a reshaped array, whose gradient is cheaper on a CPU.
"""
import os

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import protocol
from jax import lax

MODES = {
    "jit": ("float32", lambda workload: True),
    "jit-pipelined": ("float32", lambda workload: not workload.is_deep),
    "jit-reshape-pooling": ("float32", lambda workload: workload.kind == "lenet5"),
}


def layer(key, *shape):
    limit = (6 / (shape[-2] + shape[-1]) / (25 if len(shape) == 4 else 1)) ** 0.5
    return {"kernel": jax.random.uniform(key, shape, minval=-limit, maxval=limit), "bias": jnp.zeros(shape[-1])}


def normalized_layer(key, *shape):
    deviation = (2 / (shape[0] * shape[1] * shape[2])) ** 0.5
    return {"kernel": jax.random.normal(key, shape) * deviation, "gamma": jnp.ones(shape[-1]), "beta": jnp.zeros(shape[-1])}


def initial_network(workload):
    """The weights of a deep network in the order in which `deep_logits` takes them."""
    keys = iter(jax.random.split(jax.random.key(0), 64))
    parameters, inputs = [], 3
    if workload.kind == "resnet18":
        window = 7 if workload.size > 64 else 3
        parameters.append(normalized_layer(next(keys), window, window, 3, 64))
        inputs = 64
        for outputs, first_stride in protocol.RESNET18_STAGES:
            for stride in first_stride, 1:
                parameters.append(normalized_layer(next(keys), 3, 3, inputs, outputs))
                parameters.append(normalized_layer(next(keys), 3, 3, outputs, outputs))
                if inputs != outputs:
                    parameters.append(normalized_layer(next(keys), 1, 1, inputs, outputs))
                inputs = outputs
    else:
        for outputs, count in protocol.VGG16_STAGES:
            for _ in range(count):
                parameters.append(normalized_layer(next(keys), 3, 3, inputs, outputs) | {"bias": jnp.zeros(outputs)})
                inputs = outputs
    return [*parameters, layer(next(keys), 512, 10)]


def normalized(x, p, stride=1):
    x = lax.conv_general_dilated(x, p["kernel"], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    if "bias" in p:
        x = x + p["bias"]
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    # The running values are part of the work.
    running = {"mean": mean, "variance": variance}
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p["gamma"] + p["beta"], running


def deep_logits(workload, parameters, x):
    rest, statistics = iter(parameters), []

    def apply(x, stride=1):
        y, running = normalized(x, next(rest), stride)
        statistics.append(running)
        return y

    if workload.kind == "resnet18":
        x = jax.nn.relu(apply(x, 2 if workload.size > 64 else 1))
        if workload.size > 64:
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
        for outputs, first_stride in protocol.RESNET18_STAGES:
            for stride in first_stride, 1:
                y = apply(jax.nn.relu(apply(x, stride)))
                x = jax.nn.relu(y + (apply(x, stride) if x.shape[-1] != outputs else x))
        x = x.mean((1, 2))
    else:
        for _, count in protocol.VGG16_STAGES:
            for _ in range(count):
                x = jax.nn.relu(apply(x))
            x = window_pooling(x)
        x = x.reshape(len(x), -1)
    last = next(rest)
    return x @ last["kernel"] + last["bias"], statistics


def initial_parameters(workload):
    if workload.is_deep:
        return initial_network(workload)
    if workload.kind == "lenet5":
        shapes = [(5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10)]
    else:
        shapes = list(zip(workload.features, workload.features[1:]))
    return [layer(key, *shape) for key, shape in zip(jax.random.split(jax.random.key(0), len(shapes)), shapes)]


def convolution(x, p, padding):
    return lax.conv_general_dilated(
        x, p["kernel"], (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["bias"]


def window_pooling(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def reshape_pooling(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def logits(workload, pooling, parameters, x):
    activation = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[workload.activation]
    if workload.kind == "lenet5":
        first, second, *parameters = parameters
        x = pooling(activation(convolution(x, first, "SAME")))
        x = pooling(activation(convolution(x, second, "VALID"))).reshape(len(x), -1)
    *hidden, last = parameters
    for p in hidden:
        x = activation(x @ p["kernel"] + p["bias"])
    return x @ last["kernel"] + last["bias"]


def make_step(workload, mode):
    pooling = reshape_pooling if mode == "jit-reshape-pooling" else window_pooling
    rate, momentum = workload.learning_rate, workload.momentum

    is_deep = workload.is_deep

    def loss_of(parameters, x, y):
        outputs, statistics = deep_logits(workload, parameters, x) if is_deep else (logits(workload, pooling, parameters, x), [])
        scores = jax.nn.log_softmax(outputs)
        return -jnp.mean(jnp.take_along_axis(scores, y[:, None], 1)), statistics

    def sgd(state, gradients):
        if momentum == 0:
            return {"p": jax.tree.map(lambda p, g: p - rate * g, state["p"], gradients)}
        v = jax.tree.map(lambda v, g: momentum * v + g, state["v"], gradients)
        return {"p": jax.tree.map(lambda p, v: p - rate * v, state["p"], v), "v": v}

    def adam(state, gradients):
        t = state["t"] + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["m"], gradients)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state["v"], gradients)
        scale = rate * jnp.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t)
        p = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + 1e-7), state["p"], m, v)
        return {"p": p, "m": m, "v": v, "t": t}

    update = adam if workload.optimizer == "adam" else sgd

    def train(state, x, y):
        (loss, statistics), gradients = jax.value_and_grad(loss_of, has_aux=True)(state["p"], x, y)
        new = update({k: v for k, v in state.items() if k != "running"}, gradients)
        new["running"] = jax.tree.map(lambda old, batch: 0.9 * old + 0.1 * batch, state["running"], statistics)
        return new, loss

    parameters = initial_parameters(workload)
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = {"p": parameters}
    if workload.optimizer == "adam":
        state.update(m=zeros(), v=zeros(), t=jnp.zeros((), jnp.float32))
    elif momentum != 0:
        state.update(v=zeros())
    x, y = map(jnp.asarray, protocol.random_batch(workload))
    if workload.inference:
        # With the statistics of the batch in place of running ones, which is the more work.
        predict = jax.jit(lambda parameters, x: deep_logits(workload, parameters, x)[0])
        return lambda: float(predict(parameters, x)[0, 0]), 1
    state["running"] = jax.tree.map(
        lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(loss_of, parameters, x, y)[1])
    train = jax.jit(train, donate_argnums=0)
    count = 10 if mode == "jit-pipelined" else 1

    def step():
        nonlocal state
        for _ in range(count):
            state, loss = train(state, x, y)
        return float(loss)

    return step, count


if __name__ == "__main__":
    protocol.run("jax", jax.__version__, MODES, make_step)
