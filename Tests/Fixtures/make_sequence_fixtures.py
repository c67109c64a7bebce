#!/usr/bin/env python3
"""Makes the fixtures of recurrent layers and attention in files of PyTorch and Keras: sequences/*.

    pip install numpy==2.4.6 torch==2.15.0 h5py==3.16.0 keras==3.15.1 safetensors

    KERAS_BACKEND=torch python make_sequence_fixtures.py

`torch-NAME.pth` holds the state dictionary of a network, `keras-NAME.*` the weights of a model. sequences.safetensors has NAME/input and
NAME/output of each, and in its metadata the layers as experiment files write them. check_sequence_weights.py goes the other way.
"""
import os

os.environ["KERAS_BACKEND"] = "torch"

import argparse
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn

TARGET = Path(__file__).parent / "sequences"
tensors, layers = {}, {}


class Network(nn.Module):
    """Modules one after the other: of recurrent ones the states, of attention what it finds among its input."""

    def __init__(self, last=False, **modules):
        super().__init__()
        self.last = last
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        for module in self.children():
            if isinstance(module, nn.MultiheadAttention):
                x = module(x, x, x, need_weights=False)[0]
            elif isinstance(module, nn.RNNBase):
                x = module(x)[0]
                x = x[:, -1] if self.last else x
            else:
                x = module(x)
        return x


class Looking(nn.Module):
    """Attention to other sequences, of other channels."""

    def __init__(self):
        super().__init__()
        self.look = nn.MultiheadAttention(4, 2, kdim=3, vdim=5, batch_first=True)

    def forward(self, x, keys, values):
        return self.look(x, keys, values, need_weights=False)[0]


def encoder(**options):
    return nn.TransformerEncoderLayer(4, 2, 6, dropout=0, batch_first=True, **options)


def torch_networks():
    """Networks by name: the module, the shape of a sample, and the layers; whole numbers below 7 where words are asked for."""
    both = {"bidirectional": {"layer": {"lstm": {"units": 3, "returnsSequences": True}}}}
    plain = {"simpleRNN": {"units": 3, "activation": "relu", "useBias": False, "returnsSequences": True}}
    block = {"heads": 2, "hidden": 6, "normalization": "before", "activation": "gelu"}
    after = {"heads": 2, "hidden": 6, "normalization": "after", "activation": "relu"}
    words = {"vocabulary": 7, "units": 4}
    return {
        "tagger": (
            Network(words=nn.Embedding(7, 4), lstm=nn.LSTM(4, 3, 2, batch_first=True, bidirectional=True),
                    head=nn.Linear(6, 2)), "words",
            [{"name": "words", "embedding": words}, {"name": "lstm", "sequential": [both, {"dropout": 0.5}, both]},
             {"name": "head", "dense": 2}]),
        "gru": (
            Network(last=True, gru=nn.GRU(3, 4, batch_first=True), head=nn.Linear(4, 2)), (5, 3),
            [{"name": "gru", "gru": {"units": 4}}, {"name": "head", "dense": 2}]),
        "rnn": (
            Network(rnn=nn.RNN(3, 3, 2, nonlinearity="relu", bias=False, batch_first=True)), (5, 3),
            [{"name": "rnn", "sequential": [plain, plain]}]),
        "attention": (
            Network(attention=nn.MultiheadAttention(4, 2, batch_first=True)), (5, 4),
            [{"name": "attention", "multiHeadAttention": 2}]),
        "encoder": (
            Network(encoder=nn.TransformerEncoder(
                encoder(norm_first=True, activation="gelu"), 2, nn.LayerNorm(4), enable_nested_tensor=False)), (5, 4),
            [{"name": "encoder", "sequential": [
                {"name": "layers", "sequential": [
                    {"name": "0", "transformerBlock": block}, {"name": "1", "transformerBlock": block}]},
                {"name": "norm", "layerNorm": {"epsilon": 1e-5}}]}]),
        # Other names than the layers', in their order.
        "order": (
            Network(a=nn.Embedding(7, 4), b=nn.GRU(4, 4, batch_first=True), c=encoder(), d=nn.Linear(4, 2)), "words",
            [{"embedding": words}, {"gru": {"units": 4, "returnsSequences": True}}, {"transformerBlock": after},
             {"dense": 2}]),
    }


