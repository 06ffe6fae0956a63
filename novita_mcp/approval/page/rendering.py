"""A plan as the page draws it: price first, then what it is, then how near the limits it comes."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from string import Template

from novita_mcp.approval.page.assets import asset
from novita_mcp.approval.page.facts import FOR_GOOD, LOST, destroys, details, lost, price_lines
from novita_mcp.approval.page.gauges import guardrails
from novita_mcp.approval.page.markup import Html, joined, tag
from novita_mcp.approval.page.price import headline_price, price, price_title
from novita_mcp.approval.page.rooms import Ending, Room
from novita_mcp.approval.sheet import Sheet


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


STYLE = asset("page.css")
SCRIPT = asset("page.js")
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_hash(STYLE)}",
        f"script-src {_hash(SCRIPT)}",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
    )
)
ENDINGS: dict[Ending, tuple[str, str, str]] = {
    "approved": ("✓", "Approved", "The agent may carry out exactly this, once. You can close this page."),
    "declined": ("✕", "Declined", "Nothing was done, and the agent is told so. You can close this page."),
    "expired": ("–", "Expired", "Nobody answered in time, so nothing was done. Ask the agent again if you want it."),
    "elsewhere": ("–", "Settled elsewhere", "It was answered in another place or no longer holds; nothing to do here."),
}
TOO_SOON = "That click came sooner than anybody can read, so it did not count. Please look again."
CHANGED = "This plan changed after you last saw it. What you saw before was not approved."
ORIGIN = " · shown by novita-mcp on this computer"
PROMISE = "Your answer counts once, for exactly this at this price. The agent cannot answer here."


def render(room: Room, *, seconds_left: float) -> str:
    """The whole page of one plan as it stands."""
    body = tag(
        "body",
        _header(room),
        tag("main", *_main(room), aria_labelledby="question"),
        *_answer(room, seconds_left),
        tag("script", Html(SCRIPT)),
        data_state=room.state,
        data_version=str(room.version),
        data_seconds_left=f"{seconds_left:.0f}",
        class_="destroys" if destroys(room.sheet) else False,
    )
    return Template(asset("page.html")).substitute(title=joined(_title(room)), style=STYLE, body=body)


def _title(room: Room) -> str:
    if room.ending is not None:
        return f"{ENDINGS[room.ending][1]} · novita-mcp"
    changed = "Changed: " if room.before is not None else ""
    return f"{changed}{price_title(room.sheet)} · novita-mcp"


def _header(room: Room) -> Html:
    name = tag("span", tag("span", class_="dot", aria_hidden="true"), "novita-mcp", class_="brand")
    standing = "waiting for you" if room.ending is None else ENDINGS[room.ending][1].lower()
    return tag("header", name, tag("span", standing, class_="standing"))


def _main(room: Room) -> Iterator[Html]:
    sheet, waits = room.sheet, room.ending is None
    yield from _asked(room) if room.ending is None else _ended(room.ending, sheet)
    yield from _first(sheet, room.before)
    yield from _warnings(sheet) if waits else ()
    yield details(sheet, room.before)
    yield from _limits(sheet) if waits else ()
    yield from price_lines(sheet) if waits else ()
    yield tag("footer", *((tag("p", PROMISE),) if waits else ()), tag("p", "Plan ", tag("code", sheet.plan_id), ORIGIN))


def _asked(room: Room) -> Iterator[Html]:
    """The question, and what its reader has to know about their last look at it."""
    if room.before is not None:
        yield tag("p", CHANGED, class_="notice", role="alert")
    if room.too_soon:
        yield tag("p", TOO_SOON, class_="notice", role="alert")
    yield tag("h1", room.sheet.headline, id="question")


def _ended(ending: Ending, sheet: Sheet) -> Iterator[Html]:
    """What became of the question."""
    mark, word, meaning = ENDINGS[ending]
    seal = tag("span", mark, class_="seal", aria_hidden="true")
    words = tag("div", tag("h1", word, id="question"), tag("p", meaning))
    yield tag("div", seal, words, class_="ending", role="status")
    yield tag("p", sheet.headline, class_="asked")


def _first(sheet: Sheet, before: Sheet | None) -> Iterator[Html]:
    """What matters most: the price, or what is lost."""
    yield from headline_price(sheet, before)
    for value in lost(sheet):
        words = (tag("span", LOST, class_="label"), tag("strong", value, dir="auto"))
        yield tag("p", *words, class_="loss")


def _warnings(sheet: Sheet) -> Iterator[Html]:
    if sheet.warnings:
        rows = tag("ul", *(tag("li", warning, dir="auto") for warning in sheet.warnings))
        yield tag("section", tag("h2", "Before you decide", id="mind"), rows, class_="warnings", aria_labelledby="mind")


def _limits(sheet: Sheet) -> Iterator[Html]:
    if sheet.guardrails:
        heading = tag("h2", "Your limits", id="limits")
        yield tag("section", heading, guardrails(sheet.guardrails), aria_labelledby="limits")


def _answer(room: Room, seconds_left: float) -> Iterator[Html]:
    """The two buttons, with the time that is left, while the plan waits."""
    if room.ending is not None:
        return
    sheet = room.sheet
    hidden = (("digest", sheet.digest), ("key", room.form_key(sheet.digest)))
    fields = (tag("input", type="hidden", name=name, value=value) for name, value in hidden)
    form = tag("form", *fields, *_buttons(sheet), method="post", action="decision", autocomplete="off")
    yield tag("div", _countdown(sheet, seconds_left), form, class_="answer", role="region", aria_label="Your answer")


def _buttons(sheet: Sheet) -> Iterator[Html]:
    yes = "Delete for good" if FOR_GOOD in sheet.headline else "Approve"
    figure = price(sheet)
    cost = (tag("span", figure, class_="cost"),) if figure else ()
    yield tag("button", "Decline", name="decision", value="declined", class_="decline")
    yield tag("button", tag("span", yes), *cost, name="decision", value="approved", class_="approve")


def _countdown(sheet: Sheet, seconds_left: float) -> Html:
    minutes, seconds = divmod(int(seconds_left), 60)
    until = sheet.expires_at
    clock = tag("time", f"{minutes}:{seconds:02}", id="left", datetime=until.isoformat(), aria_hidden="true")
    spoken = tag("span", f"Open until {until:%H:%M} UTC", id="spoken", role="status", class_="unseen")
    return tag("p", clock, tag("span", "left to answer", class_="caption", aria_hidden="true"), spoken, class_="left")
