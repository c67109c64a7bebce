"""Training steps in Keras 3 on TensorFlow: a graph function, with and without XLA."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import protocol
import start_values
import tensorflow as tf
from keras import layers

MODES = {
    "graph": ("float32", lambda workload: True),
    "xla": ("float32", lambda workload: True),
    "mixed_bfloat16": ("bfloat16", lambda workload: workload.is_mixed),
}


class Positions(layers.Layer):
    """Adds a row for each position."""

    def __init__(self, length):
        super().__init__()
        self.length = length

    def build(self, shape):
        self.embeddings = self.add_weight(shape=(self.length, shape[-1]), name="embeddings")

    def call(self, x):
        return x + self.embeddings


class Builder:
    """Applies layers one after the other."""

    def __init__(self, kernels):
        self.kernels = kernels

    def sequential(self, items, x):
        for layer in items:
            x = self.apply(layer, x)
        return x

    def apply(self, layer, x):
        activation = layer.constants.get("activation", "linear")
        if layer.kind == "dense":
            return self.weighted(layers.Dense(layer.units, activation, layer.useBias), x)
        if layer.kind == "conv2D":
            x, padding = self.padded(layer, x)
            return self.weighted(layers.Conv2D(layer.filters, layer.kernelSize, layer.strides, padding,
                                               activation=activation, use_bias=layer.useBias), x)
        if layer.kind == "lstm":
            return self.recurrent(layers.LSTM(layer.units, unit_forget_bias=layer.unitForgetBias), x)
        if layer.kind == "transformerBlock":
            return self.block(layer, x)
        if layer.kind == "embedding":
            return self.weighted(layers.Embedding(layer.vocabulary, layer.units), x)
        if layer.kind == "positionEmbedding":
            return self.weighted(Positions(layer.length), x)
        if layer.kind == "layerNorm":
            return layers.LayerNormalization(epsilon=layer.epsilon)(x)
        if layer.kind == "globalAveragePool" and len(x.shape) == 3:
            return layers.GlobalAveragePooling1D()(x)
        if layer.kind == "batchNorm":
            return layers.BatchNormalization(momentum=layer.momentum, epsilon=layer.epsilon)(x)
        if layer.kind == "maxPool2D":  # behind a ReLU zeros are as good as nothing
            x, padding = self.padded(layer, x)
            return layers.MaxPool2D(layer.poolSize, layer.constants.get("strides"), padding)(x)
        if layer.kind == "residual":
            inside = type(layer).list
            y = self.sequential(inside(layer.body), x)
            shortcut = self.sequential(inside(layer.shortcut), x) if layer.shortcut else x
            return layers.Activation(activation)(y + shortcut)
        kinds = {"relu": layers.ReLU, "flatten": layers.Flatten, "globalAveragePool": layers.GlobalAveragePooling2D}
        return kinds[layer.kind]()(x)

    @staticmethod
    def padded(layer, x):
        """Edges given in pixels: where Keras's `same` is something else, a layer of its own, as keras.applications has it."""
        if layer.edges is None:
            return x, layer.padding
        size = layer.constants.get("kernelSize") or layer.poolSize
        if layer.edges == 0:
            return x, "valid"
        if layer.strides == 1 and layer.edges == size // 2:
            return x, "same"
        return layers.ZeroPadding2D(layer.edges)(x), "valid"

    def weighted(self, layer, x):
        y = layer(x)
        if self.kernels:
            kernel = layer.embeddings if hasattr(layer, "embeddings") else layer.kernel
            kernel.assign(self.kernels.next(kernel.shape))
        return y

    def block(self, layer, x):
        """A block of a transformer with normalization before."""
        channels = x.shape[-1]
        attention = layers.MultiHeadAttention(layer.heads, channels // layer.heads)
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        y = attention(y, y, use_causal_mask=layer.isCausal)
        if self.kernels:  # [C, heads, size], and [heads, size, C] of what attention yields
            for kernel in (attention.query_dense, attention.key_dense, attention.value_dense, attention.output_dense):
                kernel.kernel.assign(self.kernels.next((channels, channels)).reshape(kernel.kernel.shape))
        x = x + y
        y = self.weighted(layers.Dense(4 * channels, "gelu"), layers.LayerNormalization(epsilon=1e-5)(x))
        return x + self.weighted(layers.Dense(channels), y)

    def recurrent(self, layer, x):
        y = layer(x)
        if self.kernels:
            for kernel in (layer.cell.kernel, layer.cell.recurrent_kernel):
                kernel.assign(self.kernels.next(kernel.shape))
        return y


def network(workload, starts_equal):
    inputs = layers.Input(workload.input, dtype="int32" if workload.vocabulary else "float32")
    *rest, last = workload.layers
    builder = Builder(start_values.Kernels() if starts_equal else None)
    x = builder.sequential(rest, inputs)
    # Logits in float32, also in mixed precision.
    outputs = builder.weighted(layers.Dense(last.units, dtype="float32"), x)
    return keras.Model(inputs, outputs)


def make_step(workload, mode, starts_equal):
    keras.utils.set_random_seed(0)
    keras.mixed_precision.set_dtype_policy(mode if mode == "mixed_bfloat16" else "float32")
    model = network(workload, starts_equal)
    if workload.is_inference:
        images = tf.constant(start_values.batch(workload)[0])
        predict = tf.function(lambda: model(images, training=False), jit_compile=mode == "xla")
        return lambda: float(predict()[0, 0].numpy()), 1
    variables = model.trainable_variables
    if workload.optimizer == "adam":
        optimizer = keras.optimizers.Adam(workload.learning_rate)
    else:
        optimizer = keras.optimizers.SGD(workload.learning_rate, workload.momentum)
    optimizer.build(variables)
    inputs, labels = map(tf.constant, start_values.batch(workload))
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(jit_compile=mode == "xla")
    def train():
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels, model(inputs, training=True))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return lambda: float(train().numpy()), 1


if __name__ == "__main__":
    protocol.run("keras", f"{keras.__version__} on tensorflow {tf.__version__}", MODES, make_step)
