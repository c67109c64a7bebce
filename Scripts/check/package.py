"""What the checks know of the package: its targets and what they import, its products and their declarations."""
import json
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORT = re.compile(r"^\s*(?:@\w+\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+"
                    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)", re.MULTILINE)
EXPORT = re.compile(r"^@_exported import (\w+)$", re.MULTILINE)
EXPORT_BY_NAME = re.compile(
    r"^@_exported import (?:struct|class|enum|protocol|func|var|let|typealias) (\w+)\.(\w+)$", re.MULTILINE)


def description():
    """The manifest as SwiftPM reads it. A scratch folder of its own does not wait for a build that is under way."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["swift", "package", "--package-path", ROOT, "--scratch-path", scratch, "dump-package"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def sources(target):
    """The folder of a target."""
    default = "Tests" if target["type"] == "test" else "Sources"
    return ROOT / (target.get("path") or f"{default}/{target['name']}")


def report(problems):
    """Prints what a check found, a line each; the exit status."""
    for problem in problems:
        print(problem)
    return 1 if problems else 0


#: What C is held to, for this machine and for others.
C_WARNINGS = ["-Wall", "-Wextra", "-Wshorten-64-to-32", "-Werror"]


def c_files():
    """All C files of the package's targets."""
    return sorted(ROOT.glob("Sources/C*/**/*.c"))


def c_folders():
    """The folders in which C finds its headers."""
    return sorted(ROOT.glob("Sources/C*/*/"))


def imports(folder):
    """The modules that the Swift files of a folder import, each with the first file that does."""
    found = {}
    for file in sorted(folder.rglob("*.swift")):
        for module in IMPORT.findall(file.read_text()):
            found.setdefault(module, file)
    return found


def dependencies(target):
    """The targets that the manifest lets a target import."""
    return [next(iter(dependency.values()))[0] for dependency in target["dependencies"]]


def exported(package, *names):
    """Targets with all that they export again."""
    targets = {target["name"]: target for target in package["targets"]}
    waiting = list(names)
    modules = set()
    while waiting:
        name = waiting.pop()
        if name in targets and name not in modules:
            modules.add(name)
            for file in sources(targets[name]).rglob("*.swift"):
                waiting += EXPORT.findall(file.read_text())
    return sorted(modules)


def public_modules(package):
    """The modules that a user of a library product has at hand: its targets, and what they export again."""
    return exported(package, *(name for product in package["products"] if "library" in product["type"]
                               for name in product["targets"]))


def public_names(package, modules):
    """The declarations of other modules that some modules export again by name, for each of these modules."""
    targets = {target["name"]: target for target in package["targets"]}
    names = {}
    for module in modules:
        for file in sources(targets[module]).rglob("*.swift"):
            for other, name in EXPORT_BY_NAME.findall(file.read_text()):
                if other not in modules:
                    names.setdefault(other, set()).add(name)
    return names
