#!/usr/bin/env python3
"""Trains the same networks here and in PyTorch, JAX and Keras, in alternation on this machine, and compares.

    python3 Benchmarks/run.py                          # five rounds, a table, "valid: yes" or "valid: no"
    python3 Benchmarks/run.py --output result.json     # and everything measured, as JSON

The first run installs the peers with pip into virtual environments under $APUS_BENCH_HOME (~/.cache/apus-bench).
README.md describes the workloads, the protocol and what makes a result valid.
"""
import argparse
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("APUS_BENCH_HOME") or Path.home() / ".cache" / "apus-bench")
PEERS = ["pytorch", "jax", "keras"]
WORKLOADS = ["mlp", "sigmoid", "lenet5-b128", "lenet5-b32", "resnet18-b32", "vgg16-bn-b32", "resnet18-224-b8",
             "resnet18-224-infer-b1", "resnet18-224-infer-b16"]
SHORT = {"mlp", "sigmoid", "lenet5-b128", "lenet5-b32"}  # steps of about a millisecond, which need more rounds
LAUNCHES = {"lenet5-b128": 1.0, "resnet18-b32": 0.1}  # and the share of --launch-steps that each does
LAUNCH_MODES = {"pytorch": ["eager"], "jax": ["jit"], "keras": ["graph", "xla"]}
BUSY_LIMIT = 0.03  # of one core: more foreign work than this during a program disturbs the round,
BUSY_LEAST = 0.05  # unless it is less than this many seconds: the kernel counts in ticks
STEAL_LIMIT = 0.02  # of one core: time the hypervisor took
TICKS = os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------------------------------------------------------------
# The peers' environments


def prepare(peer):
    """The Python of the peer's virtual environment, installed when missing or when its requirements changed."""
    requirements = HERE / "peers" / f"requirements-{peer}.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    folder = HOME / peer
    stamp, python = folder / "requirements.sha256", folder / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == wanted and python.exists()):
        print(f"installing {peer} into {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
                       check=True)
        stamp.write_text(wanted)
    return python


# ---------------------------------------------------------------------------------------------------------------------
# Who else uses the machine


@dataclass
class Sample:
    """What the machine's processors have done so far, in seconds."""

    time: float
    busy: float
    steal: float
    processes: dict  # (pid, start) -> (command, seconds, including those of children that ended)

    @staticmethod
    def now():
        with open("/proc/stat") as file:
            user, nice, system, _, _, interrupt, soft_interrupt, steal, *_ = map(int, file.readline().split()[1:])
        processes = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                text = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue  # it ended meanwhile
            command, values = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
            processes[int(entry), values[19]] = command, sum(map(int, values[11:15])) / TICKS
        busy = user + nice + system + interrupt + soft_interrupt
        return Sample(time.monotonic(), busy / TICKS, steal / TICKS, processes)


def own_seconds():
    """Processor time of this script and of its children that ended."""
    return sum(os.times()[:4])


class Watch:
    """Tells whether anybody but this script and its children used the processors between begin and end."""

    def __init__(self):
        self.before, self.own = Sample.now(), own_seconds()

    def reasons(self):
        after, own = Sample.now(), own_seconds() - self.own
        wall = max(after.time - self.before.time, 1e-3)
        foreign_seconds = max(after.busy - self.before.busy - own, 0)
        foreign = foreign_seconds / wall
        steal = (after.steal - self.before.steal) / wall
        reasons = []
        if foreign > BUSY_LIMIT and foreign_seconds > BUSY_LEAST:
            reasons.append(f"others used {foreign:.0%} of a core{self.culprits(after, wall, foreign)}")
        if steal > STEAL_LIMIT and steal * wall > BUSY_LEAST:
            reasons.append(f"the hypervisor took {steal:.0%} of a core")
        return reasons

    def culprits(self, after, wall, foreign):
        """The names of the busiest others. What a process's children used counts for it when they end."""
        used = []
        for key, (command, seconds) in after.processes.items():
            if key[0] != os.getpid():
                used.append((seconds - self.before.processes.get(key, (command, 0))[1], f"{command} ({key[0]})"))
        names = [f"{name} {min(seconds / wall, foreign):.0%}" for seconds, name in sorted(used, reverse=True)[:3]
                 if seconds / wall > BUSY_LIMIT / 3]
        return ": " + ", ".join(names) if names else ""


