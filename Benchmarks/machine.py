"""The machine, the compilers and the libraries of a measurement."""
import ctypes
import ctypes.util
import os
import platform
import re
import subprocess
from pathlib import Path

#: What of a CPU's flags decides which kernels run.
FLAGS = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
         "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8")

#: (family, models) of CPUs whose generation has a name.
GENERATIONS = {("AuthenticAMD", 25): lambda model: "zen4" if 16 <= model < 32 or 96 <= model else "zen3",
               ("AuthenticAMD", 26): lambda model: "zen5"}


def fields(cpuinfo):
    """What /proc/cpuinfo says of the first CPU."""
    first = cpuinfo.split("\n\n", 1)[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def machine_class(cpu, cores):
    """The name under which results of such machines lie: zen5-2-cores."""
    key = cpu.get("vendor_id"), int(cpu.get("cpu family", 0))
    if key in GENERATIONS:
        name = GENERATIONS[key](int(cpu["model"]))
    else:
        name = re.sub(r"[^a-z0-9]+", "-", cpu.get("model name", platform.machine()).lower()).strip("-")
    return f"{name}-{cores}-cores"


def caches():
    """The caches of the first CPU: {"L1d": "48K", "L2": "1024K", "L3": "32768K"}."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind = {"Data": "d", "Instruction": "i"}.get((folder / "type").read_text().strip(), "")
        found[f"L{(folder / 'level').read_text().strip()}{kind}"] = (folder / "size").read_text().strip()
    return found


def describe():
    cpu = fields(Path("/proc/cpuinfo").read_text())
    cores = len(os.sched_getaffinity(0))
    flags = set(cpu.get("flags", "").split())
    return {"class": machine_class(cpu, cores), "processor": cpu.get("model name", platform.machine()),
            "family": cpu.get("cpu family"), "model": cpu.get("model"), "flags": [f for f in FLAGS if f in flags],
            "caches": caches(), "cores": cores, "threads": int(os.environ.get("OMP_NUM_THREADS") or cores),
            "system": platform.platform(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)}


def first_line(*command):
    """What a command says first; None where it is missing or fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return result.stdout.splitlines()[0].strip() if result.returncode == 0 else None
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return None


def onednn_version():
    class Version(ctypes.Structure):
        _fields_ = [("major", ctypes.c_int), ("minor", ctypes.c_int), ("patch", ctypes.c_int)]

    library = ctypes.util.find_library("dnnl")
    if not library:
        return None
    version = ctypes.CDLL(library).dnnl_version
    version.restype = ctypes.POINTER(Version)
    return "{0.major}.{0.minor}.{0.patch}".format(version().contents)


def software():
    """The commit that was measured, and what compiled it and runs with it."""
    root = Path(__file__).resolve().parents[1]
    commit = first_line("git", "-C", root, "rev-parse", "HEAD")
    if commit and first_line("git", "-C", root, "status", "--porcelain"):
        commit += " and changes"
    return {"commit": commit, "swift": first_line("swift", "--version"), "clang": first_line("clang", "--version"),
            "oneDNN": onednn_version(), "python": platform.python_version()}
