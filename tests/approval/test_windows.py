"""Windows: a yes beforehand, within limits, for creates and starts of our own."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import anyio
import pytest

from novita_mcp.domain.history.entries import EntryKind
from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.approval.people import terminal_says
from tests.world import CREATE, ERAS, Opened, Person, no, opened

pytestmark = pytest.mark.anyio

WIDE: Mapping[str, Any] = {"NOVITA_MCP_MAX_INSTANCES": "50", "NOVITA_MCP_MAX_TOTAL_HOURLY_USD": "50"}


def open_window(server: Opened, *, hours: float = 2, hourly: str = "2", total: str = "6") -> None:
    """What `novita-mcp approve --for` writes."""
    until = server.clock.now() + timedelta(hours=hours)
    facts = {"until": until.isoformat(), "max_hourly_usd": hourly, "max_total_usd": total, "opened_by": "ann@desk"}
    server.app.ledger.append(EntryKind.WINDOW_OPENED, facts=facts)


async def create(server: Opened, **changes: Any) -> dict[str, Any]:
    return await server.outcome("create_gpu_instance", {**CREATE, **changes})


@pytest.mark.parametrize("mode", ERAS)
async def test_within_a_window_nothing_is_asked(tmp_path, mode):
    clock = TurnedClock()
    person = Person(no(), clock)
    async with opened(tmp_path, mode=mode, clock=clock, person=person) as server:
        open_window(server)
        outcome = await create(server)
        assert (outcome["status"], outcome["approval"]["channel"]) == ("created", "window")
        instance_id = outcome["instance"]["instanceId"]
        clock.advance(120)
        await server.outcome("stop_gpu_instance", {"instanceId": instance_id})
        clock.advance(120)
        started = await server.outcome("start_gpu_instance", {"instanceId": instance_id})
        assert (started["status"], started["approval"]["channel"]) == ("started", "window")
        assert not person.asked


@pytest.mark.parametrize(
    ("window", "changes"),
    [
        ({"hourly": "0.34"}, {}),
        ({"total": "0.69"}, {}),
        ({"total": "0.69"}, {"leaseHours": 2}),
        ({"total": "3.40"}, {"leaseHours": 10}),
        ({"hours": 0.0}, {}),
    ],
    ids=["too dear by the hour", "the rest of the window", "its lease", "a lease beyond the window", "over"],
)
async def test_what_a_window_does_not_cover_is_asked_about(tmp_path, window, changes):
    async with opened(tmp_path) as server:
        open_window(server, **window)
        assert (await create(server, **changes))["status"] == "approval_required"
        assert not server.writes


@pytest.mark.parametrize("changes", [{}, {"leaseHours": 2}])
async def test_a_window_covers_up_to_its_last_cent(tmp_path, changes):
    async with opened(tmp_path) as server:
        open_window(server, hourly="0.35", total="0.70")
        assert (await create(server, **changes))["status"] == "created"
        assert (await create(server, **changes))["status"] == "approval_required"


async def test_a_window_ends_by_its_time_and_by_its_owner(tmp_path):
    async with opened(tmp_path) as server:
        open_window(server, hours=1)
        server.clock.advance(3600)
        assert (await create(server))["status"] == "approval_required"
        open_window(server)
        server.app.ledger.append(EntryKind.WINDOW_CLOSED)
        assert (await create(server))["status"] == "approval_required"


async def test_guardrails_hold_in_a_window(tmp_path):
    async with opened(tmp_path, environ={"NOVITA_MCP_MAX_HOURLY_USD": "0.30"}) as server:
        open_window(server)
        assert (await create(server))["status"] == "denied"


async def test_what_cannot_be_read_is_asked_about(tmp_path):
    async with opened(tmp_path) as server:
        open_window(server)
        server.world.faults.add(Fault(path_ends_with="/balance/detail", kind="status", status=500, times=20))
        assert (await create(server))["status"] == "approval_required"
        assert not server.writes


async def test_subscriptions_are_asked_about(tmp_path):
    environ = {"NOVITA_MCP_ALLOWED_BILLING": "onDemand,monthly", "NOVITA_MCP_ALLOW_AUTO_RENEW": "true"}
    async with opened(tmp_path, environ=environ) as server:
        open_window(server, hourly="100", total="10000")
        outcome = await create(server, billingMode="monthly", month=1)
        assert outcome["status"] != "created"
        assert not server.writes


async def test_deletes_are_asked_about(tmp_path):
    async with opened(tmp_path) as server:
        open_window(server)
        instance_id = (await create(server))["instance"]["instanceId"]
        outcome = await server.outcome("delete_gpu_instance", {"instanceId": instance_id})
        assert outcome["status"] == "approval_required"


async def test_somebody_elses_instance_is_asked_about(tmp_path):
    clock = TurnedClock()
    async with opened(tmp_path / "theirs", clock=clock) as theirs:
        waiting = await create(theirs)
        terminal_says(theirs.app.ledger, waiting["planId"])
        foreign = (await theirs.outcome("apply_plan", {"planId": waiting["planId"]}))["instance"]["instanceId"]
        clock.advance(120)
        async with opened(tmp_path / "ours", clock=clock, world=theirs.world) as server:
            open_window(server)
            stopped = await server.outcome("stop_gpu_instance", {"instanceId": foreign})
            assert stopped["status"] == "approval_required"
            await theirs.outcome("stop_gpu_instance", {"instanceId": foreign})
            clock.advance(120)
            started = await server.outcome("start_gpu_instance", {"instanceId": foreign})
            assert started["status"] == "approval_required"


@pytest.mark.parametrize("mode", ERAS)
async def test_parallel_calls_of_two_servers_cannot_overspend_a_window(tmp_path, mode):
    clock = TurnedClock()
    async with (
        opened(tmp_path, environ=WIDE, mode=mode, clock=clock) as one,
        opened(tmp_path, environ=WIDE, mode=mode, clock=clock, world=one.world) as other,
    ):
        open_window(one, hours=2, total="1.50")
        statuses: list[str] = []

        async def try_one(server: Opened) -> None:
            statuses.append((await create(server))["status"])

        async with anyio.create_task_group() as group:
            for server in (one, other) * 3:
                group.start_soon(try_one, server)
        assert statuses.count("created") == 2
        assert one.world.created_count() == 2


async def test_a_definite_no_of_novitas_gives_its_share_back(tmp_path):
    async with opened(tmp_path) as server:
        open_window(server, total="0.70")
        refusal = Fault(
            method="POST",
            path_ends_with="/create",
            kind="status",
            status=400,
            body={"code": 400, "reason": "INSUFFICIENT_RESOURCE", "message": "insufficient resource"},
        )
        server.world.faults.add(refusal)
        assert (await server.call("create_gpu_instance", CREATE)).is_error
        assert (await create(server))["status"] == "created"


async def test_get_spending_shows_the_window_and_what_is_used_of_it(tmp_path):
    async with opened(tmp_path) as server:
        assert "window" not in await server.outcome("get_spending")
        open_window(server)
        await create(server)
        window = (await server.outcome("get_spending"))["window"]
        assert (window["maxHourlyUsd"], window["maxTotalUsd"], window["openedBy"]) == (2, 6, "ann@desk")
        assert Decimal(str(window["usedUsd"])).quantize(Decimal("0.01")) == Decimal("0.70")


@pytest.mark.parametrize("policy", ["confirm", "none"])
async def test_windows_mean_nothing_where_no_person_is_asked(tmp_path, policy):
    async with opened(tmp_path, environ={"NOVITA_MCP_APPROVAL": policy}) as server:
        open_window(server)
        outcome = await create(server)
        assert outcome["approval"]["channel"] != "window"
