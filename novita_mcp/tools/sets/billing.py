"""Toolset `billing`: what was paid, by instance and day."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, Usd, brief, third_party, usd
from novita_mcp.domain.models import SubscriptionBill, UsageBill
from novita_mcp.domain.pricing import total
from novita_mcp.domain.spending import day_start
from novita_mcp.provisioning.reading import Read, read_all
from novita_mcp.tools.flat import READS, FlatTool, answer, plain_tool

LONGEST_DAYS = 31
MOST_ROWS = 60


class BillArguments(Record):
    """Which days, and whose."""

    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS, description="Back from today, in UTC.")] = 7
    instance_id: Annotated[str, Field(max_length=255)] = ""


class BillRow(Record):
    """What one instance, or other thing, cost on one day."""

    day: str
    instance_id: str
    product_name: str
    category: str
    usd: Usd


class BillList(Record):
    """The bills asked for, newest day first; `total` counts those not shown too."""

    bills: tuple[BillRow, ...]
    total: Usd
    note: str


Key = tuple[str, str, str, str]


async def get_bills(args: BillArguments, ctx: Context[App]) -> Annotated[CallToolResult, BillList]:
    """Show what each instance and volume cost on each day (UTC), subscriptions on the day they were paid. Novita bills
    some hours late. Free.
    """
    app = ctx.request_context.lifespan_context
    until = app.clock.now()
    since = day_start(until) - timedelta(days=args.days - 1)
    wanted = args.instance_id or None
    used = Read(lambda: app.client.usage_bills(since, until, instance_id=wanted))
    bought = Read(lambda: app.client.subscription_bills(since, until, instance_id=wanted))
    await read_all(used, bought)
    usage = used.value or await app.client.usage_bills(since, until, instance_id=wanted, category="gpu")
    result = _result(usage, bought)
    return answer("\n".join((*map(_line, result.bills), result.note)), result)


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (plain_tool(get_bills, "Get bills", BillArguments, BillList, READS),)


def _result(used: tuple[UsageBill, ...], bought: Read[tuple[SubscriptionBill, ...]]) -> BillList:
    sums: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for usage in used:
        sums[_day(usage.starts_at), usage.instance_id, usage.product_name, usage.category] += usage.amount_usd
    for purchase in bought.or_none or ():
        day = _day(purchase.created_at)
        sums[day, purchase.instance_id, purchase.product_name, purchase.trade_type] += purchase.amount_usd
    rows = tuple(_row(key, amount) for key, amount in sorted(sums.items(), key=_order))
    everything = total(sums.values())
    return BillList(bills=rows[:MOST_ROWS], total=everything, note=_note(rows, everything, bought.error is None))


def _order(item: tuple[Key, Decimal]) -> tuple[int, Decimal, Key]:
    """Newest day first, the dearest of a day first."""
    key, amount = item
    return -int(key[0].replace("-", "") or 0), -amount, key


def _row(key: Key, amount: Decimal) -> BillRow:
    day, instance_id, product_name, category = key
    return BillRow(
        day=day,
        instance_id=brief(instance_id, 80),
        product_name=brief(product_name, 60),
        category=brief(category, 40),
        usd=amount,
    )


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"


def _note(rows: tuple[BillRow, ...], everything: Decimal, subscriptions_read: bool) -> str:  # noqa: FBT001
    shown = f"{min(len(rows), MOST_ROWS)} of {len(rows)} lines; {usd(everything, 2)} in all."
    return shown if subscriptions_read else f"{shown} What subscriptions cost could not be read."


def _line(row: BillRow) -> str:
    return f"{row.day} {row.instance_id} {third_party(row.product_name, 60)} {row.category}: {usd(row.usd)}"
