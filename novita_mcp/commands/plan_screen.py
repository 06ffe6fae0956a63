"""How a terminal draws a plan that waits for a person: price first and large."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from novita_mcp.approval.sheet import Sheet
from novita_mcp.commands.demo_digits import large
from novita_mcp.domain.base import clean, usd
from novita_mcp.domain.history.asked import Waiting

MARKS = {"pass": ("✔", "bold green"), "warn": ("!", "bold yellow"), "deny": ("✘", "bold red")}


def drawn_plan(sheet: Sheet, now: datetime) -> RenderableType:
    """One plan as a person decides on it; nothing in it is read as markup or as a control code."""
    minutes, seconds = divmod(max(0, int((sheet.expires_at - now).total_seconds())), 60)
    title = f"{clean(sheet.plan_id)} waits for another {minutes}:{seconds:02} min"
    return Panel(Group(*_parts(sheet)), title=Text(title), title_align="left", border_style="yellow", padding=(1, 2))


def drawn_list(waiting: tuple[Waiting, ...], now: datetime) -> RenderableType:
    """Every plan that waits, one a line."""
    table = Table("Plan", "Per hour", "What", "Expires in")
    for one in waiting:
        sheet = Sheet.model_validate(one.request.sheet)
        price = usd(sheet.quote.hourly) if sheet.quote else "–"
        left = int((sheet.expires_at - now).total_seconds()) // 60
        cells = one.plan_id, price, f"{sheet.headline} {_subject(sheet)}", f"{left} min"
        table.add_row(*(Text(clean(cell)) for cell in cells))
    return table


def _parts(sheet: Sheet) -> Iterator[RenderableType]:
    if sheet.quote is not None:
        yield Text(large(usd(sheet.quote.hourly)), style="bold green")
        yield Text("per hour", style="green")
        yield ""
    yield Text(clean(sheet.headline), style="bold")
    yield ""
    yield _facts(sheet)
    if sheet.guardrails:
        yield ""
        yield _guardrails(sheet)
    yield from (Text(f"Mind: {clean(warning)}", style="yellow") for warning in sheet.warnings)


def _facts(sheet: Sheet) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for fact in sheet.facts:
        table.add_row(Text(clean(fact.label)), Text(clean(fact.value)))
    return table


def _guardrails(sheet: Sheet) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for verdict in sheet.guardrails:
        mark, style = MARKS[verdict.verdict]
        table.add_row(Text(mark, style=style), Text(clean(verdict.message)))
    return table


def _subject(sheet: Sheet) -> str:
    facts = {fact.label: fact.value for fact in sheet.facts}
    return facts.get("Product") or facts.get("Instance", "")
