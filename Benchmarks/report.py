"""A result as text for the terminal."""
from programs import PEERS


def table(rows):
    """Columns aligned as text: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)


def report(summary, comparisons, launches, workloads):
    columns = list(dict.fromkeys((f, m) for _, f, m in summary))
    columns.sort(key=lambda key: ["apus", *PEERS].index(key[0]))
    rows = [["ms a step: median (min)", *workloads]]
    for column in columns:
        cells = [summary.get((workload, *column)) for workload in workloads]
        rows.append([" ".join(column), *(f"{c['median_ms']:.3f} ({c['min_ms']:.3f})" if c else "-" for c in cells)])
    text = table(rows)
    if comparisons:
        rows = [["apus is faster by", "apus", "best peer", "ratio", "best PyTorch", "ratio"]]
        for c in comparisons:
            rows.append([f"{c['workload']}, {c['mode']}", f"{c['median_ms']:.3f}",
                         *(cell for name in ("peer", "pytorch")
                           for cell in ((c[name], f"{c[f'{name}_ratio']:.2f}") if c[name] else ("-", "-")))])
        text += "\n\n" + table(rows)
    if launches:
        rows = [["training", "start to first step, ms: median (min)", "peak memory, MB"]]
        for c in launches:
            rows.append([f"{c['workload']}, {c['framework']} {c['mode']}",
                         f"{c['first_step_ms']:.0f} ({c['least_first_step_ms']:.0f})",
                         f"{c['peak_memory_mb']:.0f}"])
        text += "\n\n" + table(rows)
    return text


def changes_table(changes):
    """What became faster or slower, one workload and mode a line."""
    rows = [["compared with before", "before", "now", "times as fast", "noise", ""]]
    for c in changes:
        rows.append([f"{c['workload']}, {c['mode']}", f"{c['old_ms']:.3f}", f"{c['new_ms']:.3f}", f"{c['ratio']:.2f}",
                     f"{c['noise']:.0%}", c["word"]])
    return table(rows)
