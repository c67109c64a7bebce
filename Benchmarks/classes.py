"""The results of each class of machines, in results/CLASS.json: for each workload and mode the last that was saved."""
import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "results"


def path(name):
    return FOLDER / f"{name}.json"


def load(name):
    """The file of a class; an empty one where there is none."""
    file = path(name)
    if file.exists():
        return json.loads(file.read_text())
    return {"version": 1, "class": name, "comparisons": [], "launches": []}


def merged(saved, result):
    """A class's results with those of a new run in place of what it measured again; each says where it comes from."""
    source = {"commit": result["software"]["commit"], "date": result["date"], "repeats": "rounds"}

    def key(entry):
        return entry["workload"], entry.get("framework", "apus"), entry["mode"]

    content = dict(saved)
    for kind in "comparisons", "launches":
        new = {key(entry): {**entry, **source} for entry in result[kind]}
        old = {key(entry): entry for entry in saved[kind]}
        content[kind] = [{**old, **new}[k] for k in {**old, **new}]
    return {**content, "machine": result["machine"], "software": result["software"]}


def save(name, content):
    FOLDER.mkdir(exist_ok=True)
    path(name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
