"""The guardrails with their margins: what the plan would use of each limit."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from novita_mcp.approval.page.markup import Html, joined, tag
from novita_mcp.domain.base import usd
from novita_mcp.domain.policy import Ruling, Verdict

Unit = Callable[[Decimal], str]
CLOSE = Decimal("0.8")
WORDS: dict[Ruling, str] = {"pass": "within the limit", "warn": "not checked", "deny": "over the limit"}
MARKS: dict[Ruling, str] = {"pass": "✓", "warn": "!", "deny": "✕"}


def _dollars(amount: Decimal) -> str:
    return usd(amount, 2)


def _rate(amount: Decimal) -> str:
    return usd(amount)


def _count(amount: Decimal) -> str:
    return f"{amount:f}"


def _hours(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.1')).normalize():,f} h"


MOST: dict[str, tuple[str, Unit]] = {
    "max_hourly_usd": ("This instance, per hour", _rate),
    "max_total_hourly_usd": ("Everything running, per hour", _rate),
    "monthly_budget_usd": ("Budget of this month", _dollars),
    "daily_budget_usd": ("Budget of today", _dollars),
    "max_instances": ("Instances", _count),
    "max_gpus": ("GPUs in one instance", _count),
    "max_lease_hours": ("Lease", _hours),
}
LEAST: dict[str, tuple[str, Unit]] = {"min_balance_hours": ("Balance lasts", _hours)}
OTHERS = {
    "stock": "Stock",
    "known_price": "Known price",
    "allowed_products": "Product",
    "allowed_clusters": "Region",
    "allowed_images": "Image",
    "allowed_billing": "Billing",
    "allow_auto_renew": "Automatic renewal",
    "require_lease": "Lease",
}


def guardrails(verdicts: tuple[Verdict, ...]) -> Html:
    """One row for each rule: those that did not pass first, then those with a bar."""
    rows = sorted(verdicts, key=lambda verdict: (verdict.verdict == "pass", _share(verdict) is None))
    return tag("ul", *(_row(verdict) for verdict in rows), class_="gauges", role="list")


def _row(verdict: Verdict) -> Html:
    share = _share(verdict)
    close = verdict.verdict == "pass" and share is not None and share >= CLOSE
    look = "close" if close else verdict.verdict
    mark = tag("span", MARKS[verdict.verdict], class_="mark", aria_hidden="true")
    name = tag("span", _name(verdict.rule), class_="rule")
    figures = tag("span", *_figures(verdict), class_="figures")
    return tag("li", mark, name, figures, *_bar(share), *_message(verdict), class_=f"gauge {look}")


def _name(rule: str) -> str:
    named = MOST.get(rule) or LEAST.get(rule)
    return named[0] if named else OTHERS.get(rule, rule.replace("_", " ").capitalize())


def _figures(verdict: Verdict) -> Iterator[str]:
    """The figures of a rule that has some; every rule says its verdict to those who cannot see colours."""
    actual, limit = _number(verdict.actual), _number(verdict.limit)
    if verdict.rule in MOST and actual is not None and limit is not None:
        unit = MOST[verdict.rule][1]
        yield joined(tag("b", unit(actual)), f" of {unit(limit)}")
        yield from _margin(limit - actual, unit)
    elif verdict.rule in LEAST and limit is not None and verdict.verdict != "warn":
        unit = LEAST[verdict.rule][1]
        yield joined(tag("b", "for ever" if actual is None else unit(actual)), f", at least {unit(limit)}")
    elif verdict.verdict == "pass":
        yield "allowed" if verdict.actual is None else tag("bdi", str(verdict.actual))
    yield tag("span", f", {WORDS[verdict.verdict]}", class_="unseen")


def _margin(left: Decimal, unit: Unit) -> Iterator[Html]:
    if left >= 0:
        yield tag("span", tag("span", ", ", class_="unseen"), f"{unit(left)} to spare", class_="margin")


def _bar(share: Decimal | None) -> Iterator[Html]:
    """A bar that fills as the limit comes nearer; SVG, because the page's policy forbids inline styles."""
    if share is None:
        return
    track = tag("rect", class_="track", width="100%", height="6", rx="3")
    fill = tag("rect", class_="fill", width=f"{max(share * 100, Decimal(1)):.1f}%", height="6", rx="3")
    yield tag("svg", track, fill, class_="bar", width="100%", height="6", aria_hidden="true", focusable="false")


def _message(verdict: Verdict) -> Iterator[Html]:
    if verdict.verdict != "pass":
        yield tag("span", verdict.message, class_="message", dir="auto")


def _share(verdict: Verdict) -> Decimal | None:
    """How much of the room a rule leaves is used, from 0 to 1; None where that is no question of amount."""
    actual, limit = _number(verdict.actual), _number(verdict.limit)
    if limit is None:
        return None
    if verdict.rule in LEAST and verdict.verdict != "warn":
        return Decimal(0) if actual is None else _part(limit, actual)
    if verdict.rule in MOST and actual is not None:
        return _part(actual, limit)
    return None


def _part(part: Decimal, whole: Decimal) -> Decimal:
    if whole <= 0:
        return Decimal(1 if part > 0 else 0)
    return min(max(part / whole, Decimal(0)), Decimal(1))


def _number(value: bool | int | Decimal | str | None) -> Decimal | None:  # noqa: FBT001 - what a verdict holds
    if isinstance(value, bool | str) or value is None:
        return None
    return Decimal(value)
