"""Training steps in PyTorch: eager, channels-last, compiled, and with bfloat16 autocast."""
import protocol
import start_values
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_flush_denormal(True)

MODES = {
    "eager": ("float32", lambda workload: True),
    "channels-last": ("float32", lambda workload: workload.has_images),
    "compile": ("float32", lambda workload: True),
    "frozen": ("float32", lambda workload: workload.is_inference),
    "bfloat16": ("bfloat16", lambda workload: not workload.is_inference),
}
ACTIVATIONS = {"relu": lambda: nn.ReLU(inplace=True), "sigmoid": nn.Sigmoid, "linear": None}


class Residual(nn.Module):
    def __init__(self, body, shortcut, activation):
        super().__init__()
        self.body, self.shortcut, self.activation = body, shortcut, activation

    def forward(self, x):
        return self.activation(self.body(x) + self.shortcut(x))


class LastState(nn.Module):
    """A recurrent layer of which the state after the last step is the result."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0][:, -1]


class Block(nn.Module):
    """A block of a transformer with normalization before: the map to queries, keys and values is one."""

    def __init__(self, layer, channels):
        super().__init__()
        self.heads, self.is_causal = layer.heads, layer.isCausal
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.inputs, self.output = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.dense1, self.dense2 = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x):
        n, t, c = x.shape
        maps = self.inputs(self.norm1(x)).view(n, t, 3, self.heads, c // self.heads)
        q, k, v = (y.transpose(1, 2) for y in maps.unbind(2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.is_causal)
        x = x + self.output(y.transpose(1, 2).reshape(n, t, c))
        return x + self.dense2(F.gelu(self.dense1(self.norm2(x))))


class Positions(nn.Module):
    """Adds a row for each position."""

    def __init__(self, table):
        super().__init__()
        self.weight = nn.Parameter(table)

    def forward(self, x):
        return x + self.weight


class Mean(nn.Module):
    """The mean over positions, [N, T, C] to [N, C]."""

    def forward(self, x):
        return x.mean(1)


class Builder:
    """Makes modules of layers. A sample goes with them, so that nobody computes input sizes."""

    def __init__(self, kernels):
        self.kernels = kernels
        self.flattened = None

    def sequential(self, layers, x):
        modules = []
        for layer in layers:
            for module in self.modules(layer, x):
                modules.append(module)
                x = module.eval()(x)
        return nn.Sequential(*modules), x

    def modules(self, layer, x):
        activation = ACTIVATIONS[layer.constants.get("activation", "linear")]
        if layer.kind == "dense":
            yield self.weighted(nn.Linear(x.shape[-1], layer.units, layer.useBias))
        elif layer.kind == "conv2D":
            padding = {"valid": 0, "same": layer.kernelSize // 2}.get(layer.padding, layer.padding)
            yield self.weighted(nn.Conv2d(x.shape[1], layer.filters, layer.kernelSize, layer.strides, padding,
                                          bias=layer.useBias))
        elif layer.kind == "lstm":
            yield LastState(self.recurrent(nn.LSTM(x.shape[2], layer.units, batch_first=True)))
        elif layer.kind == "transformerBlock":
            yield self.block(Block(layer, x.shape[2]))
        elif layer.kind == "embedding":
            yield nn.Embedding(layer.vocabulary, layer.units, _weight=self.table(layer.vocabulary, layer.units))
        elif layer.kind == "positionEmbedding":
            yield Positions(self.table(layer.length, x.shape[2]))
        elif layer.kind == "layerNorm":
            yield nn.LayerNorm(x.shape[-1], layer.epsilon)
        elif layer.kind == "batchNorm":
            yield nn.BatchNorm2d(x.shape[1], layer.epsilon, 1 - layer.momentum)
        elif layer.kind == "maxPool2D":
            yield nn.MaxPool2d(layer.poolSize, layer.constants.get("strides"), layer.edges or 0)
        elif layer.kind == "relu":
            yield nn.ReLU(inplace=True)
        elif layer.kind == "flatten":
            self.flattened = x.shape[1:]
            yield nn.Flatten()
        elif layer.kind == "globalAveragePool":
            yield nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()) if x.dim() == 4 else Mean()
        elif layer.kind == "residual":
            inside = type(layer).list
            body, _ = self.sequential(inside(layer.body), x)
            shortcut = self.sequential(inside(layer.shortcut), x)[0] if layer.shortcut else nn.Identity()
            yield Residual(body, shortcut, activation())
            return
        if activation:
            yield activation()

    def weighted(self, module):
        """The module with the next kernel, [height, width, inputs, outputs]; its own is [outputs, inputs, height, width]."""
        if self.kernels:
            outputs, inputs, *size = module.weight.shape
            kernel = torch.from_numpy(self.kernels.next([*size, inputs, outputs]))
            if self.flattened and not size:  # the images before were flattened as channels, height, width
                channels, height, width = self.flattened
                kernel = kernel.reshape(height, width, channels, outputs).permute(2, 0, 1, 3).reshape(inputs, outputs)
                self.flattened = None
            module.weight.data.copy_(kernel.permute(3, 2, 0, 1) if size else kernel.T)
            if module.bias is not None:
                module.bias.data.zero_()
        return module

    def recurrent(self, module):
        """The module with the next two kernels, [inputs, gates] and [units, gates]; its own are [gates, inputs]."""
        if self.kernels:
            for weight in (module.weight_ih_l0, module.weight_hh_l0):
                weight.data.copy_(torch.from_numpy(self.kernels.next(weight.shape[::-1])).T)
            for bias in (module.bias_ih_l0, module.bias_hh_l0):
                bias.data.zero_()
        return module


    def block(self, block):
        """The block with the next six kernels: of queries, keys, values, of what attention yields, of the dense layers."""
        if self.kernels:
            channels = block.output.in_features
            for part in block.inputs.weight.data.split(channels):
                part.copy_(torch.from_numpy(self.kernels.next((channels, channels))).T)
            block.inputs.bias.data.zero_()
            for linear in (block.output, block.dense1, block.dense2):
                self.weighted(linear)
        return block

    def table(self, rows, channels):
        """The next kernel as the rows of an embedding."""
        return torch.from_numpy(self.kernels.next((rows, channels))) if self.kernels else 0.02 * torch.randn(rows, channels)


def network(workload, starts_equal):
    sample = torch.zeros(1, *workload.input, dtype=torch.long if workload.vocabulary else torch.float)
    builder = Builder(start_values.Kernels() if starts_equal else None)
    with torch.no_grad():
        return builder.sequential(workload.layers, sample.permute(0, 3, 1, 2) if workload.has_images else sample)[0]


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


def make_step(workload, mode, starts_equal):
    inputs, labels = start_values.batch(workload)
    inputs, labels = torch.from_numpy(inputs), torch.from_numpy(labels).long().flatten()
    if workload.vocabulary:
        inputs = inputs.long()
    model = network(workload, starts_equal).train()
    if workload.has_images:
        inputs = inputs.permute(0, 3, 1, 2).contiguous()
        if mode != "eager":
            model = model.to(memory_format=torch.channels_last)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
    if workload.is_inference:
        return prediction(model.eval(), inputs, mode), 1
    if workload.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), workload.learning_rate, fused=True)
    else:
        optimizer = torch.optim.SGD(
            model.parameters(), workload.learning_rate, momentum=workload.momentum, fused=True)

    def loss_of(inputs, labels):
        return F.cross_entropy(model(inputs).flatten(0, -2), labels)

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
