#!/usr/bin/env python3
"""Compares exported ONNX files with ONNX Runtime.

    python3 -m venv venv && venv/bin/pip install onnx onnxruntime numpy
    APUS_EXPORT=/tmp/models make test ARGS="--filter ExportWritingTests"
    venv/bin/python Scripts/interoperability/check_export.py /tmp/models

The test writes models as NAME.onnx and, beside each, NAME.npz with samples and what Apus computes: arrays COUNT/in/INPUT and
COUNT/out/OUTPUT for batches of COUNT samples. Each file must pass onnx.checker with shape inference, and ONNX Runtime must compute the
same to 1e-5 of the largest element. `--nodes` prints how often each operator is used; names restrict the check to some models.
"""

import argparse
import collections
import pathlib
import sys

import numpy
import onnx
import onnx.shape_inference
import onnxruntime

TOLERANCE = 1e-5


def problem(path: pathlib.Path) -> str | None:
    """What is wrong with a file, if anything is."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
        onnx.shape_inference.infer_shapes_path(str(path), str(path) + ".inferred", strict_mode=True, data_prop=True)
        pathlib.Path(str(path) + ".inferred").unlink()
    except Exception as error:  # Whatever the checker says is shown.
        return f"checker: {error}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return f"loading: {error}"
    arrays = numpy.load(path.with_suffix(".npz"))
    for count in sorted({name.split("/")[0] for name in arrays.files}):
        inputs = {name.split("/", 2)[2]: arrays[name] for name in arrays.files if name.startswith(f"{count}/in/")}
        taken = {value.name for value in session.get_inputs()}
        names = [value.name for value in session.get_outputs()]
        try:
            outputs = session.run(names, {name: value for name, value in inputs.items() if name in taken})
        except Exception as error:
            return f"batch {count}: {error}"
        for name, received in zip(names, outputs):
            expected = arrays[f"{count}/out/{name}"]
            if received.shape != expected.shape or received.dtype != expected.dtype:
                return f"batch {count}, {name}: {received.dtype}{received.shape} instead of {expected.dtype}{expected.shape}"
            size = max(float(numpy.abs(expected).max(initial=0)), 1e-30)
            distance = float(numpy.abs(expected.astype("f8") - received.astype("f8")).max(initial=0)) / size
            if not distance <= TOLERANCE:
                return f"batch {count}, {name}: off by {distance:.2g} of the largest element"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--nodes", action="store_true")
    arguments = parser.parse_intermixed_args()
    paths = sorted(path for path in arguments.folder.glob("*.onnx") if not arguments.names or path.stem in arguments.names)
    wrong = 0
    for path in paths:
        found = problem(path)
        if found:
            wrong += 1
            print(f"{path.stem}: {found}")
        if arguments.nodes:
            nodes = onnx.load(str(path), load_external_data=False).graph.node
            counts = collections.Counter(node.op_type for node in nodes)
            print(f"{path.stem}: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    print(f"{len(paths) - wrong} of {len(paths)} models agree")
    return 0 if paths and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
