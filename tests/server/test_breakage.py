"""What breaks on this side, a bug, a full disk, a ledger moved away: nothing is sent unrecorded, nothing sent is lost."""

from pathlib import Path

import pytest

from tests.server.support import desk, failure, structured, text

pytestmark = pytest.mark.anyio


def bug() -> None:
    raise RuntimeError("a bug of ours")


def moved_away(state_dir: Path) -> None:
    ledger = state_dir / "ledger.db"
    if ledger.exists():
        ledger.rename(state_dir / "ledger.moved")


async def test_a_bug_after_the_request_left_is_a_lost_reply(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.gate.after_sending = bug
        outcome = structured(await d.create())
    assert outcome["status"] == "created"
    assert d.kinds[-2:] == ["sending", "done"]
    assert len(d.creates) == d.world.created_count() == 1


async def test_a_bug_around_a_request_that_did_nothing_says_so_and_hides_the_bug(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.fault("status", status=500)
        d.gate.after_sending = bug
        said = failure(await d.create())
    assert "did not happen" in said
    assert "a bug of ours" not in said
    assert d.world.created_count() == 0


async def test_what_cannot_be_recorded_is_not_sent(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.person.while_reading = lambda: moved_away(tmp_path)
        said = failure(await d.create())
        assert "moved or deleted" in said
        assert d.posts == []


async def test_an_instance_that_cannot_be_recorded_is_told_all_the_same(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.gate.after_sending = lambda: moved_away(tmp_path)
        result = await d.create()
        assert structured(result)["status"] == "created"
        assert structured(result)["instance"]["instanceId"] in d.world.instances
        assert "could not be recorded" in text(result)
        said = failure(await d.create())
        assert "moved or deleted" in said
        assert len(d.creates) == 1


@pytest.mark.parametrize("tool", ["list_gpu_instances", "get_spending", "search_gpu_products"])
async def test_reading_goes_on_without_a_ledger(tool: str, tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.created()
        moved_away(tmp_path)
        assert not (await d.call(tool)).is_error
