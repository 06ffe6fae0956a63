"""What it may cost, in any of the ways in which people say so: a cap in USD per hour."""

import re
from decimal import Decimal
from typing import Final

from novita_mcp.domain.models import HOURS_PER_MONTH
from novita_mcp.domain.search.asking.rules import LOWER, NOTHING, UPPER, Phrase, rule
from novita_mcp.domain.search.wishes import Wish

HOURS_PER_DAY = Decimal(24)
AMOUNT: Final = r"(?P<amount>\d[\d,]*(?:\.\d+)?|\.\d+)"
SMALL: Final = r"(?<![\w.$€£])(?P<amount>\d{1,2}(?:\.\d+)?|\.\d+)"
"""A number that is money only by what stands beside it; 4090 is none."""
DOLLARS: Final = r"(?:\$|(?:usd|us dollars?|dollars?|bucks?)\b)"
FOREIGN: Final = r"(?:€|£|¥|(?:eur|euros?|gbp|pounds?|cny|rmb|yuan)\b)"
PERIOD: Final = r"(?:gpu|card|hour|hr|h|day|d|month|mo)s?\b"
RATE: Final = rf"(?P<rate>(?:\s*(?:/|(?:per|an?|each|every|for each)\s)\s*{PERIOD}|\s*(?:each|apiece|hourly|daily)\b)*)"
HOURLY: Final = rf"(?P<rate>\s*(?:/|(?:per|an?)\s)\s*(?:hour|hr|h)\b{RATE.replace('?P<rate>', '?:')})"
SPAN: Final = r"(?:\s*(?:in total )?(?:for|over)\s*(?P<span>\d+)\s*(?P<unit>h|d)(?:r|our|ay)?s?\b)?"
NOT_MONEY: Final = rf"(?![\w.,]|\s*(?:{FOREIGN}|(?:[gt]i?b?|gigs?|x|gpus?|cards?|hours?|hrs?|h|days?|cores?)\b|%))"


def _cap(phrase: Phrase) -> Wish:
    amount, said = Decimal(phrase["amount"].replace(",", "")), phrase.groupdict()
    rate = said.get("rate") or ""
    return _capped(amount / _hours(rate, said), rate)


def _cents(phrase: Phrase) -> Wish:
    return _capped(Decimal(phrase["amount"].replace(",", "")) / 100, phrase["rate"])


def _hours(rate: str, said: dict[str, str | None]) -> Decimal:
    """How many hours the amount is for."""
    if said.get("span"):
        return max(Decimal(1), Decimal(said["span"] or 1) * (HOURS_PER_DAY if said["unit"] == "d" else 1))
    if re.search(r"\bmo", rate):
        return HOURS_PER_MONTH
    return HOURS_PER_DAY if re.search(r"\bd", rate) else Decimal(1)


def _capped(hourly_usd: Decimal, rate: str) -> Wish:
    if re.search(r"gpu|card|apiece|each\s*$", rate):
        return Wish(max_unit_hourly_usd=hourly_usd)
    return Wish(max_hourly_usd=hourly_usd)


RULES: Final = (
    rule(rf"(?:\b(?:between|from)\s+)?\$\s*[\d.]+\s*(?:and|to|-)\s*\$?\s*{AMOUNT}{RATE}{SPAN}", _cap),
    rule(rf"{LOWER}(?:\$\s*{AMOUNT}|{AMOUNT.replace('amount', 'after')}\s*{DOLLARS}){RATE}", NOTHING),
    rule(rf"{UPPER}?\$\s*{AMOUNT}(?:\s*usd\b)?{RATE}{SPAN}", _cap),
    rule(rf"{UPPER}?(?<![\w.]){AMOUNT}\s*{DOLLARS}{RATE}{SPAN}", _cap),
    rule(rf"{UPPER}?(?<![\w.]){AMOUNT}\s*(?:cents?|ct)\b{RATE}", _cents),
    rule(rf"{UPPER}?{SMALL}{HOURLY}", _cap),
    rule(rf"{UPPER}{SMALL}{NOT_MONEY}", _cap),
    rule(rf"{UPPER}?(?:(?<![\w.])\d[\d.]*\s*{FOREIGN}|[€£¥]\s*\d[\d.]*){RATE}", NOTHING),
)
