"""Training steps in PyTorch: eager, channels-last, compiled, and with bfloat16 autocast."""
import protocol
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_flush_denormal(True)

MODES = {
    "eager": ("float32", lambda workload: True),
    "channels-last": ("float32", lambda workload: workload.has_images),
    "compile": ("float32", lambda workload: True),
    "frozen": ("float32", lambda workload: workload.inference),
    "bfloat16": ("bfloat16", lambda workload: not workload.inference),
}


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x), inplace=True)


def resnet18(size):
    if size > 64:
        layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    else:
        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    inputs = 64
    for outputs, stride in protocol.RESNET18_STAGES:
        layers += [Residual(inputs, outputs, stride), Residual(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def vgg16():
    layers, inputs = [], 3
    for outputs, count in protocol.VGG16_STAGES:
        for _ in range(count):
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
            inputs = outputs
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


def network(workload):
    if workload.kind == "resnet18":
        return resnet18(workload.size)
    if workload.kind == "vgg16-bn":
        return vgg16()
    if workload.kind == "lenet5":
        return nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    activation = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}[workload.activation]
    layers = []
    for inputs, outputs in zip(workload.features, workload.features[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def prediction(model, inputs, mode):
    if mode == "compile":
        torch.compiler.reset()
        model = torch.compile(model)
    elif mode == "frozen":  # normalizations folded into the convolutions, operations fused
        with torch.no_grad():
            model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, inputs)))

    def step():
        with torch.inference_mode():
            return float(model(inputs)[0, 0])

    return step


def make_step(workload, mode):
    inputs, labels = protocol.random_batch(workload)
    inputs, labels = torch.from_numpy(inputs), torch.from_numpy(labels).long()
    model = network(workload).train()
    if workload.has_images:
        inputs = inputs.permute(0, 3, 1, 2).contiguous()
        if mode != "eager":
            model = model.to(memory_format=torch.channels_last)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
    if workload.inference:
        return prediction(model.eval(), inputs, mode), 1
    if workload.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), workload.learning_rate, fused=True)
    else:
        optimizer = torch.optim.SGD(
            model.parameters(), workload.learning_rate, momentum=workload.momentum, fused=True)

    def loss_of(inputs, labels):
        return F.cross_entropy(model(inputs), labels)

    if mode == "compile":
        torch.compiler.reset()
        loss_of = torch.compile(loss_of)

    def step():
        optimizer.zero_grad(set_to_none=True)
        if mode == "bfloat16":
            with torch.autocast("cpu", torch.bfloat16):
                loss = loss_of(inputs, labels)
        else:
            loss = loss_of(inputs, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, 1


if __name__ == "__main__":
    protocol.run("pytorch", torch.__version__.split("+")[0], MODES, make_step)
