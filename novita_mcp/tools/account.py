"""The tool that shows the money."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult

from novita_mcp.app import App
from novita_mcp.domain.display import usd
from novita_mcp.domain.limits import Policy
from novita_mcp.domain.record import Record, Usd
from novita_mcp.domain.spending import Spent, month_start
from novita_mcp.provisioning.reading import FactReads, read_all, spent
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
    month_doubt: str
    burn_hourly: Usd | None
    runway_hours: Usd | None
    budget_left: Usd | None
    running: int | None
    unpriced: tuple[str, ...]
    policy: Policy
    ledger: tuple[EntryRow, ...]


async def get_spending(args: NoArguments, ctx: Context[App]) -> Annotated[CallToolResult, Spending]:
    """Show the money: balance, month to date, burn rate per hour now, how long the balance lasts, budget left,
    the owner's limits in force and the latest ledger lines. Free.
    """
    del args
    app = ctx.request_context.lifespan_context
    reads = FactReads(app)
    await read_all(reads.instances, reads.products, reads.balance, reads.month)
    result = _spending(app, reads)
    return answer(_text(result), result)


def _spending(app: App, reads: FactReads) -> Spending:
    now, entries = app.clock.now(), app.ledger.entries()
    fleet, balance = reads.fleet(entries), reads.balance.or_none
    month = spent(reads.month, entries, month_start(now), now)
    available, burn = balance.available_usd if balance else None, fleet.burn_usd if fleet else None
    recent = app.ledger.entries(limit=RECENT_ENTRIES, newest_first=True)
    return Spending(
        balance=available,
        month_to_date=month.usd,
        month_doubt=month.doubt,
        burn_hourly=burn,
        runway_hours=available / burn if available is not None and burn else None,
        budget_left=_budget_left(app.policy, month),
        running=len(fleet.running) if fleet else None,
        unpriced=fleet.unpriced if fleet else (),
        policy=app.policy,
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
    if result.unpriced:
        lines.append(f"Price unknown for: {', '.join(result.unpriced)}; the figures are lower bounds.")
    return "\n".join(lines)
