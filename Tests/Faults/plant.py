#!/usr/bin/env python3
"""Plants one-line faults in a copy of the sources and says which of them the tests see.

    python3 Tests/Faults/plant.py                       # all of them
    python3 Tests/Faults/plant.py softmax-cut engine    # some, by the name of the fault or of its file
    python3 Tests/Faults/plant.py --check               # only whether the lists fit the sources

The files beside this one list the faults. Each has a name, the file, the text that is replaced (it occurs once), its replacement,
and the tests that should see it: a filter for `swift test`. A fault that no test can see has `survives`, the reason.

The copy is `.build-faults` in the package's folder. It is built in debug, so that a change costs seconds, and kept.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib

PACKAGE = pathlib.Path(__file__).resolve().parents[2]
COPY = PACKAGE / ".build-faults"
BUILD = ["swift", "build", "--build-tests", "-Xcc", "-O1"]
TEST = ["swift", "test", "--skip-build", "-Xcc", "-O1", "--filter"]
KEYS = {"name", "file", "old", "new", "tests"}
# How long tests may take, and how long the first build.
TEST_SECONDS, BUILD_SECONDS = 600, 3600


def listed(package: pathlib.Path) -> list[dict]:
    """All faults; each knows the list that it stands in."""
    faults = []
    for path in sorted((package / "Tests/Faults").glob("*.toml")):
        for fault in tomllib.loads(path.read_text())["fault"]:
            faults.append({**fault, "list": path.stem})
    return faults


def mistakes(faults: list[dict], package: pathlib.Path) -> list[str]:
    """What is wrong with the lists."""
    found, names = [], set()
    for fault in faults:
        place = f"Tests/Faults/{fault['list']}.toml: {fault.get('name', 'a fault without a name')}"
        keys = set(fault) - {"list", "survives"}
        if keys != KEYS:
            found.append(f"{place}: expected the keys {sorted(KEYS)} but received {sorted(keys)}")
            continue
        if fault["name"] in names:
            found.append(f"{place}: the name occurs twice")
        names.add(fault["name"])
        file = package / fault["file"]
        count = file.read_text().count(fault["old"]) if file.is_file() else None
        if count is None:
            found.append(f"{place}: there is no file {fault['file']}")
        elif count != 1:
            found.append(f"{place}: the text occurs {count} times in {fault['file']}, not once: {fault['old']!r}")
        if fault["old"] == fault["new"]:
            found.append(f"{place}: the fault changes nothing")
    return found


def synchronize() -> None:
    """Brings the copy to the state of the package; files that are equal keep their times, so that little is built again."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=PACKAGE, check=True,
        capture_output=True, text=True).stdout.split("\0")
    wanted = {name for name in names if name and (PACKAGE / name).is_file()}
    for name in wanted:
        source, target = PACKAGE / name, COPY / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for root in ("Sources", "Tests", "Benchmarks", "Examples"):
        for path in (COPY / root).rglob("*"):
            if path.is_file() and str(path.relative_to(COPY)) not in wanted and "__pycache__" not in path.parts:
                path.unlink()


def run(command: list[str], seconds: int) -> tuple[int, str]:
    """The exit status and the output; −1 after a time."""
    try:
        result = subprocess.run(
            command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            timeout=seconds)
    except subprocess.TimeoutExpired as expired:
        return -1, (expired.stdout or b"").decode(errors="replace")
    return result.returncode, result.stdout.decode(errors="replace")


def tests_ran(output: str) -> int:
    """How many tests the last line of a run counts."""
    found = re.findall(r"Test run with (\d+) tests?", output)
    return int(found[-1]) if found else 0


def first_failure(output: str) -> str:
    """The test that saw the fault."""
    found = re.search(r"✘ Test (.*?) (?:recorded an issue|failed)", output)
    return found.group(1) if found else "the process ended"


def judge(fault: dict) -> tuple[str, str]:
    """What became of a fault, and by which test or why."""
    path = COPY / fault["file"]
    right = path.read_text()
    path.write_text(right.replace(fault["old"], fault["new"]))
    try:
        status, output = run(BUILD, BUILD_SECONDS)
        if status != 0:
            errors = [line for line in output.splitlines() if "error:" in line]
            return "broken", (errors or output.splitlines()[-1:] or ["it does not build"])[0]
        status, output = run([*TEST, fault["tests"]], TEST_SECONDS)
        if status == -1:
            return "killed", "the tests do not end"
        if status != 0:
            return "killed", first_failure(output)
        return "survived", f"{tests_ran(output)} tests passed"
    finally:
        path.write_text(right)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="faults, or lists of faults; without: all")
    parser.add_argument("--check", action="store_true", help="only whether the lists fit the sources")
    arguments = parser.parse_args()
    faults = listed(PACKAGE)
    found = mistakes(faults, PACKAGE)
    for name in arguments.names:
        if not any(name in (fault["name"], fault["list"]) for fault in faults):
            found.append(f"there is no fault and no list {name}")
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    if arguments.check:
        print(f"{len(faults)} faults fit the sources")
        return 0
    chosen = [f for f in faults if not arguments.names or {f["name"], f["list"]} & set(arguments.names)]

    synchronize()
    print(f"building {COPY}", flush=True)
    status, output = run(BUILD, BUILD_SECONDS)
    if status != 0:
        print(output[-4000:], file=sys.stderr)
        return 1
    for tests in sorted({fault["tests"] for fault in chosen}):
        status, output = run([*TEST, tests], TEST_SECONDS)
        if status != 0 or tests_ran(output) == 0:
            print(f"{output[-4000:]}\nwithout a fault, {tests} does not pass or has no tests", file=sys.stderr)
            return 1

    counts = {"killed": 0, "survived": 0, "broken": 0}
    unexplained = 0
    for fault in chosen:
        begin = time.monotonic()
        verdict, detail = judge(fault)
        counts[verdict] += 1
        if verdict == "survived" and "survives" in fault:
            detail = fault["survives"]
        elif verdict != "killed":
            unexplained += 1
        print(f"{verdict:8} {fault['list']}/{fault['name']}: {detail} ({time.monotonic() - begin:.0f} s)", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count or verdict == "killed"))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
