#!/usr/bin/env python3
"""Times predictions of a network of torchvision in each way that PyTorch has, a JSON line each.

    torchvision_models.py NAME SIZE BATCH SECONDS [MODE,…]
"""
import json
import sys
import warnings

warnings.filterwarnings("ignore")

import protocol
import torch
import torchvision

MODES = ["eager", "channels-last", "compile", "frozen"]
# Weights are drawn; the heads that only training has are left out.
OPTIONS = {"googlenet": {"aux_logits": False, "init_weights": False}, "inception_v3": {"aux_logits": False, "init_weights": False}}


def prepared(model, images, mode):
    """The model and the images in the form that the mode has."""
    if mode == "channels-last":
        return model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    if mode == "compile":
        return torch.compile(model), images
    if mode == "frozen":
        with torch.no_grad():
            return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, images))), images
    return model, images


def main():
    name, size, batch, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    modes = sys.argv[5].split(",") if len(sys.argv) > 5 else MODES
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    for mode in modes:
        line = {"framework": "torchvision", "version": torchvision.__version__, "mode": mode, "network": name}
        try:
            model = torchvision.models.get_model(name, weights=None, **OPTIONS.get(name, {})).eval()
            model, images = prepared(model, torch.rand(batch, 3, size, size), mode)

            def step():
                with torch.inference_mode():
                    return float(model(images)[0, 0])
            line.update(protocol.measure(step, 1, seconds, "output"))
        except Exception as error:  # one mode that fails should not hide the others
            line["error"] = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
