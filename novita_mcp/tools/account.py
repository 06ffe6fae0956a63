"""The tool that shows the money."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult

from novita_mcp.app import App
from novita_mcp.domain.base import Record, Usd, third_party, usd
from novita_mcp.domain.history.glance import Spender, fleet_spenders
from novita_mcp.domain.history.windows import Window, open_window
from novita_mcp.domain.limits import Policy
from novita_mcp.domain.spending import Spent, month_start
from novita_mcp.ledger import Entry
from novita_mcp.provisioning.idling import busiest_percents
from novita_mcp.provisioning.reading import FactReads, read_all, recorded, spent
from novita_mcp.tools.flat import answer

RECENT_ENTRIES = 10


class NoArguments(Record):
    """None are taken."""


class EntryRow(Record):
    """One line of the ledger."""

    at: datetime
    kind: str
    plan_id: str | None
    instance_id: str | None


class Spending(Record):
    """The account's money in USD; null where Novita could not be asked."""

    balance: Usd | None
    month_to_date: Usd
    month_doubt: str = ""
    burn_hourly: Usd | None
    runway_hours: Usd | None
    budget_left: Usd | None = None
    running: int | None
    instances: tuple[Spender, ...]
    policy: Policy
    window: Window | None = None
    ledger: tuple[EntryRow, ...]


async def get_spending(args: NoArguments, ctx: Context[App]) -> Annotated[CallToolResult, Spending]:
    """Show the money: balance, month to date, burn rate per hour now, how long the balance lasts, budget left, each
    instance with its cost so far, lease and approval (idle or forgotten ones first), the owner's limits. Free.
    """
    del args
    app = ctx.request_context.lifespan_context
    reads = FactReads(app)
    await read_all(reads.instances, reads.products, reads.balance, reads.month)
    entries, trouble = recorded(app)
    busiest = await busiest_percents(app, reads.fleet(entries))
    result = _spending(app, reads, entries, busiest, trouble)
    return answer(_text(result), result)


def _spending(
    app: App, reads: FactReads, entries: tuple[Entry, ...], busiest: Mapping[str, float], trouble: str
) -> Spending:
    now = app.clock.now()
    fleet, balance = reads.fleet(entries), reads.balance.or_none
    month = spent(reads.month, entries, fleet, month_start(now), now)
    available, burn = balance.available_usd if balance else None, fleet.burn_usd if fleet else None
    recent = entries[: -RECENT_ENTRIES - 1 : -1]
    return Spending(
        balance=available,
        month_to_date=month.usd,
        month_doubt="; ".join(filter(None, (month.doubt, trouble))),
        burn_hourly=burn,
        runway_hours=available / burn if available is not None and burn else None,
        budget_left=_budget_left(app.policy, month),
        running=len(fleet.running) if fleet else None,
        instances=fleet_spenders(fleet, entries, now, busiest) if fleet else (),
        policy=app.policy,
        window=open_window(entries, now),
        ledger=tuple(
            EntryRow(at=entry.at, kind=entry.kind, plan_id=entry.plan_id, instance_id=entry.instance_id)
            for entry in recent
        ),
    )


def _budget_left(policy: Policy, month: Spent) -> Decimal | None:
    return None if policy.monthly_budget_usd is None else policy.monthly_budget_usd - month.usd


def _limits_line(policy: Policy) -> str:
    money = f"{usd(policy.max_hourly_usd, 2)}/h each, {usd(policy.max_total_hourly_usd, 2)}/h together"
    return f"Limits: {money}, {policy.max_instances} instances, {policy.max_gpus} GPUs; approval {policy.approval}."


def _window_line(window: Window) -> str:
    each, left = usd(window.max_hourly_usd, 2), usd(window.max_total_usd - window.used_usd, 2)
    return f"Until {window.until:%H:%M} UTC creates and starts up to {each}/h need no question; {left} of that is left."


def _spender_line(row: Spender) -> str:
    lease = "no lease" if row.lease_hours_left is None else f"lease {row.lease_hours_left:.1f} h left"
    money = f"{usd(row.hourly_now)}/h, {usd(row.cost_so_far, 2)} so far"
    notice = f" LOOK: {row.notice}." if row.notice else ""
    name = third_party(row.name, 60)
    return f"{row.instance_id} {name} {row.status}: {money}, {lease}, approved by {row.approved_by}.{notice}"


def _text(result: Spending) -> str:
    running = "unknown" if result.running is None else str(result.running)
    lasts = f", lasts {result.runway_hours:.0f} h" if result.runway_hours is not None else ""
    doubt = f" ({result.month_doubt})" if result.month_doubt else ""
    lines: list[Any] = [
        f"Balance {usd(result.balance, 2)}{lasts}. Running: {running} at {usd(result.burn_hourly)}/h.",
        f"This month so far: {usd(result.month_to_date, 2)}{doubt}.",
        _limits_line(result.policy),
    ]
    if result.budget_left is not None:
        lines.append(f"Monthly budget left: {usd(result.budget_left, 2)}.")
    if result.window is not None:
        lines.append(_window_line(result.window))
    lines += map(_spender_line, result.instances)
    unpriced = [row.instance_id for row in result.instances if row.hourly_now is None]
    if unpriced:
        lines.append(f"Price unknown for: {', '.join(unpriced)}; the figures are lower bounds.")
    return "\n".join(lines)
