"""Rounds: every program once, in an order that moves on from round to round, each watched for disturbances."""
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from programs import LAUNCH_MODES, LAUNCHES, Failure, measure_launch, measure_steps
from watch import Watch, wait_until_quiet


def rotated(names, number):
    """The order of programs in a round, counted from 1: each is first in its turn, so what runs first favours nobody."""
    start = (number - 1) % max(1, len(names))
    return names[start:] + names[:start]


@dataclass
class Round:
    number: int
    disturbances: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    launches: list = field(default_factory=list)
    load_average: list = field(default_factory=list)
    order: list = field(default_factory=list)


def run_round(number, programs, options):
    """Every program once."""
    result = Round(number)
    result.disturbances += [f"before: {reason}" for reason in wait_until_quiet(options.patience)]
    result.load_average = list(map(float, Path("/proc/loadavg").read_text().split()[:3]))
    for name in rotated(list(programs), number):
        command = programs[name]
        result.order.append(name)
        print(f"round {number}: {name}", file=sys.stderr)
        watch = Watch()
        try:
            for line in measure_steps(command, options):
                if "error" in line:
                    result.failures.append(f"{name} {line['mode']} on {line['workload']}: {line['error']}")
                else:
                    result.steps.append(line)
            for workload in set(LAUNCHES).intersection(options.workloads) if options.launch_steps else []:
                for mode in LAUNCH_MODES.get(name, [None]):
                    result.launches.append(measure_launch(command, workload, mode, options))
        except (Failure, OSError, ValueError, subprocess.TimeoutExpired) as failure:
            result.failures.append(f"{name}: {failure}")
            print(f"  {failure}", file=sys.stderr)
        result.disturbances += [f"{name}: {reason}" for reason in watch.reasons()]
    for reason in result.disturbances:
        print(f"  disturbed: {reason}", file=sys.stderr)
    return result
