"""One file, many writers: what is written stays, and what is tampered with shows."""

import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from novita_mcp.clock import SystemClock
from novita_mcp.errors import LedgerError, PlanGone
from novita_mcp.ledger import EntryKind, Ledger
from novita_mcp.ledger.schema import APPLICATION_ID, FILE_NAME, MIGRATIONS, bring_up_to_date, version_of

SENT = {"action": "create", "marker": "m1", "hourly_usd": "0.35", "gpu_num": 1}
WRITER = """
import sys
from pathlib import Path
from novita_mcp.clock import SystemClock
from novita_mcp.ledger import EntryKind, Ledger
ledger = Ledger.open(Path(sys.argv[1]), SystemClock())
for number in range(int(sys.argv[2])):
    entry = ledger.append(EntryKind.NOTE, plan_id=f"{sys.argv[3]}-{number}")
    print(entry.seq, flush=True)
"""


def writer(state_dir: Path, lines: int, name: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(state_dir), str(lines), name]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def notes(ledger: Ledger, count: int) -> None:
    for number in range(count):
        ledger.append(EntryKind.NOTE, facts={"number": number})


def tamper(state_dir: Path, *statements: str) -> None:
    with closing(sqlite3.connect(state_dir / FILE_NAME, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def refusal(state_dir: Path) -> str:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(state_dir, SystemClock())
    return str(caught.value)


def test_a_line_comes_back_as_it_was_written(ledger, clock):
    written = ledger.append(
        EntryKind.SENDING, plan_id="p1", instance_id="i1", facts={**SENT, "ü": [None, 1.5, {"a": True}]}
    )
    assert (written.seq, written.at, written.kind) == (1, clock.now(), EntryKind.SENDING)
    assert written.facts["ü"] == [None, 1.5, {"a": True}]
    assert ledger.entries() == (written,)


def test_lines_are_found_by_plan_instance_and_kind_in_either_order(ledger):
    ledger.append(EntryKind.PLANNED, plan_id="p1")
    ledger.append(EntryKind.NOTE, instance_id="i1")
    ledger.append(EntryKind.DECLINED, plan_id="p1")

    def found(**wanted):
        return [entry.seq for entry in ledger.entries(**wanted)]

    assert found(plan_id="p1") == [1, 3]
    assert found(plan_id="p1", kinds={EntryKind.DECLINED}) == [3]
    assert found(instance_id="i1") == [2]
    assert found(kinds=()) == []
    assert found(limit=2) == [1, 2]
    assert found(limit=2, newest_first=True) == [3, 2]


def test_it_outlives_its_server(state_dir, ledger, clock):
    notes(ledger, 3)
    ledger.close()
    with closing(Ledger.open(state_dir, clock)) as again:
        notes(again, 1)
        assert [entry.seq for entry in again.entries()] == [1, 2, 3, 4]
        assert again.verify() == ()


def test_a_plan_is_sent_at_most_once_whoever_tries(state_dir, ledger, clock):
    ledger.append(EntryKind.SENDING, plan_id="p1", facts=SENT)
    with closing(Ledger.open(state_dir, clock)) as other, pytest.raises(PlanGone, match="p1 was already sent once"):
        other.append(EntryKind.SENDING, plan_id="p1", facts=SENT)
    assert len(ledger.entries()) == 1


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        (EntryKind.NOTE, {"at": Decimal(1)}, "Facts that cannot be a note line"),
        (EntryKind.NOTE, {"at": b"x"}, "Facts that cannot be"),
        (EntryKind.NOTE, {"at": (1, 2)}, "Facts that cannot be"),
        (EntryKind.NOTE, {1: "x"}, "Facts that cannot be"),
        (EntryKind.NOTE, {"x": float("nan")}, "not finite"),
        (EntryKind.NOTE, {"hourly_usd": 0.35}, "Money is recorded as text"),
        (EntryKind.NOTE, {"x": "y" * 300_000}, "at most 262144"),
        (EntryKind.SENDING, {}, "action"),
        (EntryKind.SENDING, {"action": "create", "hourly_usd": "cheap"}, "hourly_usd"),
        (EntryKind.LEASE_SET, {"until": "2026-08-03T18:00:00"}, "until"),
        (EntryKind.SETTLED, {"happened": "perhaps"}, "happened"),
    ],
)
def test_facts_that_could_not_be_read_back_are_refused(ledger, kind, facts, said):
    with pytest.raises(LedgerError, match=said):
        ledger.append(kind, plan_id="p1", facts=facts)
    assert ledger.entries() == ()


