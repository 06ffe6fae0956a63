"""Changing an instance in place: its ports, the size of its disk, whether Novita moves it by itself."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from novita_mcp.app import App
from novita_mcp.domain.base import Record, usd
from novita_mcp.domain.create_request import Port
from novita_mcp.domain.deeds import ActionName
from novita_mcp.domain.models import Instance
from novita_mcp.domain.plans import Fact, Plan, ProductView
from novita_mcp.domain.pricing import Quote, machine_of
from novita_mcp.errors import InvalidArguments, Problem
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.acts.lifecycle import is_ours
from novita_mcp.provisioning.standing import (
    START_RULES,
    Standing,
    price_now,
    rulings,
    settled,
    stand,
    strangers,
    whose,
)


class EditInstance(Record):
    """Open other ports, or grow the root disk; a minute's work, without a restart."""

    name: ClassVar[ActionName] = "edit"
    spends: ClassVar[bool] = True
    commits_upfront: ClassVar[bool] = False
    instance_id: str
    ports: tuple[Port, ...] | None = None
    expand_gb: int = 0

    async def plan(self, app: App, marker: str) -> Plan:
        standing = await stand(app, self.instance_id)
        instance, product = standing.instance, standing.product
        settled(instance)
        size_gb = self._size_gb(standing)
        price = price_now(instance, machine_of(instance, product).model_copy(update={"rootfs_gb": size_gb}))
        grows = self.expand_gb > 0
        ruled = rulings(app, standing, price, without=START_RULES) if grows else strangers(app, self.instance_id)
        return Plan(
            action="edit",
            request=self._body(),
            product=ProductView.of(product) if product else None,
            quote=price if grows else None,
            guardrails=ruled,
            warnings=(*standing.warnings, *self._warnings()),
            lease_hours=None,
            marker=marker,
            facts=(*standing.identity(), *self._facts(instance, size_gb, price)),
            fleet=standing.facts.fleet if grows else None,
            before=(str(size_gb),),
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.edit_instance(self._body())
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        """Novita takes about a minute, so that what does not show yet may still come."""
        instance = await app.client.instance(self.instance_id)
        opened = {(port.port, port.type) for port in instance.ports}
        as_wanted = self.ports is None or opened == {(port.number, port.type) for port in self.ports}
        return ("yes" if as_wanted and plan.before == (str(instance.rootfs_gb),) else "unsure"), self.instance_id

    def _size_gb(self, standing: Standing) -> int:
        instance, product = standing.instance, standing.product
        size_gb = instance.rootfs_gb + self.expand_gb
        largest = instance.max_rootfs_gb or (product.max_rootfs_gb if product else None)
        if self.expand_gb and largest and size_gb > largest:
            room = max(0, largest - instance.rootfs_gb)
            message = f"is {self.expand_gb}; the disk has {instance.rootfs_gb} GB and its host allows {room} GB more"
            raise InvalidArguments((Problem("expandRootDisk", message),))
        return size_gb

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"instanceId": self.instance_id}
        if self.ports is not None:
            body["ports"] = [{"port": port.number, "type": port.type} for port in self.ports]
        if self.expand_gb:
            body["expandRootDisk"] = self.expand_gb
        return body

    def _warnings(self) -> Iterator[str]:
        if self.ports is not None:
            yield "The ports named become all that are open; any other is closed."
        if self.expand_gb:
            yield "A root disk never shrinks again."

    def _facts(self, instance: Instance, size_gb: int, price: Quote) -> Iterator[Fact]:
        if self.ports is not None:
            yield Fact(label="Ports now", value=_listed((port.port, port.type) for port in instance.ports))
            yield Fact(label="Ports then", value=_listed((port.number, port.type) for port in self.ports))
        if self.expand_gb:
            then = f"{usd(price.stopped_hourly)} per hour, running or stopped"
            yield Fact(label="Disk", value=f"{instance.rootfs_gb} GB, then {size_gb} GB: {then}")


class SetAutoMigrate(Record):
    """Say whether Novita moves an instance whose machine fails or is reclaimed."""

    name: ClassVar[ActionName] = "auto_migrate"
    spends: ClassVar[bool] = False
    commits_upfront: ClassVar[bool] = False
    instance_id: str
    enabled: bool
    system_disk: bool = False

    async def plan(self, app: App, marker: str) -> Plan:
        standing = await whose(app, self.instance_id)
        return Plan(
            action="auto_migrate",
            request={
                "instanceId": self.instance_id,
                "autoMigrateOpen": self.enabled,
                "autoMigrateSystemDisk": self.system_disk,
            },
            product=None,
            quote=None,
            guardrails=strangers(app, self.instance_id),
            warnings=standing.warnings,
            lease_hours=None,
            marker=marker,
            facts=(*standing.identity(), Fact(label="Moves by itself", value=self._then())),
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return not is_ours(app, self.instance_id)

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.set_auto_migrate(self.instance_id, enabled=self.enabled, system_disk=self.system_disk)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        """Novita does not show this setting."""
        return "unsure", self.instance_id

    def _then(self) -> str:
        if not self.enabled:
            return "no: it stays down when its machine fails"
        return "yes, with its system disk" if self.system_disk else "yes, without its system disk, whose data is lost"


def _listed(ports: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{number}/{kind}" for number, kind in ports) or "none"
