"""Intervals of shares: Wilson's, and one that counts families instead of cases."""
import math
import random
from collections.abc import Sequence

NORMAL_QUANTILE = 1.959963984540054  # of 97.5 %
RESAMPLES = 2000


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share."""
    if count == 0:
        return 0.0, 1.0
    square, share = NORMAL_QUANTILE ** 2, hits / count
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = NORMAL_QUANTILE / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count ** 2))
    return max(0.0, middle - spread), min(1.0, middle + spread)


def by_family(outcomes: Sequence[tuple[str, bool]], seed: int = 1) -> tuple[float, float]:
    """The 95 % percentile interval of a share when whole families are drawn with replacement, 2000 times."""
    if not outcomes:
        return 0.0, 1.0
    families: dict[str, list[int]] = {}
    for family, hit in outcomes:
        counts = families.setdefault(family, [0, 0])
        counts[0] += hit
        counts[1] += 1
    groups, draw = [families[name] for name in sorted(families)], random.Random(seed)
    shares = []
    for _ in range(RESAMPLES):
        drawn = [draw.choice(groups) for _ in groups]
        shares.append(sum(hits for hits, _ in drawn) / sum(count for _, count in drawn))
    shares.sort()
    return shares[int(0.025 * RESAMPLES)], shares[int(0.975 * RESAMPLES) - 1]
