"""Windows: a stretch of time for which a person has said yes beforehand, within limits in USD."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from novita_mcp.domain.base import Record, Usd, usd
from novita_mcp.domain.history.entries import Entry, EntryKind, Sent, WindowOpened
from novita_mcp.domain.plans import Plan
from novita_mcp.domain.pricing import total

COVERED = frozenset({"create", "start"})


class Window(Record):
    """A window that is open; `number` is its line, `used_usd` what its approvals cost together."""

    number: int
    opened_at: datetime
    until: datetime
    max_hourly_usd: Usd
    max_total_usd: Usd
    used_usd: Usd
    opened_by: str = ""

    def cost_usd(self, plan: Plan, now: datetime) -> Decimal | None:
        """USD that a yes to this plan takes from the window: its lease, or the rest of the window."""
        if plan.hourly_usd is None:
            return None
        rest_hours = Decimal((self.until - now) // timedelta(seconds=1)) / 3600
        return plan.hourly_usd * (rest_hours if plan.lease_hours is None else plan.lease_hours)


def open_window(entries: Iterable[Entry], now: datetime) -> Window | None:
    """The window that is open, if one is; the latest replaces any other."""
    lines = tuple(entries)
    latest = next((line for line in reversed(lines) if _is_window(line)), None)
    if latest is None or latest.kind is EntryKind.WINDOW_CLOSED:
        return None
    stated = WindowOpened.model_validate(latest.facts)
    if not latest.at <= now < stated.until:
        return None
    return Window(
        number=latest.seq,
        opened_at=latest.at,
        until=stated.until,
        max_hourly_usd=stated.max_hourly_usd,
        max_total_usd=stated.max_total_usd,
        used_usd=total(_costs(lines, latest.seq)),
        opened_by=stated.opened_by,
    )


def obstacles(window: Window, plan: Plan, now: datetime, *, ours: bool) -> Iterator[str]:
    """Why a window is no yes to a plan; a person has to be asked then."""
    if plan.action not in COVERED or not ours:
        yield f"it covers creates and starts of instances made here, not this {plan.action}"
    if plan.quote is None or plan.quote.upfront != 0 or plan.request.get("billingMode") == "monthly":
        yield "it covers no subscriptions and nothing paid up front"
    if plan.request.get("autoRenew"):
        yield "it covers nothing that renews itself"
    unread = sorted(verdict.rule for verdict in plan.guardrails if verdict.verdict != "pass")
    if unread:
        yield f"{', '.join(unread)} could not be checked"
    yield from _too_much(window, plan, now)


def _too_much(window: Window, plan: Plan, now: datetime) -> Iterator[str]:
    hourly, cost = plan.hourly_usd, window.cost_usd(plan, now)
    if hourly is None or cost is None:
        yield "the price is unknown"
        return
    if hourly > window.max_hourly_usd:
        yield f"{usd(hourly)} per hour is above its {usd(window.max_hourly_usd)}"
    if window.used_usd + cost > window.max_total_usd:
        left = window.max_total_usd - window.used_usd
        yield f"this may cost {usd(cost, 2)} and {usd(left, 2)} of its {usd(window.max_total_usd, 2)} are left"


def _is_window(line: Entry) -> bool:
    return line.kind in {EntryKind.WINDOW_OPENED, EntryKind.WINDOW_CLOSED}


def _costs(lines: tuple[Entry, ...], number: int) -> Iterator[Decimal | None]:
    """What was sent under a window; only a definite no of Novita's gives it back."""
    refused = {line.plan_id for line in lines if line.kind is EntryKind.REFUSED}
    for line in lines:
        if line.kind is EntryKind.SENDING and line.plan_id not in refused:
            sent = Sent.model_validate(line.facts)
            if sent.window == number:
                yield sent.window_usd
