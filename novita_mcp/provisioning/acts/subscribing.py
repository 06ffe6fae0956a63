"""Acts that commit money up front: turning an instance into a subscription, extending one, renewing by itself."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from novita_mcp.app import App
from novita_mcp.domain.base import Record, usd
from novita_mcp.domain.deeds import ActionName
from novita_mcp.domain.models import Instance
from novita_mcp.domain.plans import Fact, Plan, ProductView
from novita_mcp.domain.pricing import Quote, machine_of, quote
from novita_mcp.errors import Refused
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.acts.lifecycle import is_ours
from novita_mcp.provisioning.standing import LEASE_RULES, Standing, rulings, settled, stand, strangers, whose

CHARGED_EARLY = "about 3 days before each end, then daily; if that fails it falls back to pay as you go"
"""Novita's documentation of setAutoRenew."""


class Subscribe(Record):
    """Pay months up front; the plan's action is `renew` where the instance is a subscription already."""

    name: ClassVar[ActionName] = "convert"
    spends: ClassVar[bool] = True
    commits_upfront: ClassVar[bool] = True
    instance_id: str
    months: int

    async def plan(self, app: App, marker: str) -> Plan:
        standing = await stand(app, self.instance_id)
        instance, product = standing.instance, standing.product
        renews = instance.billing_mode == "monthly"
        if not renews:
            settled(instance)
        price = _months_price(standing, self.months)
        return Plan(
            action="renew" if renews else "convert",
            request={"instanceId": self.instance_id, "month": self.months},
            product=ProductView.of(product) if product else None,
            quote=price,
            guardrails=rulings(app, standing, price, without=LEASE_RULES, billing_mode="monthly"),
            warnings=(*standing.warnings, *_subscription_warnings(standing)),
            lease_hours=None,
            marker=marker,
            facts=(*standing.identity(), *self._facts(instance)),
            fleet=standing.facts.fleet,
            before=(_day(instance.ends_at),),
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        pay = app.client.renew_instance if plan.action == "renew" else app.client.convert_to_monthly
        await pay(self.instance_id, self.months)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        instance = await app.client.instance(self.instance_id)
        subscribed = instance.billing_mode == "monthly"
        longer = plan.action == "convert" or plan.before != (_day(instance.ends_at),)
        return ("yes" if subscribed and longer else "no"), self.instance_id

    def _facts(self, instance: Instance) -> Iterator[Fact]:
        mode, ends_at = instance.billing_mode, instance.ends_at
        yield Fact(label="Billing now", value=mode if ends_at is None else f"{mode}, paid until {_day(ends_at)}")
        yield Fact(label="Pays for", value=f"{_span(self.months)} up front; it cannot be deleted before they end")


class SetAutoRenew(Record):
    """Say whether a subscription renews, and charges, by itself."""

    name: ClassVar[ActionName] = "auto_renew"
    spends: ClassVar[bool] = True
    instance_id: str
    enabled: bool
    months: int = 1

    @property
    def commits_upfront(self) -> bool:
        """Whether money will be charged without another question."""
        return self.enabled

    async def plan(self, app: App, marker: str) -> Plan:
        return await self._plan_on(app, marker) if self.enabled else await self._plan_off(app, marker)

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return self.enabled or not is_ours(app, self.instance_id)

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.set_auto_renew((self.instance_id,), enabled=self.enabled, months=self.months)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        """Novita does not show this setting."""
        return "unsure", self.instance_id

    async def _plan_on(self, app: App, marker: str) -> Plan:
        standing = await stand(app, self.instance_id)
        self._check(standing.instance.billing_mode)
        price = _months_price(standing, self.months)
        ruled = rulings(app, standing, price, without=LEASE_RULES, billing_mode="monthly", auto_renew=True)
        charge = f"{usd(price.upfront, 2)} for {_span(self.months)}, as priced today"
        facts = (
            *standing.identity(),
            Fact(label="Renews by itself", value="yes, until somebody switches it off"),
            Fact(label="Each renewal", value=charge),
            Fact(label="Charged", value=CHARGED_EARLY),
        )
        plan = self._plain(marker, facts)
        return plan.model_copy(
            update={"guardrails": ruled, "warnings": standing.warnings, "fingerprint": str(price.upfront)}
        )

    async def _plan_off(self, app: App, marker: str) -> Plan:
        standing = await whose(app, self.instance_id)
        self._check(standing.instance.billing_mode)
        then = "no: when the paid time ends it falls back to pay as you go and costs by the hour"
        plan = self._plain(marker, (*standing.identity(), Fact(label="Renews by itself", value=then)))
        return plan.model_copy(update={"guardrails": strangers(app, self.instance_id), "warnings": standing.warnings})

    def _plain(self, marker: str, facts: tuple[Fact, ...]) -> Plan:
        """A plan without a quote: nothing is charged now, so nothing is written down as spent."""
        return Plan(
            action="auto_renew",
            request={
                "instanceIds": [self.instance_id],
                "autoRenew": self.enabled,
                "autoRenewMonth": self.months,
            },
            product=None,
            quote=None,
            guardrails=(),
            warnings=(),
            lease_hours=None,
            marker=marker,
            facts=facts,
        )

    def _check(self, billing_mode: str) -> None:
        if billing_mode != "monthly":
            raise Refused(f"{self.instance_id} is no subscription, so it does not renew. Nothing was sent.")


def _months_price(standing: Standing, months: int) -> Quote:
    machine = machine_of(standing.instance, standing.product)
    return quote(machine.model_copy(update={"billing_mode": "monthly", "months": months}))


def _subscription_warnings(standing: Standing) -> Iterator[str]:
    if standing.instance.billing_mode == "spot":
        yield "It is a spot instance; Novita documents this for pay as you go and may refuse it."
    if standing.lease_until is not None:
        yield "Its lease goes on: this server stops it when that ends, paid or not."


def _day(ends_at: datetime | None) -> str:
    return "" if ends_at is None else f"{ends_at:%Y-%m-%d %H:%M} UTC"


def _span(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"
