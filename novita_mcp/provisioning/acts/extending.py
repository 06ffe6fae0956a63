"""Giving an instance of ours more time, which is an act like any other: plan, guardrails, approval."""

from datetime import timedelta
from typing import ClassVar

from novita_mcp.app import App
from novita_mcp.domain.base import Record, Usd, brief
from novita_mcp.domain.history.folds import Ownership, owned_instances
from novita_mcp.domain.plans import ActionName, Fact, Plan, ProductView
from novita_mcp.domain.pricing import machine_of, quote
from novita_mcp.errors import Refused
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.standing import STOCK_RULE, rulings, stand
from novita_mcp.provisioning.wording import lease_fact

DECIDED = frozenset({*STOCK_RULE, "allowed_billing"})
"""What was decided when it was started: it has its GPU, and a way of paying for it."""
_STOPPED = "{instance_id} is stopped; start_gpu_instance takes leaseHours. Nothing was changed."


class ExtendLease(Record):
    """Let an instance of ours run for so many hours from now."""

    name: ClassVar[ActionName] = "extend"
    spends: ClassVar[bool] = True
    instance_id: str
    lease_hours: Usd

    async def plan(self, app: App, marker: str) -> Plan:
        ours, standing = self._ours(app), await stand(app, self.instance_id)
        instance, product = standing.instance, standing.product
        if not instance.runs:
            raise Refused(_STOPPED.format(instance_id=self.instance_id))
        price = quote(machine_of(instance, product), lease_hours=self.lease_hours)
        return Plan(
            action="extend",
            request={"instanceId": self.instance_id, "leaseHours": float(self.lease_hours)},
            product=ProductView.of(product) if product else None,
            quote=price,
            guardrails=rulings(app, standing, price, without=DECIDED, lease_hours=self.lease_hours),
            warnings=(),
            lease_hours=self.lease_hours,
            marker=marker,
            facts=(
                Fact(label="Instance", value=f"{self.instance_id} {brief(instance.name)}"),
                _now(ours),
                lease_fact(self.lease_hours),
            ),
            fleet=standing.facts.fleet,
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        """Write the new lease; Novita knows nothing of leases, so nothing is sent there."""
        until = app.clock.now() + timedelta(hours=float(self.lease_hours))
        facts = {"until": until.isoformat(), "hours": str(self.lease_hours)}
        app.ledger.append(EntryKind.LEASE_SET, plan_id=f"plan-{plan.marker}", instance_id=self.instance_id, facts=facts)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        written = app.ledger.entries(plan_id=f"plan-{plan.marker}", kinds=(EntryKind.LEASE_SET,))
        return ("yes" if written else "no"), self.instance_id

    def _ours(self, app: App) -> Ownership:
        ours = owned_instances(app.ledger.entries()).get(self.instance_id)
        if ours is None:
            raise Refused(f"{self.instance_id} was not created here, so it has no lease. Nothing was changed.")
        if not ours.running:
            raise Refused(_STOPPED.format(instance_id=self.instance_id))
        return ours


def _now(ours: Ownership) -> Fact:
    value = f"{ours.lease.until:%Y-%m-%d %H:%M} UTC" if ours.lease else "none"
    return Fact(label="Lease now", value=value)
