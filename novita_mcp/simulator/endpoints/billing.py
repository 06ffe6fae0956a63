"""The account: balance and bills, in 1/10000 USD."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from novita_mcp.simulator.calls import BASIC, Call, Endpoints
from novita_mcp.simulator.catalog import USER_ID
from novita_mcp.simulator.checks import Rule, Text, Whole, check_query
from novita_mcp.simulator.money import Charge, Purchase
from novita_mcp.simulator.paging import page, page_rules
from novita_mcp.simulator.refusals import Refusal, invalid
from novita_mcp.simulator.world import World

TEN_THOUSANDTHS = Decimal(10_000)
LONGEST_WINDOW = timedelta(days=31)
CYCLES = ("Hour", "Day", "Week", "Month")
PRODUCT_CATEGORIES = frozenset(
    {"summary", "gpu", "llm", "serverless", "cloud_storage", "gen_api"}
    | {"cloud_sandbox", "llm_dedicated_endpoint", "web_search", "bare_metal"}
)
FILTERS: Mapping[str, Rule] = {
    "productName": Text(),
    "category": Text(),
    "startTime": Whole(0),
    "endTime": Whole(0),
    "ownerId": Text(),
}


def get_balance(world: World, call: Call) -> Any:
    check_query(call.query, {}, {})
    available = _amount(world.account.available_usd)
    return {
        "availableBalance": available,
        "cashBalance": available,
        "creditLimit": "0",
        "outstandingInvoices": "0",
        "pendingCharges": "0",
    }


def list_monthly_bills(world: World, call: Call) -> Any:
    """Return what every month since `startMonth` added up to, the running one as pending."""
    query = check_query(call.query, {}, {**page_rules("page"), "startMonth": Text(7, 7)})
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for charge in world.account.charges.values():
        totals[f"{charge.hour:%Y-%m}"] += charge.usd
    for purchase in world.account.purchases:
        totals[f"{purchase.at:%Y-%m}"] += purchase.usd
    months = sorted(month for month in totals if month >= query.get("startMonth", ""))
    shown = page(months, query, "page")
    return {"data": [_monthly_bill(month, totals[month], call.at) for month in shown]}


def list_usage_bills(world: World, call: Call) -> Any:
    query = check_query(call.query, {"cycleType": Text(), "productCategory": Text()}, FILTERS)
    if query["cycleType"] not in CYCLES:
        raise Refusal("INVALID_BILL_CYCLE", "invalid bill cycle")
    if query["productCategory"] not in PRODUCT_CATEGORIES:
        raise Refusal("INVALID_PRODUCT_CATEGORY", "invalid product category")
    _check_window(query)
    cycles: dict[tuple[datetime, str], list[Charge]] = defaultdict(list)
    for charge in world.account.charges.values():
        if _billed(charge, query):
            cycles[_cycle_start(charge.hour, query["cycleType"]), charge.owner_id].append(charge)
    ordered = sorted(cycles.items(), key=lambda cycle: cycle[0])
    return {"bills": [_usage_bill(start, query["cycleType"], charges) for (start, _), charges in ordered]}


def list_subscription_bills(world: World, call: Call) -> Any:
    categories = ("summary", "gpu", "local_storage", "image")
    query = check_query(call.query, {}, {**FILTERS, "category": Text(among=categories)})
    purchases = [
        purchase
        for purchase in world.account.purchases
        if query.get("category", "summary") in {"summary", "gpu"}
        and query.get("ownerId", "") in {"", purchase.owner_id}
        and query.get("productName", "") in purchase.product_name
        and _within(purchase.at, query)
    ]
    return {"bills": [_subscription_bill(purchase) for purchase in purchases]}


def _billed(charge: Charge, query: dict[str, Any]) -> bool:
    return (
        query["productCategory"] in {"summary", charge.category}
        and query.get("ownerId", "") in {"", charge.owner_id}
        and query.get("productName", "") in charge.product_name
        and query.get("category", "") in {"", charge.category}
        and _within(charge.hour, query)
    )


def _within(moment: datetime, query: dict[str, Any]) -> bool:
    second = int(moment.timestamp())
    start: int = query.get("startTime", 0)
    end: int = query.get("endTime", second)
    return start <= second <= end


def _check_window(query: dict[str, Any]) -> None:
    if "startTime" in query and "endTime" in query:
        window = timedelta(seconds=query["endTime"] - query["startTime"])
        if not timedelta(0) <= window <= LONGEST_WINDOW:
            raise invalid("endTime", "the window must be inside range [0, 31] days")


def _cycle_start(hour: datetime, cycle: str) -> datetime:
    day = hour.replace(hour=0)
    starts = {
        "Hour": hour,
        "Day": day,
        "Week": day - timedelta(days=day.weekday()),
        "Month": day.replace(day=1),
    }
    return starts[cycle]


def _cycle_end(start: datetime, cycle: str) -> datetime:
    if cycle == "Month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + {"Hour": timedelta(hours=1), "Day": timedelta(days=1), "Week": timedelta(days=7)}[cycle]


def _usage_bill(start: datetime, cycle: str, charges: Sequence[Charge]) -> dict[str, Any]:
    latest = charges[-1]
    paid = _amount(sum((charge.usd for charge in charges), Decimal(0)))
    seconds = sum((charge.gpu_seconds for charge in charges), Decimal(0))
    return {
        "userId": USER_ID,
        "startTime": _unix(start),
        "endTime": _unix(_cycle_end(start, cycle)),
        "billingMethod": "1",
        "productName": latest.product_name,
        "category": latest.category,
        "ownerID": latest.owner_id,
        "billNum0": str(int(seconds)),
        "billNum1": "0",
        "basePrice0": str(latest.price_raw),
        "basePrice1": "0",
        "discountPrice0": str(latest.price_raw),
        "discountPrice1": "0",
        "amount": paid,
        "voucherAmount": "0",
        "payAmount": paid,
        "payAmountDisplay": _display(paid),
        "pricePrecision": "100000",
        "productId": latest.product_id,
    }


def _subscription_bill(purchase: Purchase) -> dict[str, Any]:
    paid = _amount(purchase.usd)
    return {
        "userId": USER_ID,
        "startTime": _unix(purchase.at),
        "endTime": _unix(purchase.until),
        "memberId": "",
        "productName": purchase.product_name,
        "productCategory": "gpu",
        "ownerID": purchase.owner_id,
        "tradeMode": "monthly",
        "tradeType": purchase.trade_type,
        "basePrice": _amount(purchase.usd / purchase.gpu_num / purchase.month),
        "billNum": str(purchase.gpu_num),
        "amount": paid,
        "voucherAmount": "0",
        "payAmount": paid,
        "payAmountDisplay": _display(paid),
        "pricePrecision": "10000",
        "createTime": _unix(purchase.at),
        "cycle": str(purchase.month),
        "storageDays": "0",
    }


def _monthly_bill(month: str, usd: Decimal, at: datetime) -> dict[str, Any]:
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    pending = month == f"{at:%Y-%m}"
    total = _amount(usd)
    return {
        "billId": f"b-{month}",
        "userId": USER_ID,
        "billingMonth": month,
        "totalAmount": total,
        "originTotalAmount": total,
        "voucherPayAmount": "0",
        "cashPayAmount": total,
        "debtAmount": "0",
        "status": "pending" if pending else "paid",
        "invoiceUrl": "",
        "startTime": _unix(start),
        "endTime": str(int(_cycle_end(start, "Month").timestamp()) - 1),
        "repaidAmount": "0" if pending else total,
    }


def _amount(usd: Decimal) -> str:
    return str((usd * TEN_THOUSANDTHS).to_integral_value(ROUND_FLOOR))


def _display(amount: str) -> str:
    return f"{(Decimal(amount) / TEN_THOUSANDTHS).normalize():f}"


def _unix(moment: datetime) -> str:
    return str(int(moment.timestamp()))


ENDPOINTS: Endpoints = {
    ("GET", f"{BASIC}/billing/balance/detail"): get_balance,
    ("GET", f"{BASIC}/billing/monthly/bill"): list_monthly_bills,
    ("GET", f"{BASIC}/billing/bill/list"): list_usage_bills,
    ("GET", f"{BASIC}/billing/bill/monthly/list"): list_subscription_bills,
}
