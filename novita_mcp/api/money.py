"""The endpoints of balance and bills, and what they add up to."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar

from novita_mcp.api import wire_account
from novita_mcp.api.endpoints import BASIC, Endpoints
from novita_mcp.domain.models import Balance, MonthlyBill, SubscriptionBill, UsageBill
from novita_mcp.errors import ApiError

T = TypeVar("T")
Cycle = Literal["Hour", "Day", "Week", "Month"]
BILL_DEADLINE_SECONDS = 10.0
VOIDED = "voided"


class MoneyEndpoints(Endpoints):
    """What the account has and what it has spent."""

    async def balance(self) -> Balance:
        """Return what the account can still spend."""
        return wire_account.balance(await self._http.get(f"{BASIC}/billing/balance/detail"))

    async def month_to_date_usd(self, month_start: datetime, now: datetime) -> Decimal:
        """Return what the month has cost: the higher of the month's own bill and the single bills.

        Raises:
            ApiError: Neither answers.

        """
        month = f"{month_start:%Y-%m}"
        itemised = await _or_error(lambda: self.spent_between_usd(month_start, now))
        bills = await _or_error(lambda: self.monthly_bills(month))
        billed = None if isinstance(bills, ApiError) else _total_of_month(bills, month)
        if not isinstance(itemised, ApiError):
            return max(itemised, billed or Decimal(0))
        if billed is None:
            raise itemised
        return billed

    async def spent_between_usd(self, start: datetime, end: datetime) -> Decimal:
        """Return what the bills of at most 31 days add up to, over-counted where it is not clear.

        Raises:
            ApiError: The usage bills cannot be read.

        """
        cycle: Cycle = "Hour" if end - start <= timedelta(days=1) else "Day"
        reads = [
            await _or_error(lambda: self.usage_bills(start, end, cycle=cycle)),
            await _or_error(lambda: self.usage_bills(start, end, cycle=cycle, category="gpu")),
        ]
        usages = [read for read in reads if not isinstance(read, ApiError)]
        if not usages:
            raise next(read for read in reads if isinstance(read, ApiError))
        bought = await _or_error(lambda: self.subscription_bills(start, end))
        subscriptions = () if isinstance(bought, ApiError) else bought
        return max(_highest_reading(usage, subscriptions, start) for usage in usages)

    async def usage_bills(
        self,
        start: datetime,
        end: datetime,
        *,
        cycle: Cycle = "Day",
        category: str = "summary",
        instance_id: str | None = None,
    ) -> tuple[UsageBill, ...]:
        """List what was used in at most 31 days, one line for each product and cycle."""
        params = {
            "cycleType": cycle,
            "productCategory": category,
            "ownerId": instance_id,
            **_period(start, end),
        }
        return wire_account.usage_bills(await self._bills("/billing/bill/list", params))

    async def subscription_bills(
        self, start: datetime, end: datetime, *, instance_id: str | None = None
    ) -> tuple[SubscriptionBill, ...]:
        """List what was paid for subscriptions."""
        params = {"category": "summary", "ownerId": instance_id, **_period(start, end)}
        return wire_account.subscription_bills(await self._bills("/billing/bill/monthly/list", params))

    async def monthly_bills(self, month: str) -> tuple[MonthlyBill, ...]:
        """List the account's bills from a month, `YYYY-MM`, on."""
        params = {"startMonth": month, "page": 1, "pageSize": 10}
        return wire_account.monthly_bills(await self._bills("/billing/monthly/bill", params))

    async def _bills(self, path: str, params: Mapping[str, object]) -> Any:
        return await self._http.get(BASIC + path, params, deadline_seconds=BILL_DEADLINE_SECONDS)


async def _or_error(read: Callable[[], Awaitable[T]]) -> T | ApiError:
    try:
        return await read()
    except ApiError as error:
        return error


def _total_of_month(bills: Iterable[MonthlyBill], month: str) -> Decimal | None:
    totals = [bill.total_usd for bill in bills if bill.month == month and bill.status != VOIDED]
    return sum(totals, Decimal(0)) if totals else None


def _highest_reading(usage: Iterable[UsageBill], subscriptions: Iterable[SubscriptionBill], start: datetime) -> Decimal:
    """Return the higher of two readings: usage bills name subscriptions too, or only the others do."""
    used = [bill for bill in usage if bill.ends_at is None or bill.ends_at > start]
    bought = [bill for bill in subscriptions if bill.created_at is None or bill.created_at >= start]
    metered = [bill for bill in used if bill.pay_as_you_go]
    return max(_sum(used), _sum(metered) + _sum(bought))


def _sum(bills: Iterable[UsageBill | SubscriptionBill]) -> Decimal:
    """Add up what was spent; money back is not subtracted."""
    return sum((max(bill.amount_usd, Decimal(0)) for bill in bills), Decimal(0))


def _period(start: datetime, end: datetime) -> dict[str, object]:
    return {"startTime": int(start.timestamp()), "endTime": int(end.timestamp())}
