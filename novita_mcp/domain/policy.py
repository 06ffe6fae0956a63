"""The guardrails: the owner's limits against one plan and everything that already runs, as data."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Literal

from novita_mcp.domain.base import Record, Usd
from novita_mcp.domain.fleet import Fleet
from novita_mcp.domain.limits import Policy
from novita_mcp.domain.models import BillingMode, Product
from novita_mcp.domain.pricing import Quote
from novita_mcp.domain.spending import Spent, committed_usd, cost_until, day_end, month_end

Ruling = Literal["pass", "warn", "deny"]


class Verdict(Record):
    """What one rule says of one plan; `message` says what would make it pass."""

    rule: str
    verdict: Ruling
    limit: bool | int | Usd | str | None = None
    actual: bool | int | Usd | str | None = None
    message: str


class Subject(Record):
    """What a plan would set running, in the words the rules use."""

    product: Product | None
    product_id: str
    gpu_num: int
    billing_mode: BillingMode
    cluster_id: str
    image_url: str
    auto_renew: bool
    lease_hours: Usd | None
    adds_instances: int
    quote: Quote
    renewal_usd: Usd | None = Decimal(0)
    """What a subscription charges by itself when it ends, once; None where that is not known."""


class Facts(Record):
    """What was read for the rules; None means that it could not be read."""

    now: datetime
    fleet: Fleet | None
    balance_usd: Usd | None
    month: Spent | None
    today: Spent | None


def verdicts(subject: Subject, policy: Policy, facts: Facts, *, attended: bool) -> tuple[Verdict, ...]:
    """Every rule's verdict; a rule without facts denies unless a person is going to decide."""
    unread: Ruling = "warn" if attended else "deny"
    found = (
        *_offer(subject, unread),
        *_price(subject, policy, facts, unread),
        *_counts(subject, policy, facts, unread),
    )
    return (
        *found,
        *_budgets(subject, policy, facts, unread),
        *_allowances(subject, policy),
        *_lease(subject, policy),
    )


