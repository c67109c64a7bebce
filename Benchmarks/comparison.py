"""A new result beside an old one of the same kind of machine: faster, slower, or within noise."""

LEAST_NOISE = 0.02  # relative; less than this is never said to be a difference


def spread(step):
    """Half the range of the rounds' medians, relative to the median."""
    rounds = step.get("rounds_ms") or [step["median_ms"]]
    return (max(rounds) - min(rounds)) / 2 / step["median_ms"]


def changes(old, new):
    """For every workload and mode of ours that both results have: the ratio of medians, the noise, and a word."""
    before = {(s["workload"], s["mode"]): s for s in old if s["framework"] == "apus"}
    found = []
    for step in new:
        key = step["workload"], step["mode"]
        if step["framework"] != "apus" or key not in before:
            continue
        ratio = before[key]["median_ms"] / step["median_ms"]
        noise = max(LEAST_NOISE, spread(before[key]) + spread(step))
        word = "within noise" if 1 / (1 + noise) <= ratio <= 1 + noise else "faster" if ratio > 1 else "slower"
        found.append({"workload": key[0], "mode": key[1], "old_ms": before[key]["median_ms"],
                      "new_ms": step["median_ms"], "ratio": ratio, "noise": noise, "word": word})
    return found
