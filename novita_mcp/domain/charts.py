"""Numbers over time as one line of text."""

from collections.abc import Sequence
from itertools import pairwise

BARS = "▁▂▃▄▅▆▇█"
FULL_PERCENT = 100.0


def sparkline(percents: Sequence[float], width: int) -> str:
    """One bar for each of at most `width` stretches, from 0 to 100 percent; a stretch shows its mean."""
    return "".join(_bar(value) for value in condensed(percents, width))


def condensed(values: Sequence[float], width: int) -> tuple[float, ...]:
    """The means of at most `width` stretches of equal length, in order."""
    count = min(width, len(values))
    edges = [len(values) * index // count for index in range(count + 1)] if count else []
    return tuple(_mean(values[start:end]) for start, end in pairwise(edges))


def _bar(percent: float) -> str:
    step = int(percent / FULL_PERCENT * len(BARS))
    return BARS[min(max(step, 0), len(BARS) - 1)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