def keras_model(words):
    """A model of every layer that keeps more than one array, or of two."""
    k = keras.layers
    inputs = keras.Input((5,), dtype="int32")
    x = k.Embedding(7, 4)(inputs)
    if words == "all":
        x = k.Bidirectional(k.LSTM(3, return_sequences=True))(x)
        x = k.MultiHeadAttention(2, 3)(x, x)
        x = k.LayerNormalization(epsilon=1e-5)(x)
        x = k.GRU(4, return_sequences=True)(x)
        x = k.GRU(4, return_sequences=True, reset_after=False)(x)
        x = k.GroupQueryAttention(2, 4, 2)(x, x)
        x = k.LSTM(4, return_sequences=True)(x)
        x = k.SimpleRNN(3)(x)
    else:
        x = k.Bidirectional(k.GRU(2, return_sequences=True))(x)
        x = k.LSTM(3)(x)
    return keras.Model(inputs, k.Dense(2)(x))


def keras_layers(words):
    sequences = {"returnsSequences": True}
    first = {"embedding": {"vocabulary": 7, "units": 4}}
    if words != "all":
        return [
            first, {"bidirectional": {"layer": {"gru": {"units": 2, **sequences}}}},
            {"lstm": 3}, {"dense": 2}]
    return [
        first, {"bidirectional": {"layer": {"lstm": {"units": 3, **sequences}}}},
        {"multiHeadAttention": {"heads": 2, "keySize": 3}}, {"layerNorm": {"epsilon": 1e-5}},
        {"gru": {"units": 4, **sequences}}, {"gru": {"units": 4, "resetsAfter": False, **sequences}},
        {"multiHeadAttention": {"heads": 4, "keyValueHeads": 2, "keySize": 2}}, {"lstm": {"units": 4, **sequences}},
        {"simpleRNN": 3}, {"dense": 2}]


def words(generator):
    return generator.integers(0, 7, (2, 5)).astype("i4")


def draw(generator, *shape):
    return generator.normal(size=shape).astype("f4") * np.float32(0.5)


def make_torch(generator):
    networks = torch_networks()
    for name, (network, shape, list_) in networks.items():
        x = words(generator) if shape == "words" else draw(generator, 2, *shape)
        add_torch(generator, name, network, list_, input=x)
    add_torch(
        generator, "looking", Looking(), [], input=draw(generator, 2, 5, 4), keys=draw(generator, 2, 3, 3),
        values=draw(generator, 2, 3, 5))


def add_torch(generator, name, network, list_, **inputs):
    # Offsets are 0 at first in some modules.
    for parameter in network.parameters():
        parameter.data = torch.from_numpy(draw(generator, *parameter.shape))
    network.eval()
    with torch.no_grad():
        output = network(*[torch.from_numpy(x) for x in inputs.values()])
    torch.save(network.state_dict(), TARGET / f"torch-{name}.pth")
    add(f"torch-{name}", list_, output.numpy(), inputs)


def make_keras(generator):
    for name, endings in [("all", [".weights.h5"]), ("two", [".h5", ".keras"])]:
        keras.backend.clear_session()
        model = keras_model(name)
        for variable in model.weights:
            variable.assign(draw(generator, *variable.shape))
        for ending in endings:
            path = TARGET / f"keras-{name}{ending}"
            model.save_weights(path) if ending == ".weights.h5" else model.save(path)
        x = words(generator)
        add(f"keras-{name}", keras_layers(name), model(x).detach().numpy(), {"input": x})


def add(name, list_, output, inputs):
    # Transposed arrays would be written as they lie.
    tensors[f"{name}/output"] = np.ascontiguousarray(output)
    tensors.update({f"{name}/{key}": value for key, value in inputs.items()})
    layers[name] = json.dumps(list_)


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    generator = np.random.default_rng(1)
    make_torch(generator)
    make_keras(generator)
    save_file(tensors, TARGET / "sequences.safetensors", layers)


if __name__ == "__main__":
    main()
