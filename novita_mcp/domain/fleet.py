"""Everything that exists on the account, whoever started it, and what it costs."""

from datetime import datetime
from decimal import Decimal

from novita_mcp.domain.base import Record, Usd
from novita_mcp.domain.models import Instance
from novita_mcp.domain.pricing import total


class FleetMember(Record):
    """One instance with its price per hour now, None where no price is known."""

    instance: Instance
    hourly_usd: Usd | None
    stopped_hourly_usd: Usd
    ours: bool
    lease_until: datetime | None = None


class PendingCreate(Record):
    """A create that was sent and is not among the account's instances yet."""

    plan_id: str
    hourly_usd: Usd | None
    lease_until: datetime | None = None


class Fleet(Record):
    """All instances that exist, and the creates that may become one any moment."""

    members: tuple[FleetMember, ...] = ()
    pending: tuple[PendingCreate, ...] = ()

    @property
    def running(self) -> tuple[FleetMember, ...]:
        """Those that cost GPU money now or soon."""
        return tuple(member for member in self.members if member.instance.runs)

    @property
    def count(self) -> int:
        """How many exist, running or not, with those on their way."""
        return len(self.members) + len(self.pending)

    @property
    def hourly_usd(self) -> Decimal:
        """USD per hour of everything running; a lower bound while `unpriced` is not empty."""
        pending = total(create.hourly_usd for create in self.pending)
        return total(member.hourly_usd for member in self.running) + pending

    @property
    def burn_usd(self) -> Decimal:
        """USD per hour of everything that exists: running ones and the disks of stopped ones."""
        idle = (member for member in self.members if not member.instance.runs)
        return self.hourly_usd + total(member.stopped_hourly_usd for member in idle)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Ids of running instances, or plans on their way, whose price is not known."""
        ids = ((member.instance.instance_id, member.hourly_usd) for member in self.running)
        plans = ((create.plan_id, create.hourly_usd) for create in self.pending)
        return tuple(key for key, hourly in (*ids, *plans) if hourly is None)

    def without(self, instance_id: str) -> "Fleet":
        """The same fleet but for one instance."""
        others = tuple(m for m in self.members if m.instance.instance_id != instance_id)
        return self.model_copy(update={"members": others})