def wait_until_quiet(patience):
    """Waits for a quiet second; the reasons why there was none within `patience` seconds."""
    until = time.monotonic() + patience
    told = False
    while True:
        watch = Watch()
        time.sleep(1)
        reasons = watch.reasons()
        if not reasons or time.monotonic() > until:
            return reasons
        if not told:
            print(f"waiting for a quiet machine: {'; '.join(reasons)}", file=sys.stderr)
            told = True


# ---------------------------------------------------------------------------------------------------------------------
# Running programs


class Failure(Exception):
    pass


def environment():
    """This process's environment, without what would point a peer at other packages or at an accelerator."""
    values = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")}
    values.update(CUDA_VISIBLE_DEVICES="", PYTHONDONTWRITEBYTECODE="1", TORCHINDUCTOR_COMPILE_THREADS="1",
                  TORCHINDUCTOR_CACHE_DIR=str(HOME / "inductor"))
    return values


def lines_of(command, limit):
    """Runs a program; yields its JSON lines, each with the milliseconds since the program was started."""
    log = HOME / "last-error.log"
    with open(log, "w") as errors:
        start = time.monotonic()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True,
                                   env=environment())
        try:
            for text in process.stdout:
                elapsed = (time.monotonic() - start) * 1000
                if text.startswith("{"):
                    yield json.loads(text), elapsed
                if elapsed > limit * 1000:
                    raise Failure(f"{command[0]} took longer than {limit} s")
            status = process.wait(timeout=60)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if status != 0:
        tail = " | ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
        raise Failure(f"{command[0]} ended with status {status}: {tail}")


def measure_steps(command, options):
    arguments = ["--workloads", ",".join(options.workloads), "--seconds", options.seconds, "--json"]
    return [line for line, _ in lines_of([*command, *arguments], limit=900)]


def measure_launch(command, workload, mode, options):
    """Time from process start to the first finished step, and peak memory after --launch-steps steps."""
    steps = max(2, round(options.launch_steps * LAUNCHES[workload]))
    arguments = ["--launch", workload, "--steps", steps, "--json"]
    result = {"workload": workload}
    for line, elapsed in lines_of([*command, *arguments, *(["--modes", mode] if mode else [])], limit=300):
        result.update({k: line[k] for k in ("framework", "version", "mode") if k in line})
        if line.get("event") == "first-step":
            result["first_step_ms"] = round(elapsed, 1)
        elif line.get("event") == "end":
            result["peak_memory_kb"] = line["peak_memory_kb"]
    if not {"framework", "mode", "first_step_ms", "peak_memory_kb"} <= result.keys():
        raise Failure(f"{command[0]} reported no first step or no peak memory")
    return result


@dataclass
class Round:
    number: int
    disturbances: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    launches: list = field(default_factory=list)
    load_average: list = field(default_factory=list)


def run_round(number, programs, options):
    """Every program once, ours first, each watched for disturbances."""
    result = Round(number)
    result.disturbances += [f"before: {reason}" for reason in wait_until_quiet(options.patience)]
    result.load_average = list(map(float, Path("/proc/loadavg").read_text().split()[:3]))
    for name, command in programs.items():
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


# ---------------------------------------------------------------------------------------------------------------------
# Results


def precision(line):
    return line.get("precision") or ("bfloat16" if "bfloat16" in line["mode"] else "float32")


def summarize_steps(rounds):
    """For each (workload, framework, mode): the median of the rounds' medians, the least time, and each round."""
    groups = {}
    for r in rounds:
        for line in r.steps:
            groups.setdefault((line["workload"], line["framework"], line["mode"]), []).append(line)
    return {key: {
        "precision": precision(lines[0]),
        "median_ms": statistics.median(line["median_ms"] for line in lines),
        "min_ms": min(line["min_ms"] for line in lines),
        "rounds_ms": [line["median_ms"] for line in lines],
    } for key, lines in groups.items()}


