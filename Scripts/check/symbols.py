"""The public declarations of modules that are built, from the compiler's symbol graphs."""
import concurrent.futures
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import package

#: Protocols that the compiler adds by itself, or that say nothing to a user.
IMPLIED = {"Copyable", "Escapable", "BitwiseCopyable", "SendableMetatype"}


@dataclass(frozen=True, order=True)
class Declaration:
    module: str
    path: str  # the names from the outermost type to the declaration
    text: str  # as it is declared, without its body
    is_documented: bool
    has_example: bool

    def __str__(self):
        return f"{self.module} {self.path}: {self.text}"


def build_folder():
    """Where `make` built the package."""
    return Path(os.environ.get("APUS_BUILD") or package.ROOT / ".build" / "release")


def module_maps():
    """Where the compiler learns of the C that modules import."""
    build = build_folder()
    return [*package.ROOT.glob("Sources/*/module.modulemap"), *build.glob("*.build/module.modulemap"),
            *build.parent.glob("checkouts/*/Sources/**/module.modulemap")]


def extract(module, folder, *options):
    """Lets the compiler describe a module's public declarations: files MODULE.symbols.json and MODULE@OTHER.symbols.json.

    The latter have what a module adds to types of another one.
    """
    build = build_folder()
    if not (build / "Modules" / f"{module}.swiftmodule").exists():
        raise SystemExit(f"{module} is not built in {build}; `make build` builds it")
    target = json.loads(subprocess.run(["swiftc", "-print-target-info"], check=True, capture_output=True).stdout)
    command = ["swift", "symbolgraph-extract", "-module-name", module, "-I", build / "Modules", "-output-dir", folder,
               "-target", target["target"]["triple"], "-minimum-access-level", "public", *options]
    for file in module_maps():
        command += ["-Xcc", f"-fmodule-map-file={file}"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"the compiler can't describe {module}: {result.stderr.strip()}")


def graph(module, folder):
    """The compiler's description of a module's public declarations."""
    extract(module, folder)
    return [json.loads(file.read_text()) for file in [*Path(folder).glob(f"{module}.symbols.json"),
                                                      *Path(folder).glob(f"{module}@*.symbols.json")]]


def declarations(graph):
    """The declarations of a graph in order; what the compiler derives by itself is left out."""
    names = {symbol["identifier"]["precise"]: symbol["names"]["title"] for symbol in graph["symbols"]}
    conformances = {}
    inherited = set()
    for relation in graph["relationships"]:
        if relation["kind"] == "conformsTo":
            name = names.get(relation["target"]) or relation.get("targetFallback", "?").split(".")[-1]
            conformances.setdefault(relation["source"], set()).add(name)
        if "sourceOrigin" in relation:
            inherited.add(relation["source"])
    found = []
    for symbol in graph["symbols"]:
        precise = symbol["identifier"]["precise"]
        if "::SYNTHESIZED::" in precise or "location" not in symbol:
            continue
        text = "".join(fragment["spelling"] for fragment in symbol.get("declarationFragments", []))
        protocols = sorted(conformances.get(precise, set()) - IMPLIED)
        text = " ".join(text.split()) + (f" : {', '.join(protocols)}" if protocols else "")
        # A declaration that a protocol demands is documented there.
        documented = "docComment" in symbol or precise in inherited
        example = any(line["text"].startswith("```") for line in symbol.get("docComment", {}).get("lines", []))
        found.append(Declaration(graph["module"]["name"], ".".join(symbol["pathComponents"]), text, documented, example))
    return sorted(found)


def public_declarations():
    """All declarations of the products' modules, and those of other modules that they export by name."""
    description = package.description()
    modules = package.public_modules(description)
    names = package.public_names(description, modules)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        graphs = pool.map(lambda module: graph(module, folder), [*modules, *names])
        found = {declaration for some in graphs for one in some for declaration in declarations(one)}
    return sorted(one for one in found if one.path.split(".")[0] in names.get(one.module, {one.path.split(".")[0]}))
