"""The price, large."""

from collections.abc import Iterator
from decimal import Decimal

from novita_mcp.approval.page.markup import Html, joined, tag
from novita_mcp.approval.sheet import Sheet
from novita_mcp.domain.base import usd
from novita_mcp.domain.pricing import Quote

UNKNOWN = "Price unknown"


def price_title(sheet: Sheet) -> str:
    """The question and its price for the browser's tab."""
    figure = price(sheet)
    return f"{figure}: {sheet.headline}" if figure else sheet.headline


def price(sheet: Sheet) -> str:
    """The hourly price in short; empty where nothing is bought."""
    if sheet.quote is None:
        return ""
    hourly = sheet.quote.hourly
    return "unknown price" if hourly is None else f"{usd(hourly)}/h"


def headline_price(sheet: Sheet, before: Sheet | None) -> Iterator[Html]:
    """The price per hour, what it was before, and what it adds up to."""
    quote = sheet.quote
    if quote is None:
        return
    hourly = quote.hourly
    former = before.quote.hourly if before is not None and before.quote is not None else hourly
    yield tag("div", *_hourly(hourly, former), *_sums(quote), class_="price" if former == hourly else "price changed")


def _hourly(hourly: Decimal | None, former: Decimal | None) -> Iterator[Html]:
    figure = (UNKNOWN,) if hourly is None else (tag("strong", usd(hourly)), tag("span", " per hour", class_="unit"))
    if former == hourly:
        yield tag("p", *figure, class_="figure")
        return
    was = tag("del", tag("span", "was ", class_="unseen"), usd(former))
    yield tag("p", was, tag("span", "→", class_="arrow", aria_hidden="true"), tag("ins", *figure), class_="figure")
    if hourly is not None and former is not None:
        way = "more" if hourly > former else "less"
        yield tag("p", f"{usd(abs(hourly - former))} {way} per hour than you were shown before", class_=f"way {way}")


def _sums(quote: Quote) -> Iterator[Html]:
    if quote.hourly is not None:
        sums = ((quote.daily, "per day"), (quote.monthly, "per month (730 h)"), (quote.lease_total, "for this lease"))
        rows = (_sum(amount, words) for amount, words in sums if amount is not None)
        yield tag("ul", *rows, class_="sums", role="list")
    if quote.upfront is None or quote.upfront:
        yield tag("p", tag("strong", usd(quote.upfront, 2)), " is paid up front and cannot be undone", class_="upfront")
    if quote.stopped_hourly:
        yield tag("p", f"{usd(quote.stopped_hourly)} per hour for its disk while it is stopped", class_="aside")


def _sum(amount: Decimal, words: str) -> Html:
    return tag("li", joined(tag("b", usd(amount, 2)), f" {words}"))
