"""Sheets as the road makes them, one for each kind of plan that a person may see."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from novita_mcp.approval.sheet import Sheet, sheet_of
from novita_mcp.domain.plans import ActionName, Fact, Plan
from novita_mcp.domain.policy import Verdict
from novita_mcp.domain.pricing import Quote, QuoteLine
from novita_mcp.simulator.turned_clock import TurnedClock

COMMAND = (
    "bash -lc 'pip install -U vllm && vllm serve meta-llama/Llama-3.1-8B-Instruct --port 8000 --max-model-len 32768'"
)
WARNING = "The image has no tag, so what it contains may change between two starts."
ASSUMPTIONS = (
    "Prices are Novita's list prices per GPU and hour, read just now, without discounts and vouchers.",
    "Estimate: disk beyond 60 GB free costs $0.005 per GB and day, running or stopped.",
)


def create_sheet(
    *,
    hourly: str = "0.35",
    digest: str = "digest-of-0.35",
    plan_id: str = "plan-7k3m9qwe2rtz",
    expires_at: datetime | None = None,
    command: str = COMMAND,
    warnings: tuple[str, ...] = (WARNING,),
    **quoted: Any,
) -> Sheet:
    rate = Decimal(hourly)
    plan = _plan("create", quote=_quote(rate, **quoted), facts=_facts(rate, command), warnings=warnings)
    plan = plan.model_copy(update={"guardrails": _guardrails(rate)})
    return sheet_of(plan_id, plan, digest, expires_at or _soon())


def delete_sheet() -> Sheet:
    facts = (
        Fact(label="Instance", value="i-4f81c0de7a, status exited"),
        Fact(label="Name", value="llama-eval"),
        Fact(label="Created here", value="NO: somebody else started it"),
        Fact(label="Lost for good", value="the 120 GB disk and everything on it"),
        Fact(label="Stops costing", value="$0.0125 per hour"),
        Fact(label="Keeps costing", value="network volume vol-8812, 500 GB; its data stays"),
    )
    warnings = ("This instance was not created through this server's ledger.",)
    return sheet_of("plan-del3te9qwe2r", _plan("delete", facts=facts, warnings=warnings), "digest-of-delete", _soon())


def _plan(
    action: ActionName, *, facts: tuple[Fact, ...], warnings: tuple[str, ...], quote: Quote | None = None
) -> Plan:
    return Plan(
        action=action,
        request={},
        product=None,
        quote=quote,
        guardrails=(),
        warnings=warnings,
        lease_hours=None,
        marker="7k3m9qwe2rtz",
        facts=facts,
    )


def _quote(hourly: Decimal, **quoted: Any) -> Quote:
    disk = Decimal("0.0083")
    figures: dict[str, Any] = {
        "hourly": hourly,
        "daily": hourly * 24,
        "monthly": hourly * 730,
        "upfront": Decimal(0),
        "stopped_hourly": disk,
        "lease_total": hourly * 8,
        "lines": (
            QuoteLine(item="1 × RTX 4090 24GB, onDemand", hourly=hourly - disk),
            QuoteLine(item="root disk, 40 GB beyond the free 60 GB", hourly=disk),
        ),
        "assumptions": ASSUMPTIONS,
    }
    return Quote(**(figures | quoted))


def _facts(hourly: Decimal, command: str) -> tuple[Fact, ...]:
    return (
        Fact(label="Product", value="1 × RTX 4090 24GB (4090.16c62g)"),
        Fact(label="Billing", value="onDemand"),
        Fact(label="Image", value="vllm/vllm-openai (from docker.io)"),
        Fact(label="Command", value=command),
        Fact(label="Disk", value="100 GB"),
        Fact(label="Ports", value="8000/http, 22/tcp"),
        Fact(label="Region", value="us-dallas-01"),
        Fact(label="Lease", value="8 hours, then it is stopped"),
        Fact(label="Name", value="llama-eval"),
        Fact(label="Already running", value=f"2 at $1.10 per hour; with this one ${hourly + Decimal('1.10')} per hour"),
    )


def _guardrails(hourly: Decimal) -> tuple[Verdict, ...]:
    def within(rule: str, limit: int | Decimal | str, actual: int | Decimal | str) -> Verdict:
        return Verdict(rule=rule, verdict="pass", limit=limit, actual=actual, message="It is within the limit.")

    return (
        within("max_hourly_usd", Decimal(5), hourly),
        within("max_total_hourly_usd", Decimal("1.60"), hourly + Decimal("1.10")),
        within("min_balance_hours", Decimal(1), Decimal("61.3")),
        within("max_gpus", 8, 1),
        within("max_instances", 5, 3),
        Verdict(
            rule="monthly_budget_usd",
            verdict="warn",
            limit=Decimal(200),
            message="Could not read what was spent or will be; a person decides.",
        ),
        within("max_lease_hours", Decimal(24), Decimal(8)),
        within("allowed_billing", "onDemand, spot", "onDemand"),
    )


def _soon() -> datetime:
    return TurnedClock().now() + timedelta(minutes=10)
