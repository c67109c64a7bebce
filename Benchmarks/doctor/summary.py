"""The tables: shares with their intervals, and what was missed."""
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import intervals
import matching

Outcomes = list[tuple[str, bool]]  # of each record that counts: its family, and whether it is so


@dataclass(frozen=True)
class Row:
    """A line of the table. `goal` says what is to be reached, `aim` what would be better."""
    name: str
    outcomes: Callable[[Sequence[dict]], Outcomes]
    goal: str = ""
    aim: str = ""


def is_faulty(record: dict) -> bool:
    return record["answer"]["verdict"] == "faulty"


def findings(record: dict, count: int | None = None) -> list[dict]:
    """The first findings of a fault verdict; other verdicts name nothing."""
    return record["answer"].get("findings", [])[:count] if is_faulty(record) else []


def names_cause(record: dict, count: int) -> bool:
    labels = matching.accepted_labels({"labels": record["expected"]})
    return any(finding["label"] in labels for finding in findings(record, count))


def names_primary(record: dict) -> bool:
    return any(finding["label"] == record["expected"]["primary"] for finding in findings(record, 1))


def names_place(record: dict, count: int, by: Callable[[list[str], list[str]], bool] = matching.names_place) -> bool:
    expected = record["expected"]["where"]
    return any(by(expected, finding.get("where") or []) for finding in findings(record, count))


def is_above_level_0(record: dict) -> bool:
    return is_faulty(record) and (findings(record, 1)[0].get("level") or 0) > 0


def claims_repair(record: dict) -> bool:
    return any(finding.get("repair") for finding in findings(record))


def has_evidence(record: dict) -> bool:
    return findings(record, 1)[0].get("experiment") is not None


def is_diagnosis(record: dict) -> bool:
    """Search repairs and tells no cause."""
    return not record.get("isSearch")


def of_kinds(*kinds: str, when: Callable[[dict], bool] = is_diagnosis) -> Callable:
    """The outcomes of the records of some kinds that meet a condition, as a function of a question."""
    def counted(question: Callable[[dict], bool]) -> Callable[[Sequence[dict]], Outcomes]:
        return lambda records: [(r["family"], bool(question(r))) for r in records if r["kind"] in kinds and when(r)]
    return counted


FAULTS = of_kinds("fault")
HEALTHY = of_kinds("healthy")
TWINS = of_kinds("twin")
CONTROLS = of_kinds("healthy", "twin")
ALL = of_kinds("fault", "healthy", "twin")
ABOVE_LEVEL_0 = of_kinds("fault", "healthy", "twin", when=is_above_level_0)
REPAIRS = of_kinds("fault", when=lambda r: "reached" in r.get("repair", {}))
OFFERED = of_kinds("fault", "healthy", "twin", when=lambda r: "repaired" in r.get("repair", {}))
HOPELESS = of_kinds("fault", when=lambda r: is_diagnosis(r) and not r["expected"]["canLearn"])

ROWS = [
    Row("faults detected", FAULTS(is_faulty), "≥ 95 %", "98 %"),
    Row("alarms on healthy runs", HEALTHY(is_faulty), "≤ 2 %", "≤ 1 %"),
    Row("alarms on repaired twins", TWINS(is_faulty), "≤ 2 %", "≤ 1 %"),
    Row("alarms on both", CONTROLS(is_faulty), "≤ 2 %", "≤ 1 %"),
    Row("cause named first", FAULTS(lambda r: names_cause(r, 1)), "≥ 80 %", "90 %"),
    Row("cause among the first three", FAULTS(lambda r: names_cause(r, 3)), "≥ 92 %", "97 %"),
    Row("primary cause named first", FAULTS(names_primary)),
    Row("place named first", FAULTS(lambda r: names_place(r, 1))),
    Row("place among the first three", FAULTS(lambda r: names_place(r, 3))),
    Row("setting or file among the first three", FAULTS(lambda r: names_place(r, 3, matching.names_setting))),
    Row("repaired (R95)", REPAIRS(lambda r: r["repair"]["reached"]), "≥ 75 %", "90 %"),
    Row("harm by a repair", OFFERED(lambda r: r["repair"]["harmed"]), "≤ 1 %", "0"),
    Row("repair claimed where nothing can be learned", HOPELESS(claims_repair), "0"),
    Row("evidence by experiment above level 0", ABOVE_LEVEL_0(has_evidence), "100 %"),
    Row("verdict unknown", ALL(lambda r: r["answer"]["verdict"] == "unknown")),
]


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def interval(bounds: tuple[float, float]) -> str:
    return f"{100 * bounds[0]:.1f}–{100 * bounds[1]:.1f} %"


