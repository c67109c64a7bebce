"""The range of a case's inputs as the network gets them."""
import csv
import math
from pathlib import Path

import experiments


def table_range(file: Path, settings: dict) -> tuple[float, float] | None:
    """The least and the greatest number of a table outside its label."""
    left_out = {settings.get("label"), *(settings.get("ignore") or [])}
    low, high = math.inf, -math.inf
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            for name, cell in row.items():
                try:
                    value = float(cell)
                except (TypeError, ValueError):
                    continue
                if name not in left_out and math.isfinite(value):
                    low, high = min(low, value), max(high, value)
    return (low, high) if low <= high else None


def array_range(file: Path) -> tuple[float, float] | None:
    """The least and the greatest number of the arrays whose names begin with x."""
    import numpy as np
    with np.load(file) as content:
        arrays = [content[name] for name in content.files if name.startswith("x")]
    numbers = [a[np.isfinite(a)] if a.dtype.kind == "f" else a for a in arrays if a.dtype.kind in "fiu"]
    return (min(float(a.min()) for a in numbers), max(float(a.max()) for a in numbers)) if numbers else None


def raw_range(experiment: dict, folder: Path) -> tuple[float, float] | None:
    source, settings = experiments.named(experiment["data"]["source"])
    if source == "fashion-mnist":
        return 0.0, 255.0
    if source == "csv":
        return table_range(folder / settings["file"], settings)
    return array_range(folder / settings["file"]) if source == "npz" else None


def input_range(experiment: dict, folder: Path) -> tuple[float, float] | None:
    """After normalization; none where it is not known, or where it is to mean 0 and variance 1.

    Such inputs lie beyond ±1 by what they are: the published rule would call them raw, here they pass.
    """
    how = experiment["data"].get("normalize", "standardize")
    if how == "none":
        return raw_range(experiment, folder)
    return (0.0, 1.0) if how in ("unitRange", "minMax") else None
