"""Training steps in Keras 3 on TensorFlow: a graph function, with and without XLA."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import protocol
import tensorflow as tf
from keras import layers

MODES = {
    "graph": ("float32", lambda workload: True),
    "xla": ("float32", lambda workload: True),
    "mixed_bfloat16": ("bfloat16", lambda workload: workload.is_deep and not workload.inference),
}


def normalized(x, filters, stride=1, size=3, relu=True, bias=False):
    x = layers.Conv2D(filters, size, stride, padding="same", use_bias=bias)(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return layers.ReLU()(x) if relu else x


def resnet18(size):
    inputs = layers.Input((size, size, 3))
    if size > 64:
        x = layers.MaxPool2D(3, 2, padding="same")(normalized(inputs, 64, 2, 7))
    else:
        x = normalized(inputs, 64)
    for filters, first_stride in protocol.RESNET18_STAGES:
        for stride in first_stride, 1:
            shortcut = x if x.shape[-1] == filters else normalized(x, filters, stride, 1, relu=False)
            x = layers.ReLU()(normalized(normalized(x, filters, stride), filters, relu=False) + shortcut)
    return keras.Model(inputs, layers.Dense(10, dtype="float32")(layers.GlobalAveragePooling2D()(x)))


def vgg16():
    inputs = x = layers.Input((32, 32, 3))
    for filters, count in protocol.VGG16_STAGES:
        for _ in range(count):
            x = normalized(x, filters, bias=True)
        x = layers.MaxPool2D()(x)
    return keras.Model(inputs, layers.Dense(10, dtype="float32")(layers.Flatten()(x)))


def network(workload):
    if workload.kind == "resnet18":
        return resnet18(workload.size)
    if workload.kind == "vgg16-bn":
        return vgg16()
    if workload.kind == "lenet5":
        return keras.Sequential([
            layers.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"), layers.MaxPool2D(),
            layers.Conv2D(16, 5, activation="relu"), layers.MaxPool2D(), layers.Flatten(),
            layers.Dense(120, "relu"), layers.Dense(84, "relu"), layers.Dense(10)])
    *hidden, last = workload.features[1:]
    return keras.Sequential([layers.Input(workload.input_shape)]
                            + [layers.Dense(units, workload.activation) for units in hidden] + [layers.Dense(last)])


def make_step(workload, mode):
    keras.utils.set_random_seed(0)
    keras.mixed_precision.set_dtype_policy(mode if mode == "mixed_bfloat16" else "float32")
    model = network(workload)
    if workload.inference:
        images = tf.constant(protocol.random_batch(workload)[0])
        predict = tf.function(lambda: model(images, training=False), jit_compile=mode == "xla")
        return lambda: float(predict()[0, 0].numpy()), 1
    variables = model.trainable_variables
    if workload.optimizer == "adam":
        optimizer = keras.optimizers.Adam(workload.learning_rate)
    else:
        optimizer = keras.optimizers.SGD(workload.learning_rate, workload.momentum)
    optimizer.build(variables)
    inputs, labels = map(tf.constant, protocol.random_batch(workload))
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
