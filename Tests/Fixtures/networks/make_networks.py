"""Writes networks.json: names and shapes of the state dictionaries of torchvision's and timm's networks.

    python3 -m venv environment && environment/bin/pip install torch torchvision timm
    environment/bin/python Tests/Fixtures/networks/make_networks.py

A line is a tensor: its name, a space, its extents with commas. Counters of batches are left out: each batch normalization has
one.
"""

import json
import pathlib
import warnings

import timm
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
