"""A ledger that stays small: old lines leave, what is needed stays, the chain goes on."""

import json
import stat
import sys
from contextlib import closing

import pytest

from novita_mcp.domain.history.folds import open_intents, owned_instances, spent_estimate
from novita_mcp.errors import LedgerError
from novita_mcp.ledger import EntryKind, Ledger
from novita_mcp.ledger.store import KEPT_LINES, MOST_LINES

SENT = {"action": "create", "marker": "m", "hourly_usd": "0.35", "lease_hours": "5"}


def notes(ledger, count):
    for _ in range(count):
        ledger.append(EntryKind.NOTE)


@pytest.fixture
def busy(ledger, clock):
    """One instance of ours, one that is gone, one open create, and much that nobody needs any more."""
    for plan_id, instance_id in (("kept", "i1"), ("gone", "i2")):
        ledger.append(EntryKind.APPROVED, plan_id=plan_id, facts={"channel": "page"})
        ledger.append(EntryKind.SENDING, plan_id=plan_id, facts=SENT)
        ledger.append(EntryKind.DONE, plan_id=plan_id, instance_id=instance_id)
    ledger.append(EntryKind.DONE, instance_id="i2", facts={"action": "delete"})
    ledger.append(EntryKind.SENDING, plan_id="open", facts=SENT)
    notes(ledger, 10)
    return ledger


def test_what_is_needed_survives_archiving_again_and_again(busy, clock):
    clock.turn(days=60)
    before = busy.entries()
    for _ in range(3):
        notes(busy, 5)
        assert busy.compact(keep_lines=2) > 0
    after = busy.entries()
    assert len(after) < len(before)
    assert owned_instances(after) == owned_instances(before)
    assert owned_instances(after)["i1"].channel == "page"
    assert open_intents(after) == open_intents(before)
    assert busy.verify() == ()


def test_this_month_s_costs_survive_archiving(busy, clock):
    since = clock.now()
    clock.turn(days=20)
    before = spent_estimate(busy.entries(), since, clock.now())
    busy.compact(keep_lines=0)
    assert spent_estimate(busy.entries(), since, clock.now()) == before > 0


def test_lines_are_numbered_on_and_found_in_order(busy):
    last = busy.entries()[-1].seq
    busy.compact(keep_lines=2)
    notes(busy, 1)
    entries = busy.entries()
    assert [entry.seq for entry in entries] == sorted(entry.seq for entry in entries)
    assert [entry.kind for entry in entries[-2:]] == [EntryKind.CHECKPOINT, EntryKind.NOTE]
    assert entries[-1].seq == last + 2
    assert [entry.seq for entry in busy.entries(plan_id="kept", newest_first=True, limit=2)] == [3, 2]


def test_nothing_to_move_moves_nothing(ledger):
    notes(ledger, 3)
    assert ledger.compact(keep_lines=3) == 0
    assert len(ledger.entries()) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_an_archive_is_its_owner_s_alone(busy, state_dir):
    busy.compact(keep_lines=0)
    (archive,) = state_dir.glob("ledger-archive-*")
    assert archive.name == "ledger-archive-000000000001.jsonl"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_another_server_goes_on_after_archiving(busy, state_dir, clock):
    with closing(Ledger.open(state_dir, clock)) as other:
        busy.compact(keep_lines=0)
        notes(other, 1)
        assert other.entries() == busy.entries()
        assert other.verify() == ()


def lost(archive):
    archive.unlink()


def shortened(archive):
    archive.write_text("".join(archive.read_text().splitlines(keepends=True)[:-1]))


def edited(archive):
    archive.write_text(archive.read_text().replace("page", "none"))


def swapped(archive):
    first, second, *rest = archive.read_text().splitlines(keepends=True)
    archive.write_text("".join((second, first, *rest)))


def garbled(archive):
    archive.write_text("{\n" + archive.read_text())


def added(archive):
    line = json.loads(archive.read_text().splitlines()[-1])
    archive.write_text(archive.read_text() + json.dumps(line) + "\n")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lost, "lines 1 to 18 are missing"),
        (shortened, "line 18 is missing"),
        (edited, "line 1 was changed"),
        (swapped, "out of order"),
        (garbled, "line 1 of ledger-archive-000000000001.jsonl cannot be read"),
        (added, "there twice"),
    ],
)
def test_verify_reaches_into_the_archives(busy, state_dir, damage, fault):
    busy.compact(keep_lines=0)
    assert busy.verify() == ()
    (archive,) = state_dir.glob("ledger-archive-*")
    damage(archive)
    assert any(fault in line for line in busy.verify()), busy.verify()


def test_an_archive_that_cannot_be_written_moves_nothing(busy, state_dir):
    (state_dir / "ledger-archive-000000000001.jsonl").mkdir()
    before = busy.entries()
    with pytest.raises(LedgerError):
        busy.compact(keep_lines=0)
    assert busy.entries() == before
    (state_dir / "ledger-archive-000000000001.jsonl").rmdir()
    assert busy.compact(keep_lines=0) == len(before)
    assert busy.verify() == ()


def test_an_archive_left_by_a_crash_does_no_harm(busy, state_dir):
    busy.compact(keep_lines=0)
    notes(busy, 3)
    (archive,) = state_dir.glob("ledger-archive-*")
    line = json.loads(archive.read_text().splitlines()[-1])
    line["seq"] = busy.entries()[-1].seq
    (state_dir / f"ledger-archive-{line['seq']:012d}.jsonl").write_text(json.dumps(line) + "\n")
    assert busy.verify() == ()


def test_the_table_stays_small_by_itself(ledger):
    ledger._database.execute("PRAGMA synchronous = OFF")
    notes(ledger, MOST_LINES + 250)
    assert len(ledger.entries()) < KEPT_LINES + 260
    assert ledger.verify() == ()
