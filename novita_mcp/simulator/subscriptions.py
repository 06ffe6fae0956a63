"""Subscriptions: months paid in advance, at the product's monthly price."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from novita_mcp.simulator.instances import RAW_PER_USD, Instance
from novita_mcp.simulator.money import Purchase
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.world import World

DAYS_PER_MONTH = 31


def pay_subscription(world: World, instance: Instance, month: int, trade_type: str, at: datetime) -> Instance:
    """Take the money for `month` months and return the instance as paid until then.

    The reference leaves the unit of a monthly price open; here it is 1/100000 USD per GPU and month.
    """
    price_raw = world.gpu_products[instance.product_id].monthly_price_raw if instance.kind == "gpu" else None
    if price_raw is None:
        raise Refusal("UNSUPPORTED_BILLING_MODE", "unsupported billing mode")
    usd = Decimal(price_raw) / RAW_PER_USD * instance.gpu_num * month
    if world.account.available_usd < usd:
        raise Refusal("BALANCE_NOT_ENOUGH", "balance not enough")
    start = max(at, instance.paid_until or at)
    until = start + timedelta(days=DAYS_PER_MONTH * month)
    world.account.purchases.append(
        Purchase(instance.id, instance.product_name, trade_type, at, until, month, instance.gpu_num, usd)
    )
    return replace(instance, billing_mode="monthly", paid_until=until)
