"""How an instance comes to run: its phases, what they cost, and why a start failed."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from novita_mcp.domain.base import usd
from novita_mcp.domain.history.leases import hours_between
from novita_mcp.domain.models import UNBILLED, Instance

SLOW_AFTER = timedelta(minutes=15)
"""Novita's clients wait 5 to 15 minutes (API reference, 6.7); more is out of the ordinary."""
PHASES: Final = {
    "toCreate": "being placed on a machine",
    "creating": "being placed on a machine",
    "pending": "waiting for a machine",
    "pulling": "pulling the image",
    "toStart": "starting",
    "starting": "starting the container",
    "toRestart": "restarting",
    "restarting": "restarting the container",
    "toReset": "being reset",
    "resetting": "changing the image",
    "migrating": "moving to another machine",
    "toStop": "stopping",
    "stopping": "stopping",
    "toRemove": "being deleted",
    "removing": "being deleted",
    "freezing": "being frozen, the account is in arrears",
}


class Fault(NamedTuple):
    """Why a start failed, and what to change before trying again."""

    meaning: str
    remedy: str


CREDENTIALS = "give imageAuthId (list_resources kind registryAuths), and check that the image exists"
OTHER_PLACE = "choose another product or cluster with search_gpu_products, or ask for fewer GPUs"
FAULTS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), Fault(meaning, remedy))
    for pattern, meaning, remedy in (
        (
            r"too ?many ?requests|rate.?limit|\b429\b",
            "the registry limits anonymous pulls",
            "give imageAuthId (list_resources kind registryAuths), or use another registry",
        ),
        (
            r"unauthori[sz]ed|authentication|denied|forbidden|\b40[13]\b|no basic auth|credential",
            "the registry did not let Novita pull the image",
            CREDENTIALS,
        ),
        (
            r"manifest unknown|not ?found|no such image|does not exist|invalid reference|InvalidImageName|\b404\b",
            "the image does not exist",
            "check imageUrl letter by letter, with its tag",
        ),
        (
            r"no space left|disk (?:full|pressure|quota)|ephemeral.?storage|evicted",
            "the disk is too small",
            "give a larger rootfsSize",
        ),
        (
            r"unsatisfied condition|cuda.{0,40}(?:version|driver|incompatible|requires?|[<>=])|(?:nvidia|gpu) driver",
            "the machine's driver does not fit the image's CUDA version",
            "set minCudaVersion to what the image needs, or take an image for an older CUDA",
        ),
        (
            r"pull|image",
            "the image could not be pulled",
            "check imageUrl and its tag; a private image needs imageAuthId",
        ),
        (
            r"\boom|out of memory|cannot allocate",
            "the container ran out of memory",
            "choose a product with more memory, or load less at the start",
        ),
        (
            r"insufficient|out of resources?|no (?:free|available)|unschedulable|capacity|not enough",
            "no machine had what was asked for",
            OTHER_PLACE,
        ),
        (r"mount|volume|storage|nfs", "a volume could not be mounted", "see list_resources kind networkStorages"),
        (
            r"exec format|executable|no such file|entrypoint|permission|crash|back.?off|exit(?:ed)?\b|command",
            "the container ended by itself",
            "check command and entrypoint; a container must keep running",
        ),
        (r"port", "a port could not be opened", "check ports"),
    )
)
UNKNOWN_FAULT = Fault("Novita names no reason that is known here", "read Novita's words above before trying again")


def fault_of(instance: Instance) -> Fault:
    """Why the start of an instance failed."""
    return next((fault for pattern, fault in FAULTS if pattern.search(instance.status_error)), UNKNOWN_FAULT)


def standing(
    instance: Instance, awaited: str | None, waited_seconds: int, hourly_usd: Decimal | None, now: datetime
) -> Iterator[str]:
    """Yield how things stand after a wait, and what to do next."""
    if instance.status_error:
        yield from _failed(instance, hourly_usd)
    elif awaited is not None and instance.status != awaited:
        yield f"Still {instance.status} after {waited_seconds} s."
        yield from _what_now(instance, awaited, hourly_usd, now)
    elif instance.status == "running":
        yield "Running. That does not mean that sshd or a service is up: if SSH is refused, try again for some minutes;"
        yield "HTTP answers 502 until a service listens."
        if instance.ssh is None or not instance.ssh.command:
            yield "Novita names no SSH address yet: look again in a moment."
    else:
        yield f"Status {instance.status}."


def _failed(instance: Instance, hourly_usd: Decimal | None) -> Iterator[str]:
    fault = fault_of(instance)
    yield f"The start failed: {fault.meaning}. It does not recover by itself, and may go on costing"
    yield f"{usd(hourly_usd)}/h: delete the instance (delete_gpu_instance)."
    yield f"Before creating another one, {fault.remedy}."


def _what_now(instance: Instance, awaited: str, hourly_usd: Decimal | None, now: datetime) -> Iterator[str]:
    if awaited == "exited":
        yield "stop_gpu_instance stops it; if that was asked for, call get_gpu_instance with waitFor again."
    elif not instance.exists:
        yield "It is being deleted, and will not run again."
    elif not instance.runs:
        yield "It does not run by itself: start_gpu_instance starts it."
    else:
        yield f"It is {progress(instance, hourly_usd, now)}; the GPU is billed from the image pull on."
        yield _patience(instance, now)


def _patience(instance: Instance, now: datetime) -> str:
    if is_slow(instance, now):
        return (
            "That is slow. The person may want to delete it (delete_gpu_instance) and try another cluster "
            "or a smaller image; or call get_gpu_instance with waitFor again."
        )
    return "Large images take 5 to 15 minutes: call get_gpu_instance with waitFor again."


def billed_since(instance: Instance) -> datetime | None:
    """When what is running now began to cost, at the earliest; None where that cannot be told.

    Billing begins at the image pull, which no time is given for: the first start counts from the creation.
    """
    started, stopped = instance.last_started_at, instance.last_stopped_at
    if instance.status in UNBILLED or not instance.runs:
        return None
    if stopped is None:
        return instance.created_at
    return started if started is not None and started > stopped else None


def progress(instance: Instance, hourly_usd: Decimal | None, now: datetime) -> str:
    """Where a start stands, how long it has taken and what it has cost."""
    doing = PHASES.get(instance.status, instance.status)
    if instance.status in UNBILLED:
        return f"{doing}, not billed yet"
    since = billed_since(instance)
    if since is None:
        return doing
    cost = _cost_since(since, hourly_usd, now)
    return f"{doing} for {duration(now - since)}" + (f", up to {cost} so far" if cost else "")


def is_slow(instance: Instance, now: datetime) -> bool:
    """Whether a start takes longer than starts do."""
    since = billed_since(instance) or (instance.created_at if instance.status in UNBILLED else None)
    return since is not None and now - since > SLOW_AFTER


def duration(length: timedelta) -> str:
    """A length of time in the unit that says enough."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _cost_since(since: datetime, hourly_usd: Decimal | None, now: datetime) -> str:
    return "" if hourly_usd is None else usd(max(Decimal(0), hourly_usd * hours_between(since, now)))
