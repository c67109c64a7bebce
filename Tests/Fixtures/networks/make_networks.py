"""Writes networks.json: names and shapes of the state dictionaries of torchvision's and timm's networks; outputs.json: logits.

    python3 -m venv environment && environment/bin/pip install torch torchvision timm
    environment/bin/python Tests/Fixtures/networks/make_networks.py

A line is a tensor: its name, a space, its extents with commas. Counters of batches are left out: each batch normalization has
one.
"""

import json
import pathlib
import warnings

import numpy
import timm
import torch
import torchvision

warnings.filterwarnings("ignore")

TORCHVISION = {
    "alexnet": "alexnet", "vgg11": "vgg11", "vgg11-bn": "vgg11_bn", "vgg13": "vgg13", "vgg13-bn": "vgg13_bn",
    "vgg16": "vgg16", "vgg16-bn": "vgg16_bn", "vgg19": "vgg19", "vgg19-bn": "vgg19_bn", "resnet18": "resnet18",
    "resnet34": "resnet34", "resnet50": "resnet50", "resnet101": "resnet101", "resnet152": "resnet152",
    "wide-resnet50-2": "wide_resnet50_2", "resnext50-32x4d": "resnext50_32x4d", "googlenet-aux": "googlenet",
    "inceptionV3-aux": "inception_v3", "squeezenet1.0": "squeezenet1_0", "squeezenet1.1": "squeezenet1_1",
    "mobilenetV2": "mobilenet_v2", "mobilenetV3-small": "mobilenet_v3_small", "mobilenetV3-large": "mobilenet_v3_large",
    "densenet121": "densenet121", "densenet169": "densenet169", "densenet201": "densenet201",
    "efficientnet-b0": "efficientnet_b0", "convnext-t": "convnext_tiny",
}

#: Those whose names differ from torchvision's.
TIMM = {
    "preact-resnet18": "resnetv2_18", "preact-resnet34": "resnetv2_34", "preact-resnet50": "resnetv2_50",
    "preact-resnet101": "resnetv2_101", "preact-resnet152": "resnetv2_152", "mobilenetV2": "mobilenetv2_100",
    "mobilenetV3-small": "mobilenetv3_small_100", "mobilenetV3-large": "mobilenetv3_large_100",
    "efficientnet-b0": "efficientnet_b0", "convnext-t": "convnext_tiny", "vgg16": "vgg16",
}


def entry(model):
    tensors = [f"{name} {','.join(map(str, value.shape))}" for name, value in model.state_dict().items()
               if not name.endswith("num_batches_tracked")]
    return {"parameters": sum(value.numel() for value in model.parameters()), "tensors": tensors}


networks = {"torchvision": {}, "timm": {}}
for network, name in TORCHVISION.items():
    settings = {"aux_logits": True, "init_weights": False} if network.endswith("-aux") else {}
    networks["torchvision"][network] = entry(getattr(torchvision.models, name)(weights=None, **settings))
for network, name in TIMM.items():
    networks["timm"][network] = entry(timm.create_model(name, pretrained=False))
networks["versions"] = {"torchvision": torchvision.__version__, "timm": timm.__version__}
path = pathlib.Path(__file__).with_name("networks.json")
path.write_text(json.dumps(networks, indent=0).replace("\n\"", "\"") + "\n")


# What networks yield with weights that both sides compute by the same rule.

def bits(stream, count):
    """lowbias32 of Wellons (2018) of place + stream · 0x9E3779B9, as the benchmarks' start values."""
    x = (numpy.arange(count, dtype=numpy.uint64) + stream * 0x9E3779B9).astype(numpy.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> shift
        x *= numpy.uint32(factor)
    return x ^ (x >> 16)


def uniform(stream, shape, limit, offset=0.0):
    count = int(numpy.prod(shape))
    values = (bits(stream, count) >> 8).astype(numpy.float64) / 0x800000 - 1
    return torch.from_numpy((values * limit + offset).astype(numpy.float32).reshape(shape))


def set_weights(model):
    """Tensor number k draws from stream k + 1: kernels by their inputs, factors and variances about 1, the rest about 0."""
    stream = 0
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        stream += 1
        if value.ndim > 1 and not name.endswith("layer_scale"):
            value.copy_(uniform(stream, value.shape, (3 / value[0].numel()) ** 0.5))
        elif name.endswith(("weight", "running_var", "layer_scale")):
            value.copy_(uniform(stream, value.shape, 0.25, 1.0))
        else:
            value.copy_(uniform(stream, value.shape, 0.1))


OUTPUTS = {
    "torchvision": {
        "alexnet": 96, "vgg11-bn": 96, "resnet18": 96, "resnet50": 96, "resnext50-32x4d": 96, "googlenet-aux": 96,
        "inceptionV3-aux": 139, "squeezenet1.0": 96, "squeezenet1.1": 96, "mobilenetV2": 96, "mobilenetV3-small": 96,
        "mobilenetV3-large": 96, "densenet121": 96, "efficientnet-b0": 96, "convnext-t": 96,
    },
    "timm": {"preact-resnet18": 96, "preact-resnet50": 96},
}


def outputs():
    """Logits of two images for seven classes."""
    rows = {}
    for source, sizes in OUTPUTS.items():
        for network, size in sizes.items():
            if source == "timm":
                model = timm.create_model(TIMM[network], pretrained=False, num_classes=7)
            else:
                settings = {"aux_logits": True, "init_weights": False} if network.endswith("-aux") else {}
                model = getattr(torchvision.models, TORCHVISION[network])(weights=None, num_classes=7, **settings)
            model.eval()
            set_weights(model)
            x = uniform(0, (2, size, size, 3), 3 ** 0.5).permute(0, 3, 1, 2)
            with torch.no_grad():
                rows[network] = {"size": size, "outputs": model.double()(x.double()).flatten().tolist()}
    return rows


path.with_name("outputs.json").write_text(json.dumps(outputs(), indent=0) + "\n")
