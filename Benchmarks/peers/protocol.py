"""What the three peers share: the arguments and the lines they print.

../README.md describes the protocol.
"""
import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import workloads

WORKLOADS = workloads.table()


def run(framework, version, modes, make_step):
    """Runs what the arguments ask for.

    modes: name -> (precision, whether the mode applies to a workload), the first one being the default for launches.
    make_step(workload, mode, starts_equal) returns (step, count): step() makes `count` training steps, waits until they
    are finished, and returns the loss of the last one, or the first output of a prediction. Weights are those with which
    every framework starts (start_values.py), or the framework's own, as a launch has them.
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
        step, count = make_step(workload, mode, starts_equal=False)
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
                emit(mode, workload, **measure(*make_step(workload, mode, starts_equal=True), arguments.seconds,
                                              "output" if workload.is_inference else "loss"))
            except Exception as error:  # one mode that fails should not hide the others
                emit(mode, workload, error=f"{type(error).__name__}: {error}"[:300])


def measure(step, count, seconds, what):
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
            "mean_ms": round(statistics.fmean(times), 5), "steps": len(times) * count,
            # Of steps that are made ten at a time the last one's loss is known.
            **({f"first_{what}": first_loss} if count == 1 else {}), f"last_{what}": last_loss}


def peak_memory():
    """The largest resident size this process had, in KB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