def numbers(outcomes: Outcomes) -> dict:
    """A share with its count and intervals."""
    hits, count = sum(hit for _, hit in outcomes), len(outcomes)
    return {"hits": hits, "count": count, "share": hits / count if count else None,
            "wilson": intervals.wilson(hits, count), "family": intervals.by_family(outcomes)}


def cells(row: Row, records: Sequence[dict]) -> list[str] | None:
    """A line as texts; none if nothing counts in it."""
    outcomes = row.outcomes(records)
    if not outcomes:
        return None
    n = numbers(outcomes)
    return [row.name, f"{n['hits']}/{n['count']}", percent(n["share"]), interval(n["wilson"]), interval(n["family"]),
            row.goal, row.aim]


def markdown(header: list[str], lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *lines])


def table(records: Sequence[dict]) -> str:
    """The table of shares, and medians of time and trainings."""
    lines = [line for row in ROWS if (line := cells(row, records))]
    for name, key in ("median seconds", "seconds"), ("median trainings", "trainings"):
        values = [r["answer"][key] for r in records if isinstance(r["answer"].get(key), (int, float))]
        if values:
            lines.append([name, str(len(values)), f"{statistics.median(values):.4g}", "", "", "", ""])
    return markdown(["", "count", "share", "Wilson 95 %", "by family 95 %", "must", "aim"], lines)


def brief(n: dict) -> str:
    return f"{percent(n['share'])} ({interval(n['wilson'])}), {n['hits']}/{n['count']}"


def side_by_side(results: dict[str, Sequence[dict]]) -> str:
    """One column for each method that was run, with the Wilson interval below the share."""
    lines = []
    for row in ROWS:
        outcomes = {name: row.outcomes(records) for name, records in results.items()}
        if not any(outcomes.values()):
            continue
        lines.append([row.name, *(brief(numbers(found)) if found else "–" for found in outcomes.values())])
    return markdown(["", *results], lines)


def got(record: dict) -> str:
    """What was answered: the verdict with the first three findings."""
    told = [f"{f['label']} at {', '.join(f.get('where') or ['?'])}" for f in record["answer"].get("findings", [])[:3]]
    return "; ".join(filter(None, [record["answer"]["verdict"], *told, record.get("error")]))


def misses(record: dict) -> list[str]:
    """What a record lacks, in words; nothing if it is right."""
    if not is_diagnosis(record):
        found = []
    elif record["kind"] != "fault":
        found = ["alarm"] if is_faulty(record) else []
    elif not is_faulty(record):
        found = ["not detected"]
    else:
        late = "cause not named first" if names_cause(record, 3) else "cause not named"
        found = [] if names_cause(record, 1) else [late]
        found += [] if names_place(record, 3) else ["place not named"]
        found += ["repair claimed"] if claims_repair(record) and not record["expected"]["canLearn"] else []
    repair = record.get("repair", {})
    found += ["harm"] if repair.get("harmed") else []
    found += ["not repaired"] if repair.get("reached") is False else []
    return found


def wish(expected: dict) -> str:
    accepted = ", ".join(expected["accepted"]) or "no other"
    return f"{expected['primary']} ({accepted}) at {', '.join(expected['where'])}"


def missed(records: Sequence[dict]) -> str:
    """Every record that is not right, with what was expected."""
    lines = []
    for record in records:
        if not (what := misses(record)):
            continue
        expected = record.get("expected")
        wanted = wish(expected) if expected else "healthy"
        lines.append(f"{record['key']}: {', '.join(what)}\n    expected {wanted}\n    got {got(record)}")
    return "\n".join(lines)


def skipped(records: Sequence[dict]) -> dict[str, int]:
    """Why repairs could not be measured, and how often."""
    counts: dict[str, int] = {}
    for record in records:
        if reason := record.get("repair", {}).get("skipped"):
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def report(records: Sequence[dict]) -> str:
    """Table, what could not be measured, errors, and every miss."""
    records = [record for record in records if record["kind"] != "variant"]
    parts = [table(records)]
    if counts := skipped(records):
        lines = [f"{count} × {reason}" for reason, count in counts.items()]
        parts.append("\n".join(["Repairs that were not measured:", *lines]))
    if errors := [f"{r['key']}: {r['error']}" for r in records if r.get("error")]:
        parts.append("No answer:\n" + "\n".join(errors))
    if lines := missed(records):
        parts.append("Misses:\n" + lines)
    return "\n\n".join(parts)