def compare(summary, workloads):
    """One comparison for each workload and each of our modes: how many times faster we are than the peers."""
    comparisons = []
    for workload in workloads:
        for (w, framework, mode), ours in summary.items():
            if w != workload or framework != "apus":
                continue
            peers = {(f, m): s for (v, f, m), s in summary.items()
                     if v == workload and f != "apus" and s["precision"] == ours["precision"]}
            best = min(peers, key=lambda key: peers[key]["median_ms"], default=None)
            pytorch = min((key for key in peers if key[0] == "pytorch"), key=lambda key: peers[key]["median_ms"],
                          default=None)

            def ratio(peer):
                return round(peers[peer]["median_ms"] / ours["median_ms"], 3) if peer else None

            comparisons.append({
                "workload": workload, "mode": mode, "precision": ours["precision"], "median_ms": ours["median_ms"],
                "best_peer": " ".join(best) if best else None, "ratio_to_best": ratio(best),
                "best_pytorch": " ".join(pytorch) if pytorch else None, "ratio_to_pytorch": ratio(pytorch)})
    return comparisons


def summarize_launches(rounds):
    groups = {}
    for r in rounds:
        for launch in r.launches:
            groups.setdefault((launch["workload"], launch["framework"], launch["mode"]), []).append(launch)
    return [{"workload": workload, "framework": framework, "mode": mode,
             "first_step_ms": statistics.median(launch["first_step_ms"] for launch in launches),
             "least_first_step_ms": min(launch["first_step_ms"] for launch in launches),
             "peak_memory_mb": round(statistics.median(launch["peak_memory_kb"] for launch in launches) / 1024, 1)}
            for (workload, framework, mode), launches in sorted(groups.items())]


def verdict(rounds, quiet, programs, options):
    """The reasons why the result does not count; none when it does."""
    reasons = []
    if len(quiet) < options.rounds:
        last = next((r.disturbances[0] for r in reversed(rounds) if r.disturbances), "")
        reasons.append(f"only {len(quiet)} of {options.rounds} rounds undisturbed ({last})")
    least = 5 if SHORT.intersection(options.workloads) else 1
    if options.rounds < least:
        reasons.append(f"{options.rounds} rounds; at least {least} are needed")
    for failure in dict.fromkeys(failure for r in rounds for failure in r.failures):
        reasons.append(failure)
    for name in ["apus", *PEERS]:
        if name not in programs:
            reasons.append(f"{name} was left out")
            continue
        for r in quiet or rounds:
            if missing := set(options.workloads) - {s["workload"] for s in r.steps if s["framework"] == name}:
                reasons.append(f"{name} did not report {', '.join(sorted(missing))}")
                break
    for line in (line for r in rounds for line in r.steps):
        last = line.get("last_loss", 0.0)
        if "infer" not in line["workload"] and not last < 10:
            reasons.append(f"{line['framework']} {line['mode']} diverged on {line['workload']}: loss {last}")
    return list(dict.fromkeys(reasons))


