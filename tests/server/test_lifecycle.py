"""Start spends, delete destroys, and what somebody else started is touched only with a person's yes."""

from pathlib import Path

import pytest

from tests.server.support import Desk, desk, failure, structured, text

pytestmark = pytest.mark.anyio

WRITES = ("stop", "restart", "delete")


async def running(d: Desk, **changes: object) -> str:
    instance_id = await d.created(**changes)
    await d.until("running", instance_id)
    d.person.questions.clear()
    return instance_id


async def stopped(d: Desk, **changes: object) -> str:
    instance_id = await running(d, **changes)
    await d.call("stop_gpu_instance", instanceId=instance_id)
    await d.until("exited", instance_id)
    return instance_id


async def status_of(d: Desk, instance_id: str) -> str:
    return str(structured(await d.call("get_gpu_instance", instanceId=instance_id))["status"])


@pytest.mark.parametrize(("action", "status"), [("stop", "stopped"), ("restart", "restarted")])
async def test_our_own_instance_is_stopped_and_restarted_without_a_question(
    action: str, status: str, tmp_path: Path, era: str
) -> None:
    async with desk(tmp_path, era=era) as d:
        instance_id = await running(d)
        outcome = structured(await d.call(f"{action}_gpu_instance", instanceId=instance_id))
    assert outcome["status"] == status
    assert d.person.questions == []
    assert d.kinds[-2:] == ["sending", "done"]


async def test_a_delete_asks_says_what_is_lost_and_what_goes_on_costing(tmp_path: Path, era: str) -> None:
    volume = "3d2c1b0a-1111-4222-8333-444455556666"
    async with desk(tmp_path, era=era) as d:
        instance_id = await running(d, networkStorages=[{"Id": volume}])
        outcome = structured(await d.call("delete_gpu_instance", instanceId=instance_id))
    (question,) = d.person.questions
    assert outcome["status"] == "deleted"
    assert "Lost for good" in question
    assert f"network volume {volume}" in question
    assert d.world.existing()[0].status(d.world.now()) in {"toRemove", "removing"}


