"""What every act on an existing instance starts from: the instance, its price now, and the guardrails."""

from datetime import datetime
from decimal import Decimal

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief
from novita_mcp.domain.history.folds import owned_instances
from novita_mcp.domain.history.leases import hours_between
from novita_mcp.domain.models import HOURS_PER_MONTH, Instance, Product
from novita_mcp.domain.plans import Fact
from novita_mcp.domain.policy import Facts, Verdict, verdicts
from novita_mcp.domain.pricing import HOURS_PER_DAY, Machine, Quote, quote
from novita_mcp.errors import NotFound, Refused
from novita_mcp.provisioning.acts.lifecycle import is_ours, others, product_of, subject
from novita_mcp.provisioning.noting import not_made_here
from novita_mcp.provisioning.reading import FactReads, Read, read_all

SETTLED = frozenset({"running", "exited"})
STOCK_RULE = frozenset({"stock"})
"""What exists needs no stock; where a new machine is needed, Novita says."""
LEASE_RULES = frozenset({*STOCK_RULE, "require_lease", "max_lease_hours"})
"""With them, rules about a new lease: what keeps running keeps the lease that it has."""
START_RULES = frozenset({*LEASE_RULES, "allowed_billing"})
"""With them, how it is paid: that was decided when it was made."""
FOREIGN = "This instance was not created through this server's ledger."


class Whose(Record):
    """An instance and whether this ledger created it."""

    instance: Instance
    ours: bool

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before anything else."""
        return () if self.ours else (FOREIGN,)

    def identity(self) -> tuple[Fact, ...]:
        """Which instance it is, one fact a line."""
        instance = self.instance
        return (
            Fact(label="Instance", value=f"{instance.instance_id}, status {brief(instance.status, 40)}"),
            Fact(label="Name", value=brief(instance.name) or "(none)"),
            Fact(label="Created here", value="yes" if self.ours else "NO: somebody else started it"),
        )


class Standing(Whose):
    """An instance as it stands, with everything a plan about it needs."""

    product: Product | None
    facts: Facts
    lease_until: datetime | None


async def whose(app: App, instance_id: str) -> Whose:
    """Read an instance for an act that costs nothing.

    Raises:
        NotFound: It is gone or on its way out.

    """
    instance = _existing(await app.client.instance(instance_id))
    return Whose(instance=instance, ours=is_ours(app, instance_id))


async def stand(app: App, instance_id: str) -> Standing:
    """Read an instance and what the guardrails need.

    Raises:
        NotFound: It is gone or on its way out.

    """
    reads, target = FactReads(app), Read(lambda: app.client.instance(instance_id))
    await read_all(target, *reads.reads)
    instance = _existing(target.value)
    owned = owned_instances(app.ledger.entries()).get(instance_id)
    return Standing(
        instance=instance,
        product=product_of(instance, reads.products.or_none or ()),
        facts=others(reads.facts(), instance_id),
        ours=owned is not None,
        lease_until=owned.lease.until if owned and owned.lease else None,
    )


def settled(instance: Instance) -> None:
    """Let only an instance pass that is between two changes.

    Raises:
        Refused: It is in the middle of one.

    """
    if instance.status not in SETTLED:
        raise Refused(
            f"{instance.instance_id} is {instance.status}: this needs status running or exited. Nothing was sent. "
            "get_gpu_instance with waitFor waits."
        )


def price_now(instance: Instance, machine: Machine) -> Quote:
    """What it costs in its present state: a stopped one costs its disk, and running it is priced by its start."""
    price = quote(machine)
    if instance.runs:
        return price
    idle = price.stopped_hourly
    return price.model_copy(
        update={
            "hourly": idle,
            "daily": idle * HOURS_PER_DAY,
            "monthly": idle * HOURS_PER_MONTH,
            "lines": price.lines[1:],
            "assumptions": (*price.assumptions, "It is stopped, so only its disk costs; a start is priced anew."),
        }
    )


def rulings(
    app: App,
    standing: Standing,
    price: Quote,
    *,
    without: frozenset[str],
    lease_hours: Decimal | None = None,
    **changes: object,
) -> tuple[Verdict, ...]:
    """The guardrails, but for some, over the instance as it would be; `changes` are those of the rules' subject.

    Without new `lease_hours` it keeps the lease that it has, which counts for the budgets.
    """
    lease = lease_hours or _hours_left(app, standing)
    wanted = subject(standing.instance, standing.product, price, lease).model_copy(update=changes)
    found = verdicts(wanted, app.policy, standing.facts, attended=app.policy.approval == "human")
    kept = (verdict for verdict in found if verdict.rule not in without)
    return (*strangers(app, standing.instance.instance_id), *kept)


def strangers(app: App, instance_id: str) -> tuple[Verdict, ...]:
    """The rule that nobody but a person touches an instance that was not created here."""
    return () if is_ours(app, instance_id) else not_made_here(app, instance_id)


def _hours_left(app: App, standing: Standing) -> Decimal | None:
    if standing.lease_until is None:
        return None
    return max(Decimal(0), hours_between(app.clock.now(), standing.lease_until))


def _existing(instance: Instance) -> Instance:
    if not instance.exists:
        raise NotFound(f"{instance.instance_id} is {instance.status}: it is being deleted. Nothing was sent.")
    return instance
