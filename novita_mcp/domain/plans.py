"""A plan: what one call would do, its digest, and the question a person is shown."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from novita_mcp.domain.base import Record, Usd, brief, clean, usd
from novita_mcp.domain.create_request import CreateInstanceRequest
from novita_mcp.domain.deeds import DEEDS, ActionName, Deed
from novita_mcp.domain.fleet import Fleet
from novita_mcp.domain.limits import Policy
from novita_mcp.domain.models import Product
from novita_mcp.domain.policy import Verdict, denied
from novita_mcp.domain.pricing import Quote

__all__ = [
    "HEADLINES",
    "ActionName",
    "Fact",
    "Plan",
    "ProductView",
    "changes",
    "digest",
    "new_marker",
    "one_line",
    "question",
    "shown",
]

MARKER_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
MARKER_LENGTH = 12
TARGETS = ("instanceId", "instanceIds", "storageId", "templateId", "networkId", "jobId", "id", "ids")
"""The fields of a request that say what it is about, each in the endpoints of its own thing."""


def new_marker() -> str:
    """A plan's marker: it travels with the instance and finds it again after a lost reply."""
    return "".join(secrets.choice(MARKER_ALPHABET) for _ in range(MARKER_LENGTH))


class ProductView(Record):
    """The product of a plan, as results show it."""

    product_id: str
    name: str
    vram_gb: int | None
    stock: str
    regions: tuple[str, ...]

    @classmethod
    def of(cls, product: Product) -> "ProductView":
        return cls(
            product_id=product.product_id,
            name=product.name,
            vram_gb=product.vram_gb,
            stock=product.stock if product.available else "none",
            regions=product.regions,
        )


class Fact(Record):
    """One line of what a person is shown."""

    label: str
    value: str


class Plan(Record):
    """What one call would do. Making one changes nothing at Novita."""

    action: ActionName
    request: dict[str, Any]
    product: ProductView | None
    quote: Quote | None
    guardrails: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    lease_hours: Usd | None
    marker: str
    alternatives: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = Field(default=(), exclude=True)
    fleet: Fleet | None = Field(default=None, exclude=True)
    fingerprint: str = Field(default="", exclude=True, repr=False)
    payload: CreateInstanceRequest | None = Field(default=None, exclude=True, repr=False)
    before: tuple[str, ...] = Field(default=(), exclude=True)
    """How things stood when the plan was made, for whoever has to look what became of a lost reply."""

    @property
    def deed(self) -> Deed:
        """The action in words."""
        return DEEDS[self.action]

    @property
    def target(self) -> str:
        """The id of what it is about; empty for something new."""
        named = next((self.request[name] for name in TARGETS if self.request.get(name)), "")
        return str(named[0]) if isinstance(named, list) else str(named)

    @property
    def denials(self) -> tuple[Verdict, ...]:
        """The guardrails that forbid it."""
        return denied(self.guardrails)

    @property
    def instances_before(self) -> tuple[str, ...]:
        """The ids that existed when the plan was made."""
        members = self.fleet.members if self.fleet else ()
        return tuple(member.instance.instance_id for member in members)

    @property
    def hourly_usd(self) -> Decimal | None:
        """What a yes to this plan adds per hour."""
        return self.quote.hourly if self.quote else Decimal(0)


def digest(plan: Plan, policy: Policy) -> str:
    """What an approval is for: this request with its secrets, at this price, under this policy."""
    content = {
        "action": plan.action,
        "request": plan.request,
        "secrets": plan.fingerprint,
        "marker": plan.marker,
        "lease": str(plan.lease_hours),
        "price": [str(figure) for figure in _figures(plan)],
        "policy": policy.model_dump(mode="json"),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _figures(plan: Plan) -> tuple[Decimal | None, ...]:
    if plan.quote is None:
        return ()
    return (plan.quote.hourly, plan.quote.upfront, plan.quote.stopped_hourly)


def changes(approved: Plan, fresh: Plan) -> tuple[str, ...]:
    """Why an approval of one plan is none of the other; a lower price is no reason."""
    return tuple(_changes(approved, fresh))


def _changes(approved: Plan, fresh: Plan) -> Iterator[str]:
    if (approved.action, approved.request, approved.fingerprint) != (
        fresh.action,
        fresh.request,
        fresh.fingerprint,
    ):
        yield "the request changed"
    if (approved.lease_hours, approved.marker) != (fresh.lease_hours, fresh.marker):
        yield "the lease or the marker changed"
    for label, before, after in zip(
        ("hourly price", "upfront price", "price when stopped"),
        _figures(approved),
        _figures(fresh),
        strict=False,
    ):
        if before != after and (before is None or after is None or after > before):
            yield f"the {label} went from {usd(before)} to {usd(after)}"
    new_doubts = _doubtful(fresh) - _doubtful(approved)
    if new_doubts:
        yield f"these could no longer be checked: {', '.join(sorted(new_doubts))}"


def _doubtful(plan: Plan) -> set[str]:
    return {verdict.rule for verdict in plan.guardrails if verdict.verdict == "warn"}


HEADLINES = {name: deed.headline for name, deed in DEEDS.items()}


def shown(plan: Plan) -> tuple[Fact, ...]:
    """What a person decides on, price first, one fact a line, nothing an agent could word."""
    facts = (*_price(plan), *plan.facts, *_running(plan), *_unchecked(plan))
    return tuple(Fact(label=fact.label, value=clean(fact.value)) for fact in facts)


def question(plan: Plan, plan_id: str) -> str:
    """The question as plain text; the same plan always gives the same text."""
    facts = (*shown(plan), Fact(label="Plan", value=plan_id))
    width = max(len(fact.label) for fact in facts)
    lines = [f"{fact.label:<{width}}  {fact.value}" for fact in facts]
    return "\n".join((HEADLINES[plan.action], "", *lines))


def _price(plan: Plan) -> Iterator[Fact]:
    quote = plan.quote
    if quote is None:
        return
    rates = f"{usd(quote.hourly)} per hour"
    if quote.hourly is not None:
        rates += f" ({usd(quote.daily, 2)} per day, {usd(quote.monthly, 2)} per 730 hours)"
    yield Fact(label="Price", value=rates)
    if quote.upfront is None or quote.upfront:
        yield Fact(label="Paid up front", value=f"{usd(quote.upfront, 2)}, cannot be undone")
    if quote.stopped_hourly:
        yield Fact(label="While stopped", value=f"{usd(quote.stopped_hourly)} per hour for its disk")


def _running(plan: Plan) -> Iterator[Fact]:
    if plan.fleet is None or plan.action in {"stop", "restart", "delete"}:
        return
    now, count = plan.fleet.hourly_usd, len(plan.fleet.running) + len(plan.fleet.pending)
    after = None if plan.hourly_usd is None else now + plan.hourly_usd
    unknown = f", {len(plan.fleet.unpriced)} of them at an unknown price" if plan.fleet.unpriced else ""
    value = f"{count} at {usd(now)} per hour{unknown}; with this one {usd(after)} per hour"
    yield Fact(label="Already running", value=value)


def _unchecked(plan: Plan) -> Iterator[Fact]:
    doubtful = sorted(_doubtful(plan))
    if doubtful:
        yield Fact(label="Not checked", value=f"{', '.join(doubtful)} (the facts could not be read)")


def one_line(plan: Plan) -> str:
    """The plan in one short line, for lists and logs."""
    product = plan.product.name if plan.product else plan.target
    price = f" at {usd(plan.hourly_usd)}/h" if plan.quote else ""
    return brief(f"{plan.action.replace('_', ' ')} {product}{price}", 120)
