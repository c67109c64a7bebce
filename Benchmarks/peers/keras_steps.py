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
            layer.kernel.assign(self.kernels.next(layer.kernel.shape))
        return y

    def recurrent(self, layer, x):
        y = layer(x)
        if self.kernels:
            for kernel in (layer.cell.kernel, layer.cell.recurrent_kernel):
                kernel.assign(self.kernels.next(kernel.shape))
        return y


def network(workload, starts_equal):
    inputs = layers.Input(workload.input)
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
