"""Toolset `lifecycle`: everything around an instance that exists."""

from novita_mcp.domain.fields import LeaseHours
from novita_mcp.provisioning.extending import ExtendLease
from novita_mcp.tools.flat import FlatTool
from novita_mcp.tools.spending import ONCE, InstanceArguments, acting_tool


class ExtendArguments(InstanceArguments):
    """Which instance, and how many hours from now."""

    lease_hours: LeaseHours


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (
        acting_tool(
            "extend_lease",
            "Extend a lease",
            "Let an instance created here run for leaseHours from now before it is stopped automatically. "
            "It costs for longer: plan, guardrails and approval as for a create.",
            ExtendArguments,
            lambda args: ExtendLease(instance_id=args.instance_id, lease_hours=args.lease_hours),
            ONCE,
        ),
    )
