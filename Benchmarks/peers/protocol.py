"""What the three peers share: the workloads, the random batch, the arguments and the lines they print.

../README.md describes the protocol.
"""
import argparse
import json
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """A network, its batch and its optimizer. `features` of a dense network are its input and its layers' units."""

    name: str
    batch: int
    kind: str  # "dense", "lenet5", "resnet18" (with the stem for its size) or "vgg16-bn"
    optimizer: str  # "adam" or "sgd"
    learning_rate: float
    momentum: float = 0.0
    features: tuple = ()
    activation: str = "relu"
    size: int = 32  # of the image of a deep network
    inference: bool = False  # only the outputs of the network as it predicts

    @property
    def input_shape(self):
        if self.is_deep:
            return self.size, self.size, 3
        return (28, 28, 1) if self.kind == "lenet5" else self.features[:1]

    @property
    def is_deep(self):
        return self.kind in ("resnet18", "vgg16-bn")

    @property
    def has_images(self):
        return self.kind != "dense"


WORKLOADS = {w.name: w for w in (
    Workload("mlp", 128, "dense", "adam", 1e-3, features=(784, 256, 128, 10)),
    Workload("sigmoid", 100, "dense", "sgd", 0.01, features=(784, 100, 100, 100, 100, 100, 10), activation="sigmoid"),
    Workload("lenet5-b128", 128, "lenet5", "sgd", 0.01, momentum=0.9),
    Workload("lenet5-b32", 32, "lenet5", "sgd", 0.01, momentum=0.9),
    Workload("resnet18-b32", 32, "resnet18", "sgd", 0.01, momentum=0.9),
    Workload("vgg16-bn-b32", 32, "vgg16-bn", "sgd", 0.01, momentum=0.9),
    Workload("resnet18-224-b8", 8, "resnet18", "sgd", 0.01, momentum=0.9, size=224),
    Workload("resnet18-224-infer-b1", 1, "resnet18", "sgd", 0.01, size=224, inference=True),
    Workload("resnet18-224-infer-b16", 16, "resnet18", "sgd", 0.01, size=224, inference=True),
)}


RESNET18_STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))  # channels and stride of the first of two blocks
VGG16_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and number of convolutions


def random_batch(workload):
    """Standard normal inputs (N H W C for images) and labels from 0 to 9."""
    import numpy as np

    random = np.random.default_rng(0)
    inputs = random.standard_normal((workload.batch, *workload.input_shape)).astype("float32")
    return inputs, random.integers(0, 10, workload.batch).astype("int32")


def run(framework, version, modes, make_step):
    """Runs what the arguments ask for.

    modes: name -> (precision, whether the mode applies to a workload), the first one being the default for launches.
    make_step(workload, mode) returns (step, count): step() makes `count` training steps, waits until they are
    finished, and returns the loss of the last one.
    """
    parser = argparse.ArgumentParser(description=f"Times training steps of {framework}.")
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="comma-separated (default: all)")
    parser.add_argument("--modes", default=",".join(modes), help="comma-separated (default: all)")
    parser.add_argument("--seconds", type=float, default=1.5, help="time to measure one workload in one mode")
    parser.add_argument("--launch", metavar="WORKLOAD", help="report the first step, then peak memory after --steps")
    parser.add_argument("--steps", type=int, default=100, help="steps of a launch")
    parser.add_argument("--json", action="store_true", help="accepted; the output is always JSON lines")
    arguments = parser.parse_args()

    def emit(mode, workload, **values):
        line = {"framework": framework, "version": version, "mode": mode, "precision": modes[mode][0],
                "workload": workload.name, **values}
        print(json.dumps(line), flush=True)

    chosen = arguments.modes.split(",")
    if arguments.launch:
        workload, mode = WORKLOADS[arguments.launch], chosen[0]
        step, count = make_step(workload, mode)
        first_loss = step()
        emit(mode, workload, event="first-step")
        for _ in range(0, arguments.steps - count, count):
            last_loss = step()
        emit(mode, workload, event="end", peak_memory_kb=peak_memory(), first_loss=first_loss, last_loss=last_loss)
        return
    for workload in map(WORKLOADS.__getitem__, arguments.workloads.split(",")):
        for mode in chosen:
            if not modes[mode][1](workload):
                continue
            try:
                emit(mode, workload, **measure(*make_step(workload, mode), arguments.seconds))
            except Exception as error:  # one mode that fails should not hide the others
                emit(mode, workload, error=f"{type(error).__name__}: {error}"[:300])


def measure(step, count, seconds):
    """Warms up, then times steps until `seconds` have passed (at least 30, or 8 of over 50 ms, or 5 of over 250 ms)."""
    first_loss = step()
    start = time.perf_counter()
    step()
    duration = (time.perf_counter() - start) / count
    is_slow = duration > 0.05
    until = time.perf_counter() + min(0.5, seconds)
    for _ in range(1 if is_slow else 8):
        step()
    while time.perf_counter() < until:
        step()
    times = []
    least = (5 if duration > 0.25 else 8) if is_slow else 30
    until = time.perf_counter() + seconds
    while len(times) * count < least or time.perf_counter() < until:
        start = time.perf_counter()
        last_loss = step()
        times.append((time.perf_counter() - start) * 1000 / count)
    return {"median_ms": round(statistics.median(times), 5), "min_ms": round(min(times), 5),
            "steps": len(times) * count, "first_loss": first_loss, "last_loss": last_loss}


def peak_memory():
    """The largest resident size this process had, in KB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