def table(rows):
    """Columns aligned as text: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)


def report(summary, comparisons, launches, workloads):
    columns = list(dict.fromkeys((f, m) for _, f, m in summary))
    columns.sort(key=lambda key: ["apus", *PEERS].index(key[0]))
    rows = [["ms a step: median (min)", *workloads]]
    for column in columns:
        cells = [summary.get((workload, *column)) for workload in workloads]
        rows.append([" ".join(column), *(f"{c['median_ms']:.3f} ({c['min_ms']:.3f})" if c else "-" for c in cells)])
    text = table(rows)
    if comparisons:
        rows = [["apus is faster by", "apus", "best peer", "ratio", "best PyTorch", "ratio"]]
        for c in comparisons:
            rows.append([f"{c['workload']}, {c['mode']}", f"{c['median_ms']:.3f}",
                         c["best_peer"] or "-", f"{c['ratio_to_best']:.2f}" if c["ratio_to_best"] else "-",
                         c["best_pytorch"] or "-", f"{c['ratio_to_pytorch']:.2f}" if c["ratio_to_pytorch"] else "-"])
        text += "\n\n" + table(rows)
    if launches:
        rows = [["training", "start to first step, ms: median (min)", "peak memory, MB"]]
        for c in launches:
            rows.append([f"{c['workload']}, {c['framework']} {c['mode']}", f"{c['first_step_ms']:.0f} ({c['least_first_step_ms']:.0f})",
                         f"{c['peak_memory_mb']:.0f}"])
        text += "\n\n" + table(rows)
    return text


def machine():
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return {"processor": model, "cores": len(os.sched_getaffinity(0)), "system": platform.platform(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)}


def parse():
    parser = argparse.ArgumentParser(description="Compares training steps with PyTorch, JAX and Keras.")
    parser.add_argument("--apus", type=Path, default=HERE.parent / ".build" / "release" / "apus-bench",
                        help="our program (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="undisturbed rounds to collect (default: 5)")
    parser.add_argument("--retries", type=int, default=5, help="disturbed rounds to repeat at most (default: 5)")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for a quiet machine (default: 60)")
    parser.add_argument("--seconds", type=float, default=1.5, help="to measure one workload in one mode (default: 1.5)")
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=WORKLOADS)
    parser.add_argument("--peers", type=lambda text: [p for p in text.split(",") if p], default=PEERS)
    parser.add_argument("--launch-steps", type=int, default=100, help="steps of a launch; 0 leaves launches out")
    parser.add_argument("--without-apus", action="store_true", help="measure the peers only (never valid)")
    parser.add_argument("--install-only", action="store_true", help="install the peers and stop")
    parser.add_argument("--output", type=Path, help="write everything as JSON")
    options = parser.parse_args()
    for what, given, known in ("workload", options.workloads, WORKLOADS), ("peer", options.peers, PEERS):
        if unknown := set(given) - set(known):
            parser.error(f"unknown {what}: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if not options.without_apus and not options.install_only and not os.access(options.apus, os.X_OK):
        parser.error(f"no program at {options.apus}; build it with: swift build -c release --product apus-bench")
    return options


def main():
    options = parse()
    pythons = {peer: prepare(peer) for peer in options.peers}
    if options.install_only:
        return 0
    HOME.mkdir(parents=True, exist_ok=True)
    programs = {} if options.without_apus else {"apus": [options.apus]}
    programs.update({peer: [python, HERE / "peers" / f"{peer}_steps.py"] for peer, python in pythons.items()})

    rounds = []
    while True:
        rounds.append(run_round(len(rounds) + 1, programs, options))
        quiet = [r for r in rounds if not r.disturbances]
        if len(quiet) >= options.rounds or len(rounds) - len(quiet) > options.retries:
            break
    counted = quiet or rounds
    summary = summarize_steps(counted)
    comparisons = compare(summary, options.workloads)
    launches = summarize_launches(counted)
    reasons = verdict(rounds, quiet, programs, options)

    print(report(summary, comparisons, launches, options.workloads))
    print(f"\n{len(quiet)} undisturbed of {len(rounds)} rounds")
    print(f"valid: no ({'; '.join(reasons)})" if reasons else "valid: yes (no other process was busy)")
    if options.output:
        options.output.write_text(json.dumps({
            "version": 1, "valid": not reasons, "reasons": reasons, "machine": machine(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "workloads": options.workloads,
            "versions": {line["framework"]: line["version"] for r in rounds for line in r.steps if "version" in line},
            "steps": [{"workload": w, "framework": f, "mode": m, **s} for (w, f, m), s in summary.items()],
            "comparisons": comparisons, "launches": launches,
            "rounds": [{**vars(r), "counted": r in counted} for r in rounds],
        }, indent=1) + "\n")
    return 0 if not reasons else 1


if __name__ == "__main__":
    sys.exit(main())
