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
import start_values
from jax import lax

MODES = {
    "jit": ("float32", lambda workload: True),
    "jit-pipelined": ("float32", lambda workload: not workload.is_deep),
    "jit-reshape-pooling": ("float32", lambda workload: pools(workload) and not workload.is_deep),
}
ACTIVATIONS = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "linear": lambda x: x}


def pools(workload):
    return any(layer.kind == "maxPool2D" for layer in workload.layers)


class Network:
    """Layers as pure functions: `parameters` and `running` values are lists in the order of the layers."""

    def __init__(self, workload, pooling, kernels):
        self.layers, self.pooling, self.kernels = workload.layers, pooling, kernels
        self.keys = iter(jax.random.split(jax.random.key(0), 64))
        self.parameters, self.running = [], []
        sample = jax.ShapeDtypeStruct((1, *workload.input), jnp.int32 if workload.vocabulary else jnp.float32)
        self.sequential(self.layers, sample, None)

    def __call__(self, parameters, running, x, training):
        """The outputs, and the running values after this batch."""
        walk = Walk(iter(parameters), iter(running), training)
        return self.sequential(self.layers, x, walk), walk.updated

    def sequential(self, layers, x, walk):
        for layer in layers:
            x = self.apply(layer, x, walk)
        return x

    def apply(self, layer, x, walk):
        if layer.kind == "residual":
            inside = type(layer).list
            y = self.sequential(inside(layer.body), x, walk)
            shortcut = self.sequential(inside(layer.shortcut), x, walk) if layer.shortcut else x
            return self.evaluate(lambda x, y: ACTIVATIONS[layer.activation](x + y), walk, y, shortcut)
        if layer.kind in WEIGHTED:
            if walk is None:
                self.parameters.append(self.initial(layer, x.shape))
                if layer.kind == "batchNorm":
                    self.running.append({"mean": jnp.zeros(x.shape[-1]), "variance": jnp.ones(x.shape[-1])})
            parameters = self.parameters[-1] if walk is None else next(walk.parameters)
            if layer.kind == "batchNorm":
                return x if walk is None else walk.normalized(layer, parameters, x)
            if layer.kind in FUNCTIONS:
                return self.evaluate(lambda x: FUNCTIONS[layer.kind](layer, parameters, x), walk, x)
            return self.evaluate(lambda x: weighted(layer, parameters, x), walk, x)
        function = {"relu": jax.nn.relu, "flatten": lambda x: x.reshape(len(x), -1),
                    "globalAveragePool": lambda x: x.mean(tuple(range(1, x.ndim - 1))),
                    "maxPool2D": lambda x: self.pooling(layer, x)}[layer.kind]
        return self.evaluate(function, walk, x)

    @staticmethod
    def evaluate(function, walk, *operands):
        """The function's result; on the walk without values its shape."""
        return jax.eval_shape(function, *operands) if walk is None else function(*operands)

    def initial(self, layer, shape):
        if layer.kind == "batchNorm":
            return ones_and_zeros(shape[-1])
        if layer.kind == "lstm":
            return {"kernel": self.kernel((shape[-1], 4 * layer.units)),
                    "recurrent": self.kernel((layer.units, 4 * layer.units)), "bias": jnp.zeros(4 * layer.units)}
        channels = shape[-1]
        if layer.kind == "layerNorm":
            return ones_and_zeros(channels)
        if layer.kind in ("embedding", "positionEmbedding"):
            return {"kernel": self.kernel((layer.vocabulary, layer.units) if layer.kind == "embedding"
                                          else (layer.length, channels))}
        if layer.kind == "transformerBlock":
            parts = [self.kernel((channels, channels)) for _ in range(3)]
            maps = {"inputs": jnp.concatenate(parts, 1), "output": self.kernel((channels, channels)),
                    "dense1": self.kernel((channels, 4 * channels)), "dense2": self.kernel((4 * channels, channels))}
            return {"norm1": ones_and_zeros(channels), "norm2": ones_and_zeros(channels),
                    **{name: {"kernel": kernel, "bias": jnp.zeros(kernel.shape[1])} for name, kernel in maps.items()}}
        size = (layer.kernelSize,) * 2 if layer.kind == "conv2D" else ()
        outputs = layer.filters if layer.kind == "conv2D" else layer.units
        kernel = self.kernel((*size, shape[-1], outputs))
        return {"kernel": kernel, **({"bias": jnp.zeros(outputs)} if layer.useBias else {})}

    def kernel(self, shape):
        if self.kernels:
            return jnp.asarray(self.kernels.next(shape))
        return jax.nn.initializers.he_uniform()(next(self.keys), shape)