def test_a_refusal_never_repeats_a_value(ledger):
    with pytest.raises(LedgerError) as caught:
        ledger.append(EntryKind.SENDING, plan_id="p1", facts={"action": "create", "hourly_usd": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_sending_needs_its_plan(ledger):
    with pytest.raises(LedgerError, match="needs the id of its plan"):
        ledger.append(EntryKind.SENDING, facts=SENT)


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_the_file_is_its_owner_s_alone(state_dir, ledger):
    notes(ledger, 1)
    assert stat.S_IMODE(state_dir.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state_dir.iterdir()}
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_a_file_that_was_opened_to_others_is_closed_again(state_dir, ledger, clock):
    ledger.close()
    (state_dir / FILE_NAME).chmod(0o666)
    Ledger.open(state_dir, clock).close()
    assert stat.S_IMODE((state_dir / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_a_folder_that_everybody_may_write_to_is_refused(state_dir):
    state_dir.mkdir()
    state_dir.chmod(0o777)
    assert f"chmod 700 {state_dir}" in refusal(state_dir)


@pytest.mark.parametrize("statement", ["UPDATE entries SET kind = 'note'", "DELETE FROM entries"])
def test_the_file_itself_refuses_changes(state_dir, ledger, statement):
    notes(ledger, 1)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        tamper(state_dir, statement)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE entries SET facts = '{}' WHERE seq = 3", "line 3 was changed"),
        ("UPDATE entries SET at = '2020-01-01T00:00:00+00:00' WHERE seq = 1", "line 1 was changed"),
        ("UPDATE entries SET kind = 'approved' WHERE seq = 2", "line 2 was changed (it now reads: approved"),
        ("UPDATE entries SET plan_id = 'p9' WHERE seq = 5", "line 5 was changed"),
        ("UPDATE entries SET facts = x'00ff' WHERE seq = 2", "line 2 was changed"),
        ("UPDATE entries SET hash = 'f' WHERE seq = 2", "line 3 does not follow"),
        ("UPDATE entries SET prev_hash = 'f' WHERE seq = 2", "line 2 does not follow"),
        ("DELETE FROM entries WHERE seq = 1", "line 1 is missing"),
        ("DELETE FROM entries WHERE seq IN (2, 3)", "lines 2 to 3 are missing"),
        ("DELETE FROM entries WHERE seq = 5", "line 5 is missing"),
        ("DELETE FROM entries", "lines 1 to 5 are missing"),
        ("UPDATE entries SET seq = CASE seq WHEN 2 THEN -2 WHEN 3 THEN -3 ELSE seq END", "out of order"),
        ("UPDATE entries SET facts = (SELECT facts FROM entries WHERE seq = 4) WHERE seq = 2", "line 2 was changed"),
    ],
)
def test_verify_shows_what_was_changed_or_removed(state_dir, ledger, statement, fault):
    notes(ledger, 5)
    assert ledger.verify() == ()
    tamper(state_dir, "DROP TRIGGER entries_never_change", "DROP TRIGGER entries_never_leave", statement)
    found = ledger.verify()
    assert any(fault in line for line in found), found
    assert "the guard entries_never_change was removed or changed" in found


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM entries WHERE seq = 5", "UPDATE entries SET kind = 'done' WHERE seq = 5", "DELETE FROM entries"],
)
def test_nothing_is_built_upon_a_broken_end(state_dir, ledger, statement):
    notes(ledger, 5)
    tamper(state_dir, "DROP TRIGGER entries_never_change", "DROP TRIGGER entries_never_leave", statement)
    with pytest.raises(LedgerError, match=r"last line of the ledger .* changed or removed"):
        notes(ledger, 1)


def test_a_line_that_is_no_entry_any_more_stops_reading_with_its_number(state_dir, ledger):
    notes(ledger, 2)
    tamper(state_dir, "DROP TRIGGER entries_never_change", "UPDATE entries SET facts = '{' WHERE seq = 2")
    with pytest.raises(LedgerError, match="Line 2 of the ledger"):
        ledger.entries()


def test_four_processes_append_at_once_without_a_gap(state_dir):
    writers = [writer(state_dir, 50, f"w{number}") for number in range(4)]
    for process in writers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with closing(Ledger.open(state_dir, SystemClock())) as ledger:
        entries = ledger.entries()
        assert [entry.seq for entry in entries] == list(range(1, 201))
        assert len({entry.plan_id for entry in entries}) == 200
        assert ledger.verify() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_writer_killed_at_any_moment_leaves_every_acknowledged_line(state_dir):
    process = writer(state_dir, 1_000_000, "doomed")
    assert process.stdout is not None
    for _ in range(40):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    acknowledged = [line for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    with closing(Ledger.open(state_dir, SystemClock())) as ledger:
        assert ledger.verify() == ()
        assert len(ledger.entries()) >= 40 + len(acknowledged)
        notes(ledger, 1)


def test_a_file_copied_without_its_unwritten_pages_is_still_whole(state_dir, ledger, tmp_path, clock):
    notes(ledger, 10)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    shutil.copy(state_dir / FILE_NAME, crashed)
    with closing(Ledger.open(crashed, clock)) as recovered:
        assert recovered.verify() == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged or is not a ledger"),
        (b"hello", "is damaged or is not a ledger"),
        (b"SQLite format 3\x00" + b"\x00" * 40, "another program's database"),
    ],
)
def test_a_foreign_file_is_refused_and_left_as_it_was(state_dir, content, said):
    state_dir.mkdir()
    file = state_dir / FILE_NAME
    file.write_bytes(content)
    text = refusal(state_dir)
    assert said in text
    assert str(file) in text
    assert file.read_bytes() == content
    assert list(state_dir.iterdir()) == [file]


