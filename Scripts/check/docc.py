#!/usr/bin/env python3
"""Builds the site of the documentation with DocC from what is built; each of its warnings is a failure.

    Scripts/check/docc.py                                           # only says what is wrong
    Scripts/check/docc.py --write .build/docs --base-path apus      # writes the site; it will stand at HOST/apus

One site has the modules of all library products. The pages are those of Documentation; its folder Site has the first page
of each module.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import links
import package
import symbols

PAGES = package.ROOT / "Documentation"
MAIN = "Apus"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def fragment(heading):
    """The anchor that DocC gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip()
    return quote("-".join(re.sub(r"[`'\"]", "", plain).split()))


def anchors(text):
    """The anchors of a page on GitHub, each with that of DocC."""
    found = re.findall(r"^#+ (.*)$", links.FENCE.sub("", text), re.MULTILINE)
    return {next(iter(links.headings(f"# {heading}\n"))): fragment(heading) for heading in found}


def article(text, names):
    """A page for DocC: links to other pages are references, of links to files of the project their text stays.

    `names` has the texts of all pages by their names.
    """
    def reference(match):
        title, target = match.groups()
        path, _, anchor = target.partition("#")
        if match.start() and match.string[match.start() - 1] == "!":
            # A catalog has its pictures in one folder.
            return f"[{title}]({target.rpartition('/')[2]})"
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            return match[0]
        if title == path and path in names:
            return f"<doc:{Path(path).stem}>"
        if path in names or not path:
            heading = anchors(names[path] if path else text).get(anchor, anchor)
            return f"[{title}](doc:{Path(path).stem}{'#' if anchor else ''}{heading})"
        return title if title.strip("`") in target else f"{title} (`{path.removeprefix('../')}`)"

    parts = re.split(r"(^(?:```|~~~).*?^(?:```|~~~)$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if number % 2 else LINK.sub(reference, part) for number, part in enumerate(parts))


def write_catalog(folder):
    """The first pages of modules, all other pages, and their pictures."""
    names = {page.name: page.read_text() for page in PAGES.glob("*.md")}
    for name, text in names.items():
        (folder / name).write_text(article(text, names))
    for file in [*PAGES.glob("Site/*.md"), *PAGES.glob("**/*.svg"), *PAGES.glob("*.png")]:
        shutil.copy(file, folder)


def write_graphs(folder, *more):
    """What the compiler says of the modules: what `import Apus` brings as one, the products beside it by themselves."""
    description = package.description()
    products = {name for product in description["products"] if "library" in product["type"] for name in product["targets"]}
    together = set(package.exported(description, MAIN))
    exported = ",".join(sorted(together | set(package.public_names(description, sorted(together)))))
    options = {MAIN: [f"-experimental-allowed-reexported-modules={exported}"]}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda module: symbols.extract(
            module, folder, "-emit-extension-block-symbols", "-skip-inherited-docs", *more, *options.get(module, [])),
            [MAIN, *sorted(products - together)]))
    # DocC says nothing of comments that come from elsewhere.
    for file in folder.glob(f"{MAIN}*.symbols.json"):
        graph = json.loads(file.read_text())
        for symbol in graph["symbols"]:
            if "docComment" in symbol:
                symbol["docComment"]["module"] = MAIN
        file.write_text(json.dumps(graph))


def command():
    """DocC of the toolchain that `swift` belongs to."""
    swift = Path(shutil.which("swift") or "swift").resolve()
    return swift.with_name("docc") if swift.with_name("docc").exists() else "docc"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", metavar="FOLDER")
    parser.add_argument("--base-path", default="/")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        catalog, graphs, site = (Path(scratch) / name for name in (f"{MAIN}.docc", "graphs", "site"))
        catalog.mkdir()
        graphs.mkdir()
        write_catalog(catalog)
        # What types inherit has no comments of its own: a third of the pages.
        write_graphs(graphs, *([] if arguments.write else ["-skip-synthesized-members"]))
        result = subprocess.run(
            [command(), "convert", catalog, "--additional-symbol-graph-dir", graphs, "--output-path", site,
             "--fallback-display-name", MAIN, "--fallback-bundle-identifier", MAIN.lower(), "--warnings-as-errors",
             "--hosting-base-path", arguments.base_path,
             *([] if arguments.write else ["--no-transform-for-static-hosting"])], capture_output=True, text=True)
        output = (result.stdout + result.stderr).strip()
        if output:
            print(re.sub(r"(\.\./)+(?=\w)", "/", output).replace(str(catalog.resolve()), "Documentation"))
        if result.returncode == 0 and arguments.write:
            shutil.rmtree(arguments.write, ignore_errors=True)
            shutil.move(site, arguments.write)
            print(f"{arguments.write} is the site" + (f", which belongs to HOST/{arguments.base_path.strip('/')}" if arguments.base_path != "/" else
                  f"; python3 -m http.server --directory {arguments.write} shows it at localhost:8000/documentation/{MAIN.lower()}/"))
    return 1 if result.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