def last_state(layer, parameters, x):
    """The state of an LSTM after the last step of [N, T, C]."""
    def step(state, gates):
        h, c = state
        i, f, g, o = jnp.split(gates + h @ parameters["recurrent"], 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    gates = x @ parameters["kernel"] + parameters["bias"]
    start = jnp.zeros((x.shape[0], layer.units))
    return jax.lax.scan(step, (start, start), gates.swapaxes(0, 1))[0][0]


def ones_and_zeros(channels):
    return {"gamma": jnp.ones(channels), "beta": jnp.zeros(channels)}


def layer_normalized(epsilon, parameters, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + epsilon) * parameters["gamma"] + parameters["beta"]


def block(layer, parameters, x):
    """A block of a transformer with normalization before: the map to queries, keys and values is one."""
    def mapped(name, x):
        return x @ parameters[name]["kernel"] + parameters[name]["bias"]

    n, t, c = x.shape
    maps = mapped("inputs", layer_normalized(1e-5, parameters["norm1"], x)).reshape(n, t, 3, layer.heads, c // layer.heads)
    found = jax.nn.dot_product_attention(maps[:, :, 0], maps[:, :, 1], maps[:, :, 2], is_causal=layer.isCausal)
    x = x + mapped("output", found.reshape(n, t, c))
    hidden = jax.nn.gelu(mapped("dense1", layer_normalized(1e-5, parameters["norm2"], x)), approximate=False)
    return x + mapped("dense2", hidden)


FUNCTIONS = {
    "lstm": last_state, "transformerBlock": block,
    "layerNorm": lambda layer, parameters, x: layer_normalized(layer.epsilon, parameters, x),
    "embedding": lambda layer, parameters, x: parameters["kernel"][x],
    "positionEmbedding": lambda layer, parameters, x: x + parameters["kernel"],
}
WEIGHTED = {"dense", "conv2D", "batchNorm", *FUNCTIONS}


class Walk:
    """One way through the layers: what they take, and the running values that they leave behind."""

    def __init__(self, parameters, running, training):
        self.parameters, self.running, self.training, self.updated = parameters, running, training, []

    def normalized(self, layer, parameters, x):
        old = next(self.running)
        if self.training:
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            share = layer.momentum
            self.updated.append({"mean": share * old["mean"] + (1 - share) * mean,
                                 "variance": share * old["variance"] + (1 - share) * variance})
        else:
            mean, variance = old["mean"], old["variance"]
        return (x - mean) * lax.rsqrt(variance + layer.epsilon) * parameters["gamma"] + parameters["beta"]


def pads(layer):
    return layer.padding.upper() if layer.edges is None else [(layer.edges, layer.edges)] * 2


def weighted(layer, parameters, x):
    if layer.kind == "dense":
        y = x @ parameters["kernel"]
    else:
        y = lax.conv_general_dilated(x, parameters["kernel"], (layer.strides,) * 2, pads(layer),
                                     dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return ACTIVATIONS[layer.activation](y + parameters["bias"] if layer.useBias else y)


def window_pooling(layer, x):
    size, strides = layer.poolSize, layer.constants.get("strides", layer.poolSize)
    padding = layer.padding.upper() if layer.edges is None else [(0, 0), *pads(layer), (0, 0)]
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, strides, strides, 1), padding)


def reshape_pooling(layer, x):
    n, h, w, c = x.shape
    size = layer.poolSize
    return x.reshape(n, h // size, size, w // size, size, c).max((2, 4))


def make_step(workload, mode, starts_equal):
    pooling = reshape_pooling if mode == "jit-reshape-pooling" else window_pooling
    network = Network(workload, pooling, start_values.Kernels() if starts_equal else None)
    rate, momentum = workload.learning_rate, workload.momentum

    def loss_of(parameters, running, x, y):
        outputs, running = network(parameters, running, x, training=True)
        scores = jax.nn.log_softmax(outputs)
        return -jnp.mean(jnp.take_along_axis(scores, y[..., None], -1)), running

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
        (loss, running), gradients = jax.value_and_grad(loss_of, has_aux=True)(state["p"], state["running"], x, y)
        new = update({k: v for k, v in state.items() if k != "running"}, gradients)
        return {**new, "running": running}, loss

    x, y = map(jnp.asarray, start_values.batch(workload))
    if workload.is_inference:
        predict = jax.jit(lambda parameters, running, x: network(parameters, running, x, training=False)[0])
        return lambda: float(predict(network.parameters, network.running, x)[0, 0]), 1
    zeros = lambda: jax.tree.map(jnp.zeros_like, network.parameters)
    state = {"p": network.parameters, "running": network.running}
    if workload.optimizer == "adam":
        state.update(m=zeros(), v=zeros(), t=jnp.zeros((), jnp.float32))
    elif momentum != 0:
        state.update(v=zeros())
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