def denied(found: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The verdicts that forbid the plan."""
    return tuple(verdict for verdict in found if verdict.verdict == "deny")


def _offer(subject: Subject, unread: Ruling) -> Iterator[Verdict]:
    if not subject.adds_instances:
        return  # stock is what Novita sells to new instances; one that exists may still find its machine free
    if subject.product is None:
        message = f"Product {subject.product_id} is not in Novita's list now, so its stock is unknown."
        yield Verdict(rule="stock", verdict=unread, message=message)
    elif not subject.product.available:
        message = f"{subject.product.name} ({subject.product_id}) is out of stock; choose another product or try later."
        yield Verdict(rule="stock", verdict="deny", actual=subject.product.stock, message=message)


def _price(subject: Subject, policy: Policy, facts: Facts, unread: Ruling) -> Iterator[Verdict]:
    hourly = subject.quote.hourly
    if not subject.quote.known:
        yield Verdict(rule="known_price", verdict=unread, message="The price is unknown; a person has to decide.")
    yield _hourly("max_hourly_usd", policy.max_hourly_usd, hourly, "this instance", unread)
    yield _total_hourly(subject, policy, facts, unread)
    yield _balance(subject, policy, facts, unread)


def _hourly(rule: str, limit: Decimal, actual: Decimal | None, what: str, unread: Ruling) -> Verdict:
    if actual is None:
        return Verdict(rule=rule, verdict=unread, limit=limit, message=f"The price of {what} is unknown.")
    if actual <= limit:
        message = f"{what} costs ${actual:.4f}/h, within ${limit:.2f}/h."
        return Verdict(rule=rule, verdict="pass", limit=limit, actual=actual, message=message)
    would_pass = f"at most ${limit:.2f}/h passes. Fewer GPUs or a cheaper product may fit."
    message = f"{what} would cost ${actual:.4f}/h; {would_pass}"
    return Verdict(rule=rule, verdict="deny", limit=limit, actual=actual, message=message)


def _total_hourly(subject: Subject, policy: Policy, facts: Facts, unread: Ruling) -> Verdict:
    rule, limit = "max_total_hourly_usd", policy.max_total_hourly_usd
    if facts.fleet is None:
        return _unreadable(rule, limit, "the running instances", unread)
    hourly = None if subject.quote.hourly is None else facts.fleet.hourly_usd + subject.quote.hourly
    over = hourly is not None and hourly > limit
    if facts.fleet.unpriced and not over:
        ids = ", ".join(facts.fleet.unpriced)
        return _unreadable(rule, limit, f"the price of {ids}", unread)
    running = f"everything running (${facts.fleet.hourly_usd:.4f}/h now) with this"
    return _hourly(rule, limit, hourly, running, unread)


def _balance(subject: Subject, policy: Policy, facts: Facts, unread: Ruling) -> Verdict:
    rule, limit = "min_balance_hours", policy.min_balance_hours
    hourly, upfront = subject.quote.hourly, subject.quote.upfront
    if facts.balance_usd is None:
        return _unreadable(rule, limit, "the account balance", unread)
    if facts.fleet is None or hourly is None or upfront is None:
        return _unreadable(rule, limit, "what everything would cost", unread)
    if facts.fleet.unpriced:
        return _unreadable(rule, limit, f"the price of {', '.join(facts.fleet.unpriced)}", unread)
    ongoing = Decimal(0) if subject.billing_mode == "monthly" else hourly
    return _balance_hours(limit, facts.balance_usd - upfront, facts.fleet.burn_usd + ongoing)


def _balance_hours(limit: Decimal, left: Decimal, burn: Decimal) -> Verdict:
    enough = left >= limit * burn and left >= 0
    hours = left / burn if burn else None
    lasts = "for ever" if hours is None else f"{max(hours, Decimal(0)):.1f} hours"
    message = f"${left:.2f} would be left for ${burn:.4f}/h: that lasts {lasts}; at least {limit:f} hours pass."
    top_up = "" if enough else f" Top up at least ${limit * burn - left:.2f}, or stop something."
    return Verdict(
        rule="min_balance_hours",
        verdict="pass" if enough else "deny",
        limit=limit,
        actual=hours,
        message=message + top_up,
    )


def _counts(subject: Subject, policy: Policy, facts: Facts, unread: Ruling) -> Iterator[Verdict]:
    yield _at_most("max_gpus", policy.max_gpus, subject.gpu_num, "GPUs in one instance")
    if facts.fleet is None:
        yield _unreadable("max_instances", policy.max_instances, "the account's instances", unread)
        return
    count = facts.fleet.count + subject.adds_instances
    if subject.adds_instances:
        yield _at_most("max_instances", policy.max_instances, count, "instances at once")


def _at_most(rule: str, limit: int, actual: int, what: str) -> Verdict:
    if actual <= limit:
        return Verdict(rule=rule, verdict="pass", limit=limit, actual=actual, message=f"{actual} of {limit} {what}.")
    message = f"{actual} {what}; at most {limit} passes."
    return Verdict(rule=rule, verdict="deny", limit=limit, actual=actual, message=message)


def _budgets(subject: Subject, policy: Policy, facts: Facts, unread: Ruling) -> Iterator[Verdict]:
    now = facts.now
    if policy.monthly_budget_usd is not None:
        yield _budget(
            "monthly_budget_usd",
            policy.monthly_budget_usd,
            facts.month,
            month_end(now),
            subject,
            facts,
            unread,
        )
    if policy.daily_budget_usd is not None:
        yield _budget("daily_budget_usd", policy.daily_budget_usd, facts.today, day_end(now), subject, facts, unread)


def _budget(
    rule: str,
    limit: Decimal,
    spent: Spent | None,
    until: datetime,
    subject: Subject,
    facts: Facts,
    unread: Ruling,
) -> Verdict:
    plan = _plan_cost(subject, facts.now, until)
    if spent is None or facts.fleet is None or plan is None:
        return _unreadable(rule, limit, "what was spent or will be", unread)
    running = committed_usd(facts.fleet, facts.now, until)
    after = spent.usd + running + plan
    parts = f"${spent.usd:.2f} spent + ${running:.2f} for what runs + ${plan:.2f} for this"
    sums = f"{parts} = ${after:.2f} by {until:%Y-%m-%d}"
    if after > limit:
        message = f"{sums}; at most ${limit:.2f} passes. A shorter leaseHours may fit."
        return Verdict(rule=rule, verdict="deny", limit=limit, actual=after, message=message)
    doubts = "; ".join(filter(None, (spent.doubt, _unpriced_doubt(facts.fleet))))
    if doubts:
        return Verdict(rule=rule, verdict=unread, limit=limit, actual=after, message=f"{sums}, but {doubts}.")
    return Verdict(rule=rule, verdict="pass", limit=limit, actual=after, message=f"{sums}, within ${limit:.2f}.")


def _plan_cost(subject: Subject, now: datetime, until: datetime) -> Decimal | None:
    """USD of a plan in a period; a subscription counts whole, with the renewal that it sets going."""
    price = subject.quote
    if price.hourly is None or price.upfront is None or subject.renewal_usd is None:
        return None
    if subject.billing_mode == "monthly":
        return price.upfront + subject.renewal_usd + cost_until(price.stopped_hourly, now, until, None)
    return cost_until(price.hourly, now, until, subject.lease_hours, price.stopped_hourly)


def _unpriced_doubt(fleet: Fleet) -> str:
    return f"the price of {', '.join(fleet.unpriced)} is unknown" if fleet.unpriced else ""


def _allowances(subject: Subject, policy: Policy) -> Iterator[Verdict]:
    name = subject.product.name if subject.product else ""
    yield from _matches("allowed_products", policy.allowed_products, (subject.product_id, name), "productId")
    yield from _matches("allowed_clusters", policy.allowed_clusters, (subject.cluster_id,), "clusterId")
    yield from _matches("allowed_images", policy.allowed_images, (subject.image_url,), "imageUrl")
    yield _billing(subject.billing_mode, policy.allowed_billing)
    if subject.auto_renew:
        yield _auto_renew(allowed=policy.allow_auto_renew)


def _matches(rule: str, patterns: tuple[str, ...], values: tuple[str, ...], field: str) -> Iterator[Verdict]:
    if not patterns:
        return
    allowed = any(fnmatchcase(value, pattern) for value in values if value for pattern in patterns)
    limit, actual = ", ".join(patterns), values[0] or "(any)"
    message = f"{field} {actual} " + ("is allowed." if allowed else f"does not match what is allowed: {limit}.")
    yield Verdict(rule=rule, verdict="pass" if allowed else "deny", limit=limit, actual=actual, message=message)


def _billing(mode: BillingMode, allowed: tuple[str, ...]) -> Verdict:
    limit, ok = ", ".join(allowed), mode in allowed
    message = f"billingMode {mode} is allowed." if ok else f"billingMode {mode} is not allowed; these are: {limit}."
    return Verdict(rule="allowed_billing", verdict="pass" if ok else "deny", limit=limit, actual=mode, message=message)


def _auto_renew(*, allowed: bool) -> Verdict:
    message = "autoRenew is allowed." if allowed else "autoRenew keeps charging until it is switched off; leave it out."
    ruling: Ruling = "pass" if allowed else "deny"
    return Verdict(rule="allow_auto_renew", verdict=ruling, limit=allowed, actual=True, message=message)


def _lease(subject: Subject, policy: Policy) -> Iterator[Verdict]:
    hours, longest = subject.lease_hours, policy.max_lease_hours
    if hours is None:
        if policy.require_lease:
            message = "Every instance here needs leaseHours: how long it may run before it is stopped."
            yield Verdict(rule="require_lease", verdict="deny", limit=True, message=message)
        return
    if longest is None:
        return
    ok = hours <= longest
    message = f"leaseHours {hours:f}; at most {longest:f} passes."
    yield Verdict(
        rule="max_lease_hours", verdict="pass" if ok else "deny", limit=longest, actual=hours, message=message
    )


def _unreadable(rule: str, limit: Decimal | int, what: str, unread: Ruling) -> Verdict:
    decides = "a person decides" if unread == "warn" else "nobody is asked here, so this is refused"
    return Verdict(rule=rule, verdict=unread, limit=limit, message=f"Could not read {what}; {decides}.")
