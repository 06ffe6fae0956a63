"""How a start stands, what it costs meanwhile, and why it failed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from novita_mcp.domain.fleet import FleetMember
from novita_mcp.domain.models import Connection, Instance
from novita_mcp.domain.noticing import forgotten, notices
from novita_mcp.domain.startup import duration, fault_of, is_slow, progress, standing

CREATED = datetime(2026, 8, 3, 18, 0, tzinfo=UTC)
NOW = CREATED + timedelta(minutes=10)
HOURLY = Decimal("0.60")


def instance(status: str, **fields: Any) -> Instance:
    return Instance(instance_id="37d312386c80a3b9", name="a", status=status, **{"created_at": CREATED, **fields})


STANDINGS = [
    (instance("creating"), "being placed on a machine, not billed yet"),
    (instance("pulling"), "pulling the image for 10 min, up to $0.10 so far"),
    (instance("pulling", created_at=None), "pulling the image"),
    (instance("somethingNew"), "somethingNew for 10 min, up to $0.10 so far"),
    (instance("starting", last_stopped_at=CREATED), "starting the container"),
    (
        instance("running", last_stopped_at=CREATED, last_started_at=NOW - timedelta(minutes=5)),
        "running for 5 min, up to $0.05 so far",
    ),
    (instance("stopping", created_at=NOW + timedelta(hours=1)), "stopping for 0 s, up to $0.00 so far"),
]


@pytest.mark.parametrize(("one", "said"), STANDINGS)
def test_a_start_is_told_with_its_time_and_its_highest_cost(one: Instance, said: str) -> None:
    assert progress(one, HOURLY, NOW) == said


def test_a_start_at_an_unknown_price_is_told_without_one() -> None:
    assert progress(instance("pulling"), None, NOW) == "pulling the image for 10 min"


@pytest.mark.parametrize(
    ("status", "minutes", "slow"), [("pulling", 15, False), ("pulling", 16, True), ("creating", 16, True)]
)
def test_a_start_is_slow_after_a_quarter_of_an_hour(status: str, minutes: int, slow: bool) -> None:
    assert is_slow(instance(status), CREATED + timedelta(minutes=minutes)) is slow


FAULTS = [
    ("ImagePullFailed: failed to pull image", "could not be pulled", "imageUrl"),
    ("ImagePullBackOff: pull access denied for x/y, repository may require 'docker login'", "registry", "imageAuthId"),
    ("ErrImagePull: unauthorized: authentication required", "registry", "imageAuthId"),
    ("ErrImagePull: manifest unknown", "does not exist", "imageUrl"),
    ("ErrImagePull: toomanyrequests: You have reached your pull rate limit", "limits anonymous", "another registry"),
    ("InvalidImageName: invalid reference format", "does not exist", "imageUrl"),
    ("unsatisfied condition: cuda>=12.8, please update your driver", "CUDA", "minCudaVersion"),
    ("CUDA driver version is insufficient for CUDA runtime version", "CUDA", "minCudaVersion"),
    ("OOMKilled", "out of memory", "more memory"),
    ("INSUFFICIENT_RESOURCE: no free machine", "no machine", "search_gpu_products"),
    ("Unschedulable: 0/12 nodes are available", "no machine", "search_gpu_products"),
    ("write /data: no space left on device", "disk is too small", "rootfsSize"),
    ("CrashLoopBackOff: back-off restarting failed container", "ended by itself", "entrypoint"),
    ("exec /start.sh: exec format error", "ended by itself", "entrypoint"),
    ("MountVolume.SetUp failed", "volume could not be mounted", "networkStorages"),
    ("failed to pull image nvidia/cuda:12.4.1-base", "could not be pulled", "imageUrl"),
    ("E42", "no reason that is known here", "Novita's words"),
]


@pytest.mark.parametrize(("stated", "meaning", "remedy"), FAULTS)
def test_a_failed_start_is_explained_with_what_to_change(stated: str, meaning: str, remedy: str) -> None:
    fault = fault_of(instance("pulling", status_error=stated))
    assert meaning in fault.meaning
    assert remedy in fault.remedy


SSH = Connection(command="ssh -p 22001 root@203.0.113.7")
AFTERWARDS = [
    (
        instance("pulling", status_error="ErrImagePull"),
        "running",
        ["The start failed", "$0.60/h", "delete_gpu_instance"],
    ),
    (instance("pulling"), "running", ["Still pulling after 45 s", "5 to 15 minutes", "waitFor again"]),
    (instance("pulling", created_at=CREATED - timedelta(hours=1)), "running", ["That is slow", "delete_gpu_instance"]),
    (instance("running", ssh=SSH), "running", ["does not mean that sshd", "502"]),
    (instance("running"), "running", ["names no SSH address yet"]),
    (instance("running"), "exited", ["Still running", "stop_gpu_instance"]),
    (instance("exited"), "running", ["start_gpu_instance"]),
    (instance("removing"), "running", ["being deleted"]),
    (instance("exited"), None, ["Status exited."]),
]


@pytest.mark.parametrize(("one", "wanted", "words"), AFTERWARDS)
def test_a_wait_ends_with_how_things_stand_and_the_next_step(one: Instance, wanted: str, words: list[str]) -> None:
    said = " ".join(standing(one, wanted, 45, HOURLY, NOW))
    assert [word for word in words if word not in said] == []


NOTICES = [
    (instance("running"), []),
    (instance("pulling", status_error="ErrImagePull"), ["failed: «ErrImagePull»"]),
    (
        instance("running", spot_status="notified", spot_reclaim_at=NOW + timedelta(hours=1)),
        ["spot is reclaimed at 2026-08-03 19:10 UTC: save what matters"],
    ),
    (instance("exited", spot_status="terminated", spot_reclaim_at=CREATED), ["spot was reclaimed"]),
    (
        instance("running", billing_mode="monthly", ends_at=NOW + timedelta(days=3)),
        ["subscription ends 2026-08-06, in 3 days"],
    ),
    (instance("running", billing_mode="monthly", ends_at=NOW + timedelta(days=30)), ["subscription ends 2026-09-02"]),
    (instance("exited", billing_mode="monthly", ends_at=CREATED), ["subscription ended 2026-08-03"]),
    (instance("freezing"), ["the account is in arrears; volumes are released after 3 days"]),
]


@pytest.mark.parametrize(("one", "said"), NOTICES)
def test_what_a_person_should_know_is_noticed(one: Instance, said: list[str]) -> None:
    assert list(notices(one, NOW)) == said


DAY_LATER = CREATED + timedelta(hours=25)
FORGOTTEN = [
    (instance("running"), None, DAY_LATER, ["has run for 25 h without a lease: forgotten?"]),
    (instance("running"), None, CREATED + timedelta(hours=24), []),
    (instance("running", last_started_at=DAY_LATER), None, DAY_LATER, []),
    (instance("running"), DAY_LATER, DAY_LATER, []),
    (instance("exited"), None, DAY_LATER, []),
    (instance("running", billing_mode="monthly"), None, DAY_LATER, []),
    (instance("running", created_at=None), None, DAY_LATER, []),
]


@pytest.mark.parametrize(("one", "lease_until", "now", "said"), FORGOTTEN)
def test_what_runs_for_a_day_without_a_lease_may_be_forgotten(
    one: Instance, lease_until: datetime | None, now: datetime, said: list[str]
) -> None:
    member = FleetMember(
        instance=one, hourly_usd=HOURLY, stopped_hourly_usd=Decimal(0), ours=True, lease_until=lease_until
    )
    assert list(forgotten(member, now)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172800, "2 days")],
)
def test_a_length_of_time_is_said_in_the_unit_that_says_enough(seconds: int, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said
