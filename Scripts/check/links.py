#!/usr/bin/env python3
"""Checks that every link of a Markdown page to a file, a folder or a heading of the project leads somewhere."""
import re
import subprocess
import sys

import package

LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def headings(text):
    """The anchors that the headings of a page have on GitHub."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number, base = 0, anchor
        while anchor in found:
            number += 1
            anchor = f"{base}-{number}"
        found.add(anchor)
    return found


def broken(page):
    """The links of a page that lead nowhere; links to other hosts are not followed."""
    text = FENCE.sub("", page.read_text())
    text = re.sub(r"`[^`\n]*`", "", text)
    for link in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"the link to {link} leads nowhere"
        elif anchor and target.suffix == ".md" and anchor not in headings(target.read_text()):
            yield f"{path or 'the page'} has no heading #{anchor}"


def main():
    listed = subprocess.run(["git", "-C", package.ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            check=True, capture_output=True, text=True).stdout.split()
    found = [f"{name}: {problem}" for name in listed if (package.ROOT / name).exists()
             for problem in broken(package.ROOT / name)]
    return package.report(found)


if __name__ == "__main__":
    sys.exit(main())
