#!/usr/bin/env python3
"""Compiles the C for 64-bit ARM: what only x86 has must stand where only x86 compiles it.

Headers of the system's own libraries are those of this machine; what differs between machines, the C library, is the cross compiler's.
"""
import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

import package

TARGET = "aarch64-linux-gnu"


def command(file):
    includes = [f"-I{folder}" for folder in package.c_folders()]
    system = ["/usr/include", *Path("/usr/include").glob("*-linux-gnu"), "/usr/local/include"]
    return ["clang", f"--target={TARGET}", "-c", "-O1", "-o", os.devnull, *package.C_WARNINGS, *includes,
            "-isystem", f"/usr/{TARGET}/include", *(part for folder in system for part in ("-idirafter", folder)), file]


def failure(file):
    """What the compiler says of a file; nothing where it compiles."""
    return subprocess.run(command(file), capture_output=True, text=True).stderr.strip()


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(failure, package.c_files()) if text]
    return package.report(found)


if __name__ == "__main__":
    sys.exit(main())