def test_another_program_s_database_is_refused_and_left_as_it_was(state_dir):
    state_dir.mkdir()
    tamper(state_dir, "CREATE TABLE entries (seq)", "PRAGMA application_id = 7")
    before = (state_dir / FILE_NAME).read_bytes()
    assert "another program's database" in refusal(state_dir)
    assert (state_dir / FILE_NAME).read_bytes() == before


def test_a_newer_ledger_is_refused_and_left_as_it_was(state_dir, ledger):
    notes(ledger, 2)
    ledger.close()
    tamper(state_dir, "PRAGMA user_version = 99")
    before = (state_dir / FILE_NAME).read_bytes()
    assert "has version 99" in refusal(state_dir)
    assert (state_dir / FILE_NAME).read_bytes() == before


def test_a_running_server_stops_writing_when_a_newer_one_has_updated_the_file(state_dir, ledger):
    tamper(state_dir, "PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="A newer novita-mcp has updated"):
        notes(ledger, 1)


def test_a_damaged_file_is_refused_and_left_as_it_was(state_dir, ledger):
    notes(ledger, 200)
    ledger.close()
    file = state_dir / FILE_NAME
    content = bytearray(file.read_bytes())
    content[4096:-4096] = b"\xa5" * (len(content) - 8192)
    file.write_bytes(content)
    assert "is damaged" in refusal(state_dir)
    assert file.read_bytes() == content


def test_a_cut_file_is_refused(state_dir, ledger):
    notes(ledger, 200)
    ledger.close()
    file = state_dir / FILE_NAME
    file.write_bytes(file.read_bytes()[:8192])
    assert "is damaged" in refusal(state_dir)


def test_a_ledger_deleted_or_replaced_in_use_stops_spending(state_dir, ledger):
    notes(ledger, 1)
    (state_dir / FILE_NAME).rename(state_dir / "elsewhere.db")
    with pytest.raises(LedgerError, match="was moved or deleted while in use"):
        notes(ledger, 1)
    shutil.copy(state_dir / "elsewhere.db", state_dir / FILE_NAME)
    with pytest.raises(LedgerError, match="was moved or deleted while in use"):
        notes(ledger, 1)


def test_a_full_disk_says_so_and_the_ledger_stays_whole(ledger):
    notes(ledger, 1)
    pages = ledger._database.execute("PRAGMA page_count").fetchone()[0]
    ledger._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match=r"the disk is full\. Free some space"):
        ledger.append(EntryKind.NOTE, facts={"text": "x" * 100_000})
    ledger._database.execute("PRAGMA max_page_count = 1000000")
    notes(ledger, 1)
    assert [entry.seq for entry in ledger.entries()] == [1, 2]
    assert ledger.verify() == ()


def test_a_file_in_the_folder_s_place_is_a_clear_error(state_dir):
    state_dir.write_text("")
    assert f"The state folder {state_dir} cannot be used" in refusal(state_dir)


def test_a_closed_ledger_is_a_clear_error(ledger):
    ledger.close()
    with pytest.raises(LedgerError, match="cannot be used"):
        notes(ledger, 1)


def test_migrations_are_applied_in_order_and_all_or_none(state_dir, ledger):
    notes(ledger, 3)
    database = ledger._database
    broken = (*MIGRATIONS, ("CREATE TABLE more (x)", "CREATE TABLE nonsense ("))
    with pytest.raises(sqlite3.OperationalError):
        bring_up_to_date(database, broken)
    assert version_of(database) == len(MIGRATIONS)
    bring_up_to_date(database, (*MIGRATIONS, ("CREATE TABLE more (x)",), ("ALTER TABLE more ADD COLUMN y",)))
    assert version_of(database) == len(MIGRATIONS) + 2
    assert database.execute("SELECT x, y FROM more").fetchall() == []
    assert ledger.verify() == ()


def test_the_file_names_its_program(ledger):
    assert ledger._database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
