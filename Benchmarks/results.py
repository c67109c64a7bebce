"""What rounds come to: medians, comparisons with peers, and whether all of it counts."""
import statistics

from programs import PEERS

LOSS_TOLERANCE = {"float32": 1e-3, "bfloat16": 3e-2}  # relative; of first losses, which are equal but for rounding


def precision(line):
    return line.get("precision") or ("bfloat16" if "bfloat16" in line["mode"] else "float32")


def summarize_steps(rounds):
    """For each (workload, framework, mode): the median of the rounds' medians, the least time, and each round."""
    groups = {}
    for r in rounds:
        for line in r.steps:
            groups.setdefault((line["workload"], line["framework"], line["mode"]), []).append(line)
    return {key: {
        "precision": precision(lines[0]),
        "median_ms": statistics.median(line["median_ms"] for line in lines),
        "min_ms": min(line["min_ms"] for line in lines),
        "rounds_ms": [line["median_ms"] for line in lines],
        **{key: lines[0][key] for key in ("first_loss", "first_output") if key in lines[0]},
    } for key, lines in groups.items()}


def against(name, key, peers, ours):
    """A peer's mode and median, and how many times faster we are: by the medians, and in each round."""
    if key is None:
        return {name: None}
    peer = peers[key]
    return {name: " ".join(key), f"{name}_ms": peer["median_ms"],
            f"{name}_ratio": round(peer["median_ms"] / ours["median_ms"], 3),
            f"{name}_ratios": [round(theirs / own, 3) for theirs, own in zip(peer["rounds_ms"], ours["rounds_ms"])]}


def compare(summary, workloads):
    """One comparison for each workload and each of our modes: how many times faster we are than the peers."""
    comparisons = []
    for workload in workloads:
        for (w, framework, mode), ours in summary.items():
            if w != workload or framework != "apus":
                continue
            peers = {(f, m): s for (v, f, m), s in summary.items()
                     if v == workload and f != "apus" and s["precision"] == ours["precision"]}
            best = min(peers, key=lambda key: peers[key]["median_ms"], default=None)
            pytorch = min((key for key in peers if key[0] == "pytorch"), key=lambda key: peers[key]["median_ms"],
                          default=None)
            comparisons.append({
                "workload": workload, "mode": mode, "precision": ours["precision"], "median_ms": ours["median_ms"],
                **against("peer", best, peers, ours), **against("pytorch", pytorch, peers, ours)})
    return comparisons


def summarize_launches(rounds):
    groups = {}
    for r in rounds:
        for launch in r.launches:
            groups.setdefault((launch["workload"], launch["framework"], launch["mode"]), []).append(launch)
    return [{"workload": workload, "framework": framework, "mode": mode,
             "first_step_ms": statistics.median(launch["first_step_ms"] for launch in launches),
             "least_first_step_ms": min(launch["first_step_ms"] for launch in launches),
             "peak_memory_mb": round(statistics.median(launch["peak_memory_kb"] for launch in launches) / 1024, 1)}
            for (workload, framework, mode), launches in sorted(groups.items())]


def unequal_starts(summary):
    """A reason for each workload whose programs do not begin with the same loss or output: it names those far from ours."""
    reasons = []
    for workload in dict.fromkeys(w for w, _, _ in summary):
        starts = {(f, m): s for (w, f, m), s in summary.items() if w == workload and start(s) is not None}
        own = [s for (f, _), s in starts.items() if f == "apus" and s["precision"] == "float32"]
        expected = start(own[0] if own else next(iter(starts.values()))) if starts else None
        far = [f"{f} {m} {start(s):.6g}" for (f, m), s in starts.items()
               if not abs(start(s) - expected) <= LOSS_TOLERANCE[s["precision"]] * abs(expected)]
        if far:
            reasons.append(f"{workload} is not the same work everywhere: expected {expected:.6g} at first, "
                           f"received {', '.join(far)}")
    return reasons


def start(step):
    """The loss of the first step, or the first output."""
    return step.get("first_loss", step.get("first_output"))


def verdict(rounds, quiet, programs, options, short):
    """The reasons why the result does not count; none when it does."""
    reasons = []
    if len(quiet) < options.rounds:
        last = next((r.disturbances[0] for r in reversed(rounds) if r.disturbances), "")
        reasons.append(f"only {len(quiet)} of {options.rounds} rounds undisturbed ({last})")
    least = 5 if short.intersection(options.workloads) else 1
    if options.rounds < least:
        reasons.append(f"{options.rounds} rounds; at least {least} are needed")
    for failure in dict.fromkeys(failure for r in rounds for failure in r.failures):
        reasons.append(failure)
    for name in ["apus", *PEERS]:
        if name not in programs:
            reasons.append(f"{name} was left out")
            continue
        for r in quiet or rounds:
            if missing := set(options.workloads) - {s["workload"] for s in r.steps if s["framework"] == name}:
                reasons.append(f"{name} did not report {', '.join(sorted(missing))}")
                break
    for line in (line for r in rounds for line in r.steps):
        last = line.get("last_loss", 0.0)
        if not last < 10:
            reasons.append(f"{line['framework']} {line['mode']} diverged on {line['workload']}: loss {last}")
    reasons += unequal_starts(summarize_steps(quiet or rounds))
    return list(dict.fromkeys(reasons))
