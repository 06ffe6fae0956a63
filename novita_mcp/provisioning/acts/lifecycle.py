"""Starting, stopping, restarting and deleting an instance that exists."""

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from novita_mcp.app import App
from novita_mcp.domain.base import Record, Usd
from novita_mcp.domain.history.folds import owned_instances
from novita_mcp.domain.models import Instance, Product
from novita_mcp.domain.plans import ActionName, Fact, Plan, ProductView
from novita_mcp.domain.policy import Facts, Subject, verdicts
from novita_mcp.domain.pricing import Quote, machine_of, quote
from novita_mcp.errors import NotFound, Refused
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.reading import FactReads, Read, every_product, read_all
from novita_mcp.provisioning.settling import STOPPING
from novita_mcp.provisioning.wording import delete_facts, start_facts, stranger_facts


class StartInstance(Record):
    """Start a stopped instance: its GPU is billed again."""

    name: ClassVar[ActionName] = "start"
    spends: ClassVar[bool] = True
    instance_id: str
    lease_hours: Usd | None = None

    async def plan(self, app: App, marker: str) -> Plan:
        reads, target = FactReads(app), Read(lambda: app.client.instance(self.instance_id))
        await read_all(target, *reads.reads)
        instance = target.value
        if instance.runs:
            raise Refused(
                f"{self.instance_id} is {instance.status}, not stopped: nothing was sent. A start needs status exited."
            )
        product = product_of(instance, reads.products.value)
        lease = self.lease_hours or app.policy.default_lease_hours or app.policy.max_lease_hours
        price = quote(machine_of(instance, product), lease_hours=lease)
        facts = others(reads.facts(), self.instance_id)
        attended = app.policy.approval == "human"
        return Plan(
            action="start",
            request={"instanceId": self.instance_id},
            product=ProductView.of(product) if product else None,
            quote=price,
            guardrails=verdicts(subject(instance, product, price, lease), app.policy, facts, attended=attended),
            warnings=_start_warnings(instance, product),
            lease_hours=lease,
            marker=marker,
            facts=tuple(start_facts(instance, product, lease)),
            fleet=facts.fleet,
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.start_instance(self.instance_id)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        instance = await app.client.instance(self.instance_id)
        return ("yes" if instance.runs else "no"), self.instance_id


class DeleteInstance(Record):
    """Delete an instance and its disks for good."""

    name: ClassVar[ActionName] = "delete"
    spends: ClassVar[bool] = False
    instance_id: str

    async def plan(self, app: App, marker: str) -> Plan:
        target, products = (
            Read(lambda: app.client.instance(self.instance_id)),
            Read(lambda: every_product(app)),
        )
        await read_all(target, products)
        instance, ours = target.value, is_ours(app, self.instance_id)
        if not instance.exists:
            raise NotFound(f"{self.instance_id} is {instance.status}: it is already being deleted. Nothing was sent.")
        if instance.billing_mode == "monthly":
            raise Refused(
                f"{self.instance_id} is a subscription: Novita does not delete those before they end, through the API "
                "or the console. Nothing was sent. Switch auto-renew off instead.",
                reason="PREPAID_INSTANCE_NOT_SUPPORT_RELEASE",
            )
        price = quote(machine_of(instance, product_of(instance, products.or_none or ())))
        return _plain_plan("delete", instance, marker, tuple(delete_facts(instance, price, ours=ours)), ours=ours)

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.delete_instance(self.instance_id)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        try:
            instance = await app.client.instance(self.instance_id)
        except NotFound:
            return "yes", self.instance_id
        return ("no" if instance.exists else "yes"), self.instance_id


class StopInstance(Record):
    """Stop a running instance: its GPU is no longer billed, its disk is."""

    name: ClassVar[ActionName] = "stop"
    spends: ClassVar[bool] = False
    instance_id: str

    async def plan(self, app: App, marker: str) -> Plan:
        instance, ours = await app.client.instance(self.instance_id), is_ours(app, self.instance_id)
        if not instance.runs or instance.status in STOPPING:
            raise Refused(f"{self.instance_id} is {instance.status}: there is nothing to stop. Nothing was sent.")
        return _plain_plan("stop", instance, marker, tuple(stranger_facts(instance)), ours=ours)

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return not is_ours(app, self.instance_id)

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.stop_instance(self.instance_id)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        instance = await app.client.instance(self.instance_id)
        stopping = instance.status in {"toStop", "stopping", "exited"} or not instance.exists
        return ("yes" if stopping else "no"), self.instance_id


class RestartInstance(Record):
    """Restart a running instance; its connection details change."""

    name: ClassVar[ActionName] = "restart"
    spends: ClassVar[bool] = False
    instance_id: str

    async def plan(self, app: App, marker: str) -> Plan:
        instance, ours = await app.client.instance(self.instance_id), is_ours(app, self.instance_id)
        if instance.status != "running":
            raise Refused(
                f"{self.instance_id} is {instance.status}: only a running instance restarts. Nothing was sent."
            )
        plan = _plain_plan("restart", instance, marker, tuple(stranger_facts(instance)), ours=ours)
        return plan.model_copy(update={"before": _last_start(instance)})

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return not is_ours(app, self.instance_id)

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.restart_instance(self.instance_id)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        instance = await app.client.instance(self.instance_id)
        restarted = instance.status in {"toRestart", "restarting"} or _last_start(instance) != plan.before
        return ("yes" if restarted else "no"), self.instance_id


def _last_start(instance: Instance) -> tuple[str, ...]:
    """What is another after each start: the time, and the way in."""
    return (str(instance.last_started_at), instance.ssh.command if instance.ssh else "")


def is_ours(app: App, instance_id: str) -> bool:
    """Whether this ledger created it."""
    return instance_id in owned_instances(app.ledger.entries())


def product_of(instance: Instance, products: Iterable[Product]) -> Product | None:
    return next((product for product in products if product.product_id == instance.product_id), None)


def others(facts: Facts, instance_id: str) -> Facts:
    """The facts without the instance itself, whose cost the plan states."""
    if facts.fleet is None:
        return facts
    return facts.model_copy(update={"fleet": facts.fleet.without(instance_id)})


def subject(instance: Instance, product: Product | None, price: Quote, lease: Decimal | None) -> Subject:
    return Subject(
        product=product,
        product_id=instance.product_id,
        gpu_num=instance.gpu_num,
        billing_mode=instance.billing_mode,
        cluster_id=instance.cluster_id,
        image_url=instance.image_url,
        auto_renew=False,
        lease_hours=lease,
        adds_instances=0,
        quote=price,
    )


def _start_warnings(instance: Instance, product: Product | None) -> tuple[str, ...]:
    reclaimed = instance.billing_mode == "spot" and instance.spot_reclaim_at is not None
    notes = [
        "Host, port and password of its connections change with each start.",
        "The GPU may have gone to somebody else; then Novita refuses the start.",
    ]
    if product is not None and not product.available:
        notes.append(f"Novita lists {product.name} as sold out now.")
    if reclaimed:
        notes.append("This spot instance was reclaimed; a migrate may be needed instead of a start.")
    return tuple(notes)


def _plain_plan(action: ActionName, instance: Instance, marker: str, facts: tuple[Fact, ...], *, ours: bool) -> Plan:
    warning = () if ours else ("This instance was not created through this server's ledger.",)
    return Plan(
        action=action,
        request={"instanceId": instance.instance_id},
        product=None,
        quote=None,
        guardrails=(),
        warnings=warning,
        lease_hours=None,
        marker=marker,
        facts=facts,
    )
