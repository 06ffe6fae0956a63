"""Reading the facts: prices, clusters, balance and what runs, side by side."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import anyio

from novita_mcp.app import App
from novita_mcp.domain.fleet import Fleet, FleetMember, PendingCreate
from novita_mcp.domain.history.folds import (
    Ownership,
    open_intents,
    owned_instances,
    recent_absences,
    spent_estimate,
)
from novita_mcp.domain.models import Instance, Product
from novita_mcp.domain.policy import Facts
from novita_mcp.domain.pricing import machine_of, quote
from novita_mcp.domain.spending import Spent, day_start, incurred_usd, month_start
from novita_mcp.errors import ApiError, KeyMissing, KeyRejected, LedgerError
from novita_mcp.ledger import Entry

T = TypeVar("T")
UNAUTHORIZED = 401
NO_BILLS = "Novita's bills could not be read, so this is an estimate from the ledger and from what runs"


class Read(Generic[T]):
    """One read, under way together with others; its failure waits until somebody needs the value."""

    def __init__(self, call: Callable[[], Awaitable[T]]) -> None:
        self._call = call
        self._results: list[T] = []
        self.error: ApiError | KeyMissing | None = None

    async def run(self) -> None:
        try:
            self._results.append(await self._call())
        except (ApiError, KeyMissing) as error:
            self.error = error

    @property
    def value(self) -> T:
        """What was read.

        Raises:
            ApiError: It could not be read.

        """
        if self.error is not None:
            raise self.error
        return self._results[0]

    @property
    def or_none(self) -> T | None:
        """What was read, or None where it could not be."""
        return None if self.error is not None else self._results[0]


async def read_all(*reads: Read[Any]) -> None:
    """Run the reads side by side.

    Raises:
        KeyMissing, KeyRejected: The key is not there or not known, so nothing can be read at all.

    """
    async with anyio.create_task_group() as group:
        for read in reads:
            group.start_soon(read.run)
    for read in reads:
        unknown_key = isinstance(read.error, KeyRejected) and read.error.status == UNAUTHORIZED
        if read.error is not None and (unknown_key or isinstance(read.error, KeyMissing)):
            raise read.error


class FactReads:
    """The reads that guardrails need, whatever the action."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.instances = Read(app.client.instances)
        self.products = Read(lambda: every_product(app))
        self.balance = Read(app.client.balance)
        self.month = Read(lambda: _month_to_date(app))
        self.today = Read(lambda: _today(app))

    @property
    def reads(self) -> tuple[Read[Any], ...]:
        """Those worth making under the policy in force."""
        policy = self._app.policy
        budgets = ((policy.monthly_budget_usd, self.month), (policy.daily_budget_usd, self.today))
        asked = (read for budget, read in budgets if budget is not None)
        return (self.instances, self.products, self.balance, *asked)

    def facts(self) -> Facts:
        """What was read, as the rules want it."""
        app, now, balance = self._app, self._app.clock.now(), self.balance.or_none
        policy, entries = app.policy, app.ledger.entries()
        fleet, begun, dawn = self.fleet(entries), month_start(now), day_start(now)
        return Facts(
            now=now,
            fleet=fleet,
            balance_usd=None if balance is None else balance.available_usd,
            month=None if policy.monthly_budget_usd is None else spent(self.month, entries, fleet, begun, now),
            today=None if policy.daily_budget_usd is None else spent(self.today, entries, fleet, dawn, now),
        )

    def fleet(self, entries: Iterable[Entry]) -> Fleet | None:
        """Everything on the account, or None where it could not be listed."""
        instances = self.instances.or_none
        if instances is None:
            return None
        return fleet_of(instances, self.products.or_none or (), tuple(entries), self._app.clock.now())


def recorded(app: App) -> tuple[tuple[Entry, ...], str]:
    """The ledger's lines; none, and why, where it cannot be read: what exists can be shown all the same."""
    try:
        return app.ledger.entries(), ""
    except LedgerError as error:
        return (), f"Nothing can be marked as created here, and nothing can be spent: {error}"


async def every_product(app: App) -> tuple[Product, ...]:
    """All GPU products, and the CPU products where the account has them."""
    gpu, cpu = Read(app.client.products), Read(app.client.cpu_products)
    await read_all(gpu, cpu)
    return (*gpu.value, *(cpu.or_none or ()))


def fleet_of(
    instances: Iterable[Instance], products: Iterable[Product], entries: tuple[Entry, ...], now: datetime
) -> Fleet:
    """Price everything that exists: by Novita's list, else by what the ledger wrote at its creation."""
    owned, by_id = owned_instances(entries), {product.product_id: product for product in products}
    existing = tuple(instance for instance in instances if instance.exists)
    markers = {instance.marker for instance in existing}
    unseen = (*open_intents(entries), *recent_absences(entries, now))
    return Fleet(
        members=tuple(_member(instance, by_id, owned.get(instance.instance_id)) for instance in existing),
        pending=tuple(
            PendingCreate(
                plan_id=intent.plan_id,
                hourly_usd=intent.hourly_usd,
                lease_until=intent.lease.until if intent.lease else None,
            )
            for intent in unseen
            if intent.action == "create" and intent.marker not in markers
        ),
    )


def _member(instance: Instance, products: Mapping[str, Product], owned: Ownership | None) -> FleetMember:
    price = quote(machine_of(instance, products.get(instance.product_id)))
    written = owned.hourly_usd if owned else None
    return FleetMember(
        instance=instance,
        hourly_usd=written if price.hourly is None else price.hourly,
        stopped_hourly_usd=price.stopped_hourly,
        ours=owned is not None,
        lease_until=owned.lease.until if owned and owned.lease else None,
    )


async def _month_to_date(app: App) -> Decimal:
    now = app.clock.now()
    return await app.client.month_to_date_usd(month_start(now), now)


async def _today(app: App) -> Decimal:
    now = app.clock.now()
    return await app.client.spent_between_usd(day_start(now), now)


def spent(
    read: Read[Decimal], entries: tuple[Entry, ...], fleet: Fleet | None, since: datetime, now: datetime
) -> Spent:
    """What a period cost so far: the highest of the bills, of the ledger with what others run, and of all that runs."""
    members = fleet.members if fleet else ()
    foreign = (member for member in members if not member.ours)
    recorded_usd = spent_estimate(entries, since, now) + incurred_usd(foreign, since, now)
    estimate = max(recorded_usd, incurred_usd(members, since, now))
    billed = read.or_none
    if billed is None:
        return Spent(usd=estimate, doubt=NO_BILLS)
    return Spent(usd=max(billed, estimate))