async def test_a_delete_that_is_declined_deletes_nothing(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        instance_id = await running(d)
        d.person.says = "decline"
        result = await d.call("delete_gpu_instance", instanceId=instance_id)
        assert await status_of(d, instance_id) == "running"
    assert structured(result)["status"] == "declined"
    assert "nothing was deleted" in text(result)


async def test_a_start_is_a_plan_with_a_price_and_a_question(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        instance_id = await stopped(d, rootfsSize=84)
        previewed = structured(await d.call("start_gpu_instance", instanceId=instance_id, dryRun=True))
        assert await status_of(d, instance_id) == "exited"
        started = structured(await d.call("start_gpu_instance", instanceId=instance_id, leaseHours=2))
        await d.until("running", instance_id)
    assert previewed["plan"]["quote"]["hourly"] == pytest.approx(0.355)
    assert started["status"] == "started"
    assert started["plan"]["quote"]["leaseTotal"] == pytest.approx(0.71)
    assert "$0.355 per hour" in d.person.questions[-1]
    assert "2 hours" in d.person.questions[-1]


async def test_a_start_obeys_the_guardrails_and_counts_itself_once(tmp_path: Path) -> None:
    async with desk(tmp_path, approval="none", max_total_hourly_usd="0.7", max_instances="2") as d:
        instance_id = await stopped(d)
        d.world.add_foreign_instance()
        assert (
            structured(await d.call("start_gpu_instance", instanceId=instance_id, dryRun=True))["status"] == "preview"
        )
        d.world.set_price("4090.16c62g", price_raw=35001)
        denied = structured(await d.call("start_gpu_instance", instanceId=instance_id))
    assert denied["status"] == "denied"
    assert "max_total_hourly_usd" in denied["message"]


async def test_a_start_of_what_is_sold_out_is_tried_with_a_warning(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        instance_id = await stopped(d)
        d.world.set_stock("4090.16c62g", "none")
        outcome = structured(await d.call("start_gpu_instance", instanceId=instance_id, dryRun=True))
    assert outcome["status"] == "preview"
    assert any("sold out" in warning for warning in outcome["plan"]["warnings"])


async def test_a_start_that_novita_refuses_says_why(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        instance_id = await stopped(d)
        d.fault("status", "/gpu/instance/start", status=400, body={"message": "invalid state change"})
        said = failure(await d.call("start_gpu_instance", instanceId=instance_id))
    assert "in the middle of another change" in said


@pytest.mark.parametrize(
    ("action", "state", "words"),
    [
        ("start", "running", "not stopped"),
        ("stop", "exited", "nothing to stop"),
        ("restart", "exited", "only a running instance restarts"),
    ],
)
async def test_what_makes_no_sense_is_not_sent(action: str, state: str, words: str, tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        instance_id = await (running(d) if state == "running" else stopped(d))
        sent = len(d.posts)
        said = failure(await d.call(f"{action}_gpu_instance", instanceId=instance_id))
        assert len(d.posts) == sent
    assert words in said


async def test_what_is_stopping_already_is_not_stopped_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        instance_id = await running(d)
        await d.call("stop_gpu_instance", instanceId=instance_id)
        sent = len(d.posts)
        said = failure(await d.call("stop_gpu_instance", instanceId=instance_id))
        assert len(d.posts) == sent
    assert "toStop: there is nothing to stop" in said


@pytest.mark.parametrize("action", ["start", *WRITES])
async def test_an_instance_that_never_was_is_not_found(action: str, tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        assert "list_gpu_instances" in failure(await d.call(f"{action}_gpu_instance", instanceId="0123456789abcdef"))
    assert d.posts == []


@pytest.mark.parametrize("action", WRITES)
async def test_a_foreign_instance_is_touched_only_with_a_yes(action: str, tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        foreign = d.world.add_foreign_instance(name="colleague")
        d.person.says = "decline"
        result = await d.call(f"{action}_gpu_instance", instanceId=foreign.id)
        assert structured(result)["status"] == "declined"
        assert d.posts == []
    (question,) = d.person.questions
    assert "NO: somebody else started it" in question
    assert "not created" in str(structured(result)["plan"]["warnings"])


@pytest.mark.parametrize("action", WRITES)
async def test_a_yes_is_enough_for_a_foreign_instance(action: str, tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        foreign = d.world.add_foreign_instance()
        outcome = structured(await d.call(f"{action}_gpu_instance", instanceId=foreign.id))
    assert outcome["status"] in {"stopped", "restarted", "deleted"}
    assert len(d.person.questions) == 1


@pytest.mark.parametrize("action", WRITES)
async def test_nobody_touches_a_foreign_instance_unattended(action: str, tmp_path: Path) -> None:
    async with desk(tmp_path, approval="none") as d:
        foreign = d.world.add_foreign_instance()
        outcome = structured(await d.call(f"{action}_gpu_instance", instanceId=foreign.id))
    assert outcome["status"] == "approval_required"
    assert d.posts == []


async def test_our_own_instance_is_deleted_unattended(tmp_path: Path) -> None:
    async with desk(tmp_path, approval="none") as d:
        instance_id = await running(d)
        assert structured(await d.call("delete_gpu_instance", instanceId=instance_id))["status"] == "deleted"


@pytest.mark.parametrize("action", ["start", *WRITES])
async def test_a_dry_run_sends_nothing_but_gets(action: str, tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        instance_id = await (stopped(d) if action == "start" else running(d))
        sent = len(d.posts)
        outcome = structured(await d.call(f"{action}_gpu_instance", instanceId=instance_id, dryRun=True))
        assert len(d.posts) == sent
    assert outcome["status"] == "preview"
    assert d.person.questions == []


async def test_a_subscription_is_not_deleted_and_nothing_is_sent(tmp_path: Path) -> None:
    limits = {"max_hourly_usd": "50", "allowed_billing": "monthly", "min_balance_hours": "0"}
    async with desk(tmp_path, **limits) as d:
        d.world.set_balance(1000)  # type: ignore[arg-type]
        instance_id = await running(d, month=1)
        sent = len(d.posts)
        said = failure(await d.call("delete_gpu_instance", instanceId=instance_id))
        assert len(d.posts) == sent
        listed = structured(await d.call("list_gpu_instances"))
    assert "subscription" in said
    assert listed["totalHourly"] == 0


async def test_the_question_for_a_subscription_says_that_it_cannot_be_undone(tmp_path: Path) -> None:
    async with desk(tmp_path, allowed_billing="monthly") as d:
        d.world.set_balance(1000)  # type: ignore[arg-type]
        outcome = structured(await d.create(month=1))
    assert outcome["plan"]["quote"]["upfront"] == 230
    assert "$230.00, cannot be undone" in d.person.questions[0]
    assert "cannot be deleted" in d.person.questions[0]
