"""What a person should know about an instance without having asked."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from novita_mcp.domain.base import third_party
from novita_mcp.domain.fleet import FleetMember
from novita_mcp.domain.models import Instance
from novita_mcp.domain.startup import duration

FORGOTTEN_AFTER = timedelta(hours=24)
ENDING_SOON = timedelta(days=7)


def notices(instance: Instance, now: datetime) -> Iterator[str]:
    """Yield a failed start, a spot reclaim, an ending subscription, arrears."""
    if instance.status_error:
        yield f"failed: {third_party(instance.status_error)}"
    if instance.spot_status in {"notified", "reclaiming"} and instance.spot_reclaim_at:
        yield f"spot is reclaimed at {instance.spot_reclaim_at:%Y-%m-%d %H:%M} UTC: save what matters"
    elif instance.spot_reclaim_at and instance.status == "exited":
        yield "spot was reclaimed"
    if instance.billing_mode == "monthly" and instance.ends_at:
        yield f"subscription {_ending(instance.ends_at, now)}"
    if instance.status == "freezing":
        yield "the account is in arrears; volumes are released after 3 days"


def forgotten(member: FleetMember, now: datetime) -> Iterator[str]:
    """Say so if an instance runs for long without anything that would ever stop it."""
    instance = member.instance
    since = instance.last_started_at or instance.created_at
    if instance.status != "running" or instance.billing_mode == "monthly" or member.lease_until or since is None:
        return
    if now - since > FORGOTTEN_AFTER:
        yield f"has run for {duration(now - since)} without a lease: forgotten?"


def _ending(ends_at: datetime, now: datetime) -> str:
    left = ends_at - now
    if left <= timedelta(0):
        return f"ended {ends_at:%Y-%m-%d}"
    return f"ends {ends_at:%Y-%m-%d}" + (f", in {duration(left)}" if left <= ENDING_SOON else "")
