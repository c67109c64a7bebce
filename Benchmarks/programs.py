"""Installs the peers, and runs programs that speak the protocol of README.md."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("APUS_BENCH_HOME") or Path.home() / ".cache" / "apus-bench")
PEERS = ["pytorch", "jax", "keras"]
LAUNCHES = {"lenet5-b128": 1.0, "resnet18-b32": 0.1}  # and the fraction of --launch-steps that each does
LAUNCH_MODES = {"pytorch": ["eager"], "jax": ["jit"], "keras": ["graph", "xla"]}


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
