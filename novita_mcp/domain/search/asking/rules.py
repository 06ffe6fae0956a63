"""A phrase, and what it means."""

import re
from collections.abc import Callable
from typing import NamedTuple

from novita_mcp.domain.search.wishes import Wish

Phrase = re.Match[str]


class Rule(NamedTuple):
    """What a phrase means; None is said back as not understood, and never taken for something else."""

    pattern: re.Pattern[str]
    meaning: Callable[[Phrase], Wish | None]


def rule(pattern: str, meaning: Callable[[Phrase], Wish | None]) -> Rule:
    """Make a rule from a pattern of lower-case text."""
    return Rule(re.compile(pattern), meaning)


def always(wish: Wish | None) -> Callable[[Phrase], Wish | None]:
    """The same meaning whatever the phrase says exactly."""
    return lambda _: wish


NOTHING = always(None)
"""A phrase that a search cannot heed."""
UPPER = (
    r"(?:\b(?:under|below|less than|cheaper than|at most|max(?:imum)?(?: of)?|up to|(?:no|not) more than"
    r"|not (?:over|above)|within|budget(?: of| is|:)?|cap(?:ped)?(?: at| of)?)\s*|<=?\s*)"
)
LOWER = r"(?:(?<!\bno )(?<!\bnot )\b(?:over|above|more than|at least|min(?:imum)?(?: of)?|starting at)\s*|>=?\s*)"
