#!/usr/bin/env python3
"""Makes models of ONNX of one LSTM, GRU or RNN each, with all that the operators take, and compares what `apus verify` finds with ONNX Runtime.

    python3 -m venv ENV && ENV/bin/pip install numpy onnx onnxruntime
    swift build -c release --product apus
    ENV/bin/python Scripts/interoperability/check_recurrent.py

With --write FOLDER the cases are left there, of which Tests/ApusInterchangeTests/Fixtures/recurrent keeps those called `NAME-0` and `NAME-1`.
"""
import argparse
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

APUS = Path(__file__).parents[2] / ".build/release/apus"
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"LSTM": 3, "GRU": 2, "RNN": 1}
# With the names of the numbers that they take.
KNOWN = {
    "Relu": [], "Tanh": [], "Sigmoid": [], "Softsign": [], "Softplus": [], "Affine": ["alpha", "beta"],
    "LeakyRelu": ["alpha"], "ThresholdedRelu": ["alpha"], "ScaledTanh": ["alpha", "beta"],
    "HardSigmoid": ["alpha", "beta"], "Elu": ["alpha"],
}


def case(kind, options, seed):
    """A model, its inputs and their names; options are words."""
    draw = np.random.default_rng(seed)
    choose = random.Random(seed)
    directions = 2 if "bidirectional" in options else 1
    steps, samples, channels, units = 4, 3, 2, 3
    width = GATES[kind] * units

    def numbers(*shape):
        return (draw.normal(size=shape) * 0.6).astype("f4")

    values = {
        "X": numbers(steps, samples, channels), "W": numbers(directions, width, channels),
        "R": numbers(directions, width, units)}
    if "bias" in options:
        values["B"] = numbers(directions, 2 * width)
    if "lengths" in options:
        values["sequence_lens"] = np.array([4, 1, 3], "i4")
    if "start" in options:
        values["initial_h"] = numbers(directions, samples, units)
        if kind == "LSTM":
            values["initial_c"] = numbers(directions, samples, units)
    if "peepholes" in options and kind == "LSTM":
        values["P"] = numbers(directions, 3 * units)
    attributes = {"hidden_size": units}
    for direction in ["reverse", "bidirectional"]:
        if direction in options:
            attributes["direction"] = direction
    if "clip" in options:
        attributes["clip"] = 0.3
    if "reset" in options and kind == "GRU":
        attributes["linear_before_reset"] = 1
    if "coupled" in options and kind == "LSTM":
        attributes["input_forget"] = 1
    if "functions" in options:
        names = [choose.choice(sorted(KNOWN)) for _ in range(FUNCTIONS[kind] * directions)]
        attributes["activations"] = names
        for number in ["alpha", "beta"]:
            count = sum(number in KNOWN[name] for name in names)
            if count:
                attributes[f"activation_{number}"] = [round(choose.uniform(0.1, 0.9), 2) for _ in range(count)]
    order = ["X", "W", "R", "B", "sequence_lens", "initial_h"] + (["initial_c", "P"] if kind == "LSTM" else [])
    inputs = [name if name in values else "" for name in order]
    while not inputs[-1]:
        inputs.pop()
    outputs = ["Y", "Y_h"] + (["Y_c"] if kind == "LSTM" else [])
    node = helper.make_node(kind, inputs, outputs, **attributes)
    given = ["X"] + [name for name in ["sequence_lens"] if name in values]
    types = {name: TensorProto.INT32 if name == "sequence_lens" else TensorProto.FLOAT for name in given}
    graph = helper.make_graph(
        [node], kind.lower(), [helper.make_tensor_value_info(n, types[n], values[n].shape) for n in given],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(v, n) for n, v in values.items() if n not in given])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model, {name: values[name] for name in given}, outputs


def write(folder, model, inputs, names):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    results = session.run(names, inputs)
    # The shapes that there are.
    for port, result in zip(model.graph.output, results):
        port.CopyFrom(helper.make_tensor_value_info(port.name, TensorProto.FLOAT, result.shape))
    onnx.checker.check_model(model, full_check=True)
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    for prefix, arrays in [("input", inputs.values()), ("output", results)]:
        for number, array in enumerate(arrays):
            (data / f"{prefix}_{number}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--cases", type=int, default=60, help="random cases of each operator")
    parser.add_argument("--apus", type=Path, default=APUS)
    arguments = parser.parse_args()
    folder = arguments.write or Path(tempfile.mkdtemp())
    words = ["bias", "lengths", "start", "peepholes", "clip", "reset", "coupled", "functions"]
    for kind in GATES:
        for number in range(arguments.cases):
            choose = random.Random(f"{kind} {number}")
            options = [choose.choice(["forward", "reverse", "bidirectional"])]
            options += [word for word in words if choose.random() < 0.5]
            if number == 0:
                options = ["bidirectional", "bias", "lengths", "start", "peepholes", "reset"]
            if number == 1:
                options = ["reverse", "clip", "coupled", "functions"]
            write(folder / f"{kind.lower()}-{number}", *case(kind, options, number))
    subprocess.run([arguments.apus, "verify", folder, "--rtol", "1e-5", "--atol", "1e-5"], check=True)


if __name__ == "__main__":
    main()
