"""The facts of a plan, one a line, with what changed since they were last seen."""

from collections.abc import Iterator

from novita_mcp.approval.page.markup import Html, joined, tag
from novita_mcp.approval.sheet import Sheet
from novita_mcp.domain.base import usd
from novita_mcp.domain.plans import Fact
from novita_mcp.domain.pricing import QuoteLine

LOST = "Lost for good"
FOR_GOOD = "for good"
LOSING = (FOR_GOOD, "is lost")
"""What the headlines of such plans say."""
PRICED = frozenset({"Price", "Paid up front", "While stopped"})
"""Drawn large, at the top."""
UNCHECKED = "Not checked"
VERBATIM = frozenset({"Command"})
TECHNICAL = frozenset({"Image", "Instance", "Volume", "Variables", "Ports", "Region"})
LONG = 80
STRANGER = ("Created here", "NO")
CAUTIONS = frozenset({UNCHECKED, "Keeps costing"})


def lost(sheet: Sheet) -> tuple[str, ...]:
    """What the plan destroys."""
    return tuple(fact.value for fact in sheet.facts if fact.label == LOST)


def destroys(sheet: Sheet) -> bool:
    """Whether a yes loses something that cannot be had back."""
    return bool(lost(sheet)) or any(words in sheet.headline for words in LOSING)


def details(sheet: Sheet, before: Sheet | None) -> Html:
    """Everything that is not drawn large or among the limits."""
    elsewhere = {LOST, *(PRICED if sheet.quote is not None else ()), *({UNCHECKED} if sheet.guardrails else ())}
    former = _numbered(before.facts if before is not None else sheet.facts)
    rows = (
        _row(fact, former.get(key, "")) for key, fact in _numbered_facts(sheet.facts) if fact.label not in elsewhere
    )
    heading = tag("h2", "What it is", id="what")
    return tag("section", heading, tag("dl", *rows, class_="facts"), aria_labelledby="what")


def price_lines(sheet: Sheet) -> Iterator[Html]:
    """What the price is made of and rests on, folded away."""
    if sheet.quote is None:
        return
    lines = tag("ul", *(_line(line) for line in sheet.quote.lines), class_="lines", role="list")
    assumptions = tag("ul", *(tag("li", text) for text in sheet.quote.assumptions), class_="assumptions")
    yield tag("details", tag("summary", "What this price is made of"), lines, assumptions)


def _line(line: QuoteLine) -> Html:
    return tag("li", tag("bdi", line.item), tag("b", f"{usd(line.hourly)}/h"))


def _numbered_facts(facts: tuple[Fact, ...]) -> Iterator[tuple[tuple[str, int], Fact]]:
    """Facts with their label and how often it came before: there may be several volumes."""
    counts: dict[str, int] = {}
    for fact in facts:
        counts[fact.label] = counts.get(fact.label, 0) + 1
        yield (fact.label, counts[fact.label]), fact


def _numbered(facts: tuple[Fact, ...]) -> dict[tuple[str, int], str]:
    return {key: fact.value for key, fact in _numbered_facts(facts)}


def _row(fact: Fact, former: str) -> Html:
    changed = former != fact.value
    value = _changed(fact.value, former) if changed else _value(fact)
    looks = (_look(fact), "changed" if changed else "")
    return tag("div", tag("dt", fact.label), tag("dd", value), class_=" ".join(filter(None, looks)) or False)


def _look(fact: Fact) -> str:
    label, start = STRANGER
    strange = fact.label == label and fact.value.startswith(start)
    return "caution" if strange or fact.label in CAUTIONS else ""


def _value(fact: Fact) -> Html:
    if fact.label in VERBATIM:
        return _verbatim(fact)
    return tag("span", fact.value, dir="auto", class_="code" if fact.label in TECHNICAL else False)


def _verbatim(fact: Fact) -> Html:
    """Text as it will run; a long one scrolls, by keyboard too, and says how long it is."""
    if len(fact.value) <= LONG:
        return tag("span", fact.value, dir="auto", class_="code verbatim")
    name = f"{fact.label}, {len(fact.value)} characters"
    text = tag("span", fact.value, dir="auto", class_="code verbatim", tabindex="0", role="region", aria_label=name)
    return joined(text, tag("span", f"{len(fact.value)} characters", class_="length"))


def _changed(value: str, former: str) -> Html:
    was = tag("del", tag("span", "was ", class_="unseen"), tag("bdi", former)) if former else Html()
    return joined(was, tag("ins", value, dir="auto"))
