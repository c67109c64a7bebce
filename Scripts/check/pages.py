#!/usr/bin/env python3
"""Checks the lab's pages in a browser: both languages, wide and narrow, light and dark; every control is used.

    python3 Scripts/check/pages.py                 # runs the experiments that take seconds, and looks at their pages
    python3 Scripts/check/pages.py --folder lab    # looks at the pages of a folder
    python3 Scripts/check/pages.py --pictures DIR  # also keeps a picture of each

A page fails where its script fails, where it is wider than the window, where text is cut off, where a control shows no picture or
two, or where a value shows no hint.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import package

#: Experiments that take seconds.
CHEAP = ["xor", "ewa", "surface", "paths", "histograms"]
WINDOWS = [("wide", 1280, False), ("narrow", 390, True)]

BEFORE = """<script>window.problems = [];
addEventListener("error", e => problems.push("script: " + e.message));
const error = console.error; console.error = (...a) => { problems.push("console: " + a.join(" ")); error(...a); };
</script>"""
AFTER = """<script>
(() => {
  const say = text => { if (problems.length < 20) problems.push(text); };
  const isSeen = e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0; };
  function look(where) {
    if (document.documentElement.scrollWidth > innerWidth + 1)
      say(`${where}: the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`);
    for (const e of document.querySelectorAll("h1,h2,p,figcaption,button,summary,.badge,.tag,.entry,output")) {
      if (isSeen(e) && e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).display !== "inline")
        say(`${where}: text is cut off: ${e.textContent.slice(0, 40)}`);
    }
    for (const svg of document.querySelectorAll("figure svg.apus-chart")) {
      if (!isSeen(svg)) continue;
      const box = svg.getBoundingClientRect();
      for (const text of svg.querySelectorAll("text")) {
        const b = text.getBoundingClientRect();
        if (b.left < box.left - 2 || b.right > box.right + 2 || b.top < box.top - 2 || b.bottom > box.bottom + 2)
          say(`${where}: a chart cuts off: ${text.textContent.slice(0, 40)}`);
      }
    }
  }
  let hints = 0;
  for (const language of ["en", "ko"]) {
    document.querySelector(`.language button[value=${language}]`).click();
    if (document.documentElement.lang !== language) say(`the language stays ${document.documentElement.lang}`);
    look(language);
    for (const figure of document.querySelectorAll("figure")) {
      const part = figure.querySelector(`[lang=${language}]`);
      const count = () => [...part.querySelectorAll(".frame")].filter(isSeen).length;
      if (count() !== 1) say(`${language}, ${figure.id}: ${count()} pictures at first`);
      const before = new Set();
      const check = what => {
        const seen = [...part.querySelectorAll(".frame")].filter(isSeen);
        if (seen.length !== 1) say(`${language}, ${figure.id}, ${what}: ${seen.length} pictures`);
        else before.add(seen[0].dataset.place);
        look(`${language}, ${figure.id}, ${what}`);
      };
      for (const button of part.querySelectorAll(".choice button")) { button.click(); check(button.textContent); }
      for (const input of part.querySelectorAll("input[type=range]")) {
        for (let i = 0; i <= Number(input.max); i++) {
          input.value = String(i);
          input.dispatchEvent(new Event("input", { bubbles: true }));
          check(input.nextElementSibling.textContent);
        }
      }
      if (part.querySelector(".controls") && before.size < 2) say(`${language}, ${figure.id}: the controls change nothing`);
      const target = [...part.querySelectorAll("[data-hint]")].find(isSeen);
      if (target) {
        target.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX: 50, clientY: 50 }));
        const hint = document.querySelector(".hint");
        if (hint.hidden || !hint.textContent.trim()) say(`${language}, ${figure.id}: a value shows no hint`);
        hints++;
      }
    }
    for (const details of document.querySelectorAll("details")) details.open = true;
    look(`${language}, tables`);
    for (const details of document.querySelectorAll("details")) details.open = false;
  }
  const result = document.createElement("pre");
  result.id = "check";
  result.textContent = JSON.stringify({ problems, hints });
  document.body.append(result);
})();
</script>"""


def browser():
    for name in "chromium", "chromium-browser", "google-chrome":
        if found := shutil.which(name):
            return found
    return None


def run(arguments, home):
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={home}"]
    return subprocess.run(command + arguments, capture_output=True, text=True, timeout=120)


def check(page, home, pictures):
    """What is wrong with a page."""
    html = page.read_text()
    found = []
    for name, width, is_dark in WINDOWS:
        copy = page.with_name(f".check-{page.name}")
        copy.write_text(html.replace("<head>", "<head>" + BEFORE, 1).replace("</body>", AFTER + "</body>", 1))
        window = [f"--window-size={width},1600"] + (["--blink-settings=preferredColorScheme=0"] if is_dark else [])
        try:
            output = run(window + ["--dump-dom", copy.as_uri()], home).stdout
        finally:
            copy.unlink()
        result = re.search(r'<pre id="check">(.*?)</pre>', output, re.DOTALL)
        if not result:
            found.append(f"{name}: the page did not finish")
            continue
        text = result.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        found += [f"{name}: {problem}" for problem in json.loads(text)["problems"]]
        if pictures:
            for language in "en", "ko":
                picture = pictures / f"{page.parent.name}-{name}-{language}.png"
                run([f"--window-size={width},{4200 if width < 500 else 3000}", *window[1:], f"--screenshot={picture}",
                     f"{page.as_uri()}?language={language}"], home)
    return found


def main():
    parser = argparse.ArgumentParser(description="Checks the lab's pages in a browser.")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    if not browser():
        print("there is no browser; install one with: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as home:
        folder = options.folder or Path(home) / "lab"
        if not options.folder:
            apus = Path(os.environ.get("APUS_BUILD") or package.ROOT / ".build" / "release") / "apus"
            subprocess.run([apus, "lab", "run", *CHEAP, "--quick", "--output", folder], check=True, capture_output=True)
        if options.pictures:
            options.pictures.mkdir(parents=True, exist_ok=True)
        pages = [folder / "index.html", *sorted(folder.glob("*/report.html"))]
        problems = [f"{page.relative_to(folder)}: {problem}" for page in pages
                    for problem in check(page.resolve(), home, options.pictures)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems or len(pages) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
