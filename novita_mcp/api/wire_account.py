"""Balance and bills: ten-thousandths of a dollar."""

from decimal import Decimal

from novita_mcp.api.wire import Fields, Unreadable, account_usd, answered, answered_list, each, instant, text
from novita_mcp.domain.models import Balance, MonthlyBill, SubscriptionBill, UsageBill

PAY_AS_YOU_GO = frozenset({"1", ""})


def balance(payload: object) -> Balance:
    """Parse `GET /billing/balance/detail`."""
    return answered(payload, _balance, "balance", "data")


def usage_bills(payload: object) -> tuple[UsageBill, ...]:
    """Parse `GET /billing/bill/list`."""
    return each(answered_list(payload, "usage bills", "bills", "data"), _usage_bill, "usage bills")


def subscription_bills(payload: object) -> tuple[SubscriptionBill, ...]:
    """Parse `GET /billing/bill/monthly/list`."""
    listed = answered_list(payload, "subscription bills", "bills", "data")
    return each(listed, _subscription_bill, "subscription bills")


def monthly_bills(payload: object) -> tuple[MonthlyBill, ...]:
    """Parse `GET /billing/monthly/bill`."""
    return each(answered_list(payload, "monthly bills", "data", "bills"), _monthly_bill, "monthly bills")


def _balance(fields: Fields) -> Balance:
    return Balance(available_usd=_amount(fields, "availableBalance"))


def _usage_bill(fields: Fields) -> UsageBill:
    return UsageBill(
        starts_at=instant(fields.get("startTime")),
        ends_at=instant(fields.get("endTime")),
        product_name=text(fields.get("productName")),
        category=text(fields.get("category")),
        instance_id=text(fields.get("ownerID")),
        amount_usd=_amount(fields, "amount", "payAmount"),
        pay_as_you_go=text(fields.get("billingMethod")) in PAY_AS_YOU_GO,
    )


def _subscription_bill(fields: Fields) -> SubscriptionBill:
    return SubscriptionBill(
        created_at=instant(fields.get("createTime")),
        starts_at=instant(fields.get("startTime")),
        ends_at=instant(fields.get("endTime")),
        product_name=text(fields.get("productName")),
        trade_type=text(fields.get("tradeType")),
        instance_id=text(fields.get("ownerID")),
        amount_usd=_amount(fields, "amount", "payAmount"),
    )


def _monthly_bill(fields: Fields) -> MonthlyBill:
    return MonthlyBill(
        month=text(fields.get("billingMonth")),
        status=text(fields.get("status")),
        total_usd=_amount(fields, "totalAmount", "originTotalAmount"),
    )


def _amount(fields: Fields, *keys: str) -> Decimal:
    """Return the highest of several statements of one amount: money spent is over-counted."""
    stated = [amount for key in keys if (amount := account_usd(fields.get(key))) is not None]
    if not stated:
        raise Unreadable(f"no {keys[0]}")
    return max(stated)
