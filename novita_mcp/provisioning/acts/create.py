"""Creating an instance."""

from decimal import Decimal
from typing import ClassVar

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief
from novita_mcp.domain.create_request import (
    CreateArguments,
    CreateInstanceRequest,
    complete,
    doubts,
    masked_body,
    wire_body,
)
from novita_mcp.domain.plans import ActionName, Plan, ProductView
from novita_mcp.domain.policy import Subject, Verdict, denied, verdicts
from novita_mcp.domain.pricing import FREE_ROOTFS_GB, Machine, Quote, quote
from novita_mcp.domain.templating import template_values
from novita_mcp.errors import InvalidArguments
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.checking import Offer, alternatives, find_product, problems, warnings
from novita_mcp.provisioning.finding import find_created
from novita_mcp.provisioning.marking import mark
from novita_mcp.provisioning.reading import FactReads, Read, read_all
from novita_mcp.provisioning.secrets import fingerprint, reference_problems, reference_warnings, reveal
from novita_mcp.provisioning.wording import create_facts

CURED_BY_ANOTHER_PRODUCT = frozenset(
    {
        "stock",
        "known_price",
        "max_hourly_usd",
        "max_total_hourly_usd",
        "min_balance_hours",
        "monthly_budget_usd",
        "daily_budget_usd",
    }
)
"""The rules that a cheaper product, or one in stock, could pass."""


class CreateInstance(Record):
    """One create request and what becomes of it."""

    name: ClassVar[ActionName] = "create"
    spends: ClassVar[bool] = True
    arguments: CreateArguments

    async def plan(self, app: App, marker: str) -> Plan:
        request = await self._request(app)
        reads, offer = await _read(app, request)
        found = (*problems(request, offer), *reference_problems(app, request))
        if found:
            raise InvalidArguments(found)
        assert offer.product is not None
        named = request.model_copy(update={"product_id": offer.product.product_id})
        cautions = (*doubts(named), *warnings(request, offer), *reference_warnings(app, request))
        return _plan(app, reads, offer, mark(_as_sent(named), marker), marker, self._lease(app), cautions)

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        assert plan.payload is not None
        return await app.client.create_instance(wire_body(plan.payload, lambda value: reveal(app, value)))

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        mine = await find_created(app, plan.marker, await app.client.instances(), plan.instances_before)
        return ("no", "") if mine is None else ("yes", mine.instance_id)

    async def _request(self, app: App) -> CreateInstanceRequest:
        if not self.arguments.template_id:
            return complete(self.arguments, {})
        return complete(self.arguments, template_values(await app.client.template(self.arguments.template_id)))

    def _lease(self, app: App) -> Decimal | None:
        asked = self.arguments.lease_hours
        return asked or app.policy.default_lease_hours or app.policy.max_lease_hours


def _as_sent(request: CreateInstanceRequest) -> CreateInstanceRequest:
    """The request without what a CPU product decides itself, so that nobody is shown or charged for it."""
    if request.kind == "gpu":
        return request
    return request.model_copy(update={"gpu_num": None, "rootfs_size": None})


async def _read(app: App, request: CreateInstanceRequest) -> tuple[FactReads, Offer]:
    facts, client = FactReads(app), app.client
    matching = Read(
        lambda: client.products(
            cluster_id=request.cluster_id,
            gpu_num=request.gpu_num,
            billing_mode=request.effective_billing_mode,
        )
    )
    clusters, storages = Read(client.clusters), Read(client.network_storages)
    auths, networks = Read(client.registry_auths), Read(client.networks)
    asked = (
        (request.network_storages, storages),
        (request.image_auth_id, auths),
        (request.network_id, networks),
    )
    extra = tuple(read for wanted, read in asked if wanted)
    gpu = (matching,) if request.kind == "gpu" else ()
    await read_all(*facts.reads, clusters, *gpu, *extra)
    products = facts.products.value
    return facts, Offer(
        product=find_product(request.product_id, products, request.kind),
        products=products,
        matching=matching.or_none if gpu else None,
        clusters=clusters.or_none,
        storages=storages.or_none if request.network_storages else None,
        auths=auths.or_none if request.image_auth_id else None,
        networks=networks.or_none if request.network_id else None,
    )


def _plan(
    app: App,
    reads: FactReads,
    offer: Offer,
    request: CreateInstanceRequest,
    marker: str,
    lease: Decimal | None,
    cautions: tuple[str, ...],
) -> Plan:
    facts, price = reads.facts(), quote(_machine(request, offer), lease_hours=lease)
    attended = app.policy.approval == "human"
    found = verdicts(_subject(request, offer, price, lease), app.policy, facts, attended=attended)
    return Plan(
        action="create",
        request=masked_body(request, references=app.settings.secret_envs),
        product=ProductView.of(offer.product) if offer.product else None,
        quote=price,
        guardrails=found,
        warnings=cautions,
        lease_hours=lease,
        marker=marker,
        alternatives=alternatives(offer.product, offer.products, request) if _is_about_product(found) else (),
        facts=tuple(create_facts(request, offer, lease)),
        fleet=facts.fleet,
        fingerprint=fingerprint(app, request),
        payload=request,
    )


def _is_about_product(found: tuple[Verdict, ...]) -> bool:
    return any(verdict.rule in CURED_BY_ANOTHER_PRODUCT for verdict in denied(found))


def _machine(request: CreateInstanceRequest, offer: Offer) -> Machine:
    mounted = {mount.storage_id for mount in request.network_storages or ()}
    return Machine(
        product=offer.product,
        gpu_num=request.gpu_num or 0,
        rootfs_gb=request.rootfs_size or FREE_ROOTFS_GB,
        billing_mode=request.effective_billing_mode,
        months=request.month or 0,
        volumes=tuple(volume for volume in offer.storages or () if volume.storage_id in mounted),
    )


def _subject(request: CreateInstanceRequest, offer: Offer, price: Quote, lease: Decimal | None) -> Subject:
    mode = request.effective_billing_mode
    return Subject(
        product=offer.product,
        product_id=request.product_id,
        gpu_num=request.gpu_num or 0,
        billing_mode=mode,
        cluster_id=request.cluster_id or "",
        image_url=brief(request.image_url, 500),
        auto_renew=bool(request.auto_renew) and mode == "monthly",
        lease_hours=lease,
        adds_instances=1,
        quote=price,
        renewal_usd=_renewal(request, offer),
    )


def _renewal(request: CreateInstanceRequest, offer: Offer) -> Decimal | None:
    if not request.auto_renew or request.effective_billing_mode != "monthly":
        return Decimal(0)
    again = _machine(request, offer).model_copy(update={"months": request.auto_renew_month or 1})
    return quote(again).upfront
