"""The ledger itself: append, read, verify, and keep it small."""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC
from os.path import samestat
from pathlib import Path
from types import MappingProxyType
from typing import Self

from pydantic import JsonValue

from novita_mcp.clock import Clock
from novita_mcp.domain.history.entries import Entry, EntryKind
from novita_mcp.domain.history.folds import still_needed
from novita_mcp.errors import LedgerError, PlanGone
from novita_mcp.files import private_folder
from novita_mcp.ledger.archive import archived_lines, write_archive
from novita_mcp.ledger.chain import GENESIS, Line, canonical, digest, entry_of, faults
from novita_mcp.ledger.schema import FILE_NAME, GUARDS, open_database, version_of
from novita_mcp.ledger.trouble import in_plain_words

MOST_LINES = 5000
KEPT_LINES = 1000
_LOOK_EVERY_LINES = 250
_NO_FACTS: Mapping[str, JsonValue] = MappingProxyType({})
_COLUMNS = ", ".join(Line._fields)


class Ledger:
    """An append-only list of entries in one file, shared by every server on the state folder."""

    def __init__(self, path: Path, database: sqlite3.Connection, clock: Clock) -> None:
        self.path = path
        self._database = database
        self._clock = clock
        self._version = version_of(database)
        self._file = path.stat()
        self._turn = threading.Lock()

    @classmethod
    def open(cls, state_dir: Path, clock: Clock) -> Self:
        """Open the ledger of a state folder, making both where they are missing.

        Raises:
            LedgerError: It is damaged, foreign, newer or out of reach; it was not written.
        """
        path = private_folder(state_dir) / FILE_NAME
        with in_plain_words(path):
            return cls(path, open_database(path), clock)

    def append(
        self,
        kind: EntryKind,
        *,
        plan_id: str | None = None,
        instance_id: str | None = None,
        facts: Mapping[str, JsonValue] = _NO_FACTS,
    ) -> Entry:
        """Write one line; it is on the disk when this returns. Secrets must not be in `facts`.

        Raises:
            PlanGone: A `sending` line of this plan exists already.
            LedgerError: Nothing was written; the text says why.
        """
        text = canonical(kind, facts)
        if kind is EntryKind.SENDING and plan_id is None:
            raise LedgerError("A sending line needs the id of its plan. Nothing was recorded.")
        with self._writing() as database:
            line = self._add(database, kind, plan_id, instance_id, text)
        if line.seq % _LOOK_EVERY_LINES == 0:
            with suppress(LedgerError):  # the line is written; a full disk speaks at the next one
                self._keep_small()
        return entry_of(line)

    def entries(
        self,
        *,
        plan_id: str | None = None,
        instance_id: str | None = None,
        kinds: Collection[EntryKind] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[Entry, ...]:
        """The lines that match, in order: all recent ones, and of the archived those still needed.

        With `newest_first`, `limit` leaves out the oldest, else the newest.
        """
        where, values = _condition(plan_id, instance_id, kinds)
        with self._transaction() as database:
            carried = _carried(database)
            live = [entry_of(line) for line in _stored(database, where, values)]
        kept = (entry for entry in carried if _matches(entry, plan_id, instance_id, kinds))
        found = [*kept, *live]
        ordered = found[::-1] if newest_first else found
        return tuple(ordered[:limit])

    def verify(self) -> tuple[str, ...]:
        """Everything wrong with the chain, from the first archived line to the last; empty if intact."""
        found: list[str] = []
        try:
            with self._transaction() as database:
                found.extend(_missing_guards(database))
                found.extend(faults(self._every_line(database), _last_seq(database)))
        except LedgerError as error:
            found.append(str(error))
        return tuple(found)

    def compact(self, keep_lines: int = KEPT_LINES) -> int:
        """Move all but the newest lines to an archive file; return how many were moved.

        Raises:
            LedgerError: Nothing was moved.
        """
        with self._writing() as database:
            lines = list(_stored(database))
            old = lines[: max(0, len(lines) - keep_lines)]
            if old:
                self._move(database, old)
        return len(old)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._database.close()

    def _keep_small(self) -> None:
        with self._transaction() as database:
            count = database.execute("SELECT count(*) FROM entries").fetchone()[0]
        if count > MOST_LINES:
            self.compact()

    def _add(
        self,
        database: sqlite3.Connection,
        kind: EntryKind,
        plan_id: str | None,
        instance_id: str | None,
        facts: str,
    ) -> Line:
        seq, prev_hash = self._tip(database)
        at = self._clock.now().astimezone(UTC).isoformat(timespec="microseconds")
        line = Line(seq + 1, at, kind.value, plan_id, instance_id, facts, prev_hash, "").sealed
        marks = ", ".join("?" for _ in line)
        try:
            database.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES ({marks})", line)  # noqa: S608
        except sqlite3.IntegrityError as error:
            raise PlanGone(f"{plan_id} was already sent once. Nothing was sent again.") from error
        return line

    def _tip(self, database: sqlite3.Connection) -> tuple[int, str]:
        """The number and hash that the next line follows; a broken end is not built upon."""
        last_seq = _last_seq(database)
        last = next(_stored(database, "seq = (SELECT max(seq) FROM entries)"), None)
        if last is None and last_seq == 0:
            return 0, GENESIS
        if last is None or last.seq != last_seq or last.hash != digest(last):
            raise LedgerError(
                f"The last line of the ledger {self.path} was changed or removed, so nothing is added to it. "
                "`novita-mcp ledger --verify` says what is wrong."
            )
        return last_seq, last.hash

    def _every_line(self, database: sqlite3.Connection) -> Iterator[Line]:
        first = database.execute("SELECT min(seq) FROM entries").fetchone()[0] or _last_seq(database) + 1
        yield from archived_lines(self.path.parent, before_seq=first)
        yield from _stored(database)

    def _move(self, database: sqlite3.Connection, old: list[Line]) -> None:
        """Archive first, then write the checkpoint, then delete: each step keeps every line somewhere."""
        last_seq = old[-1].seq
        lines = (*_carried(database), *(entry_of(line) for line in _stored(database)))
        needed = still_needed(lines, self._clock.now())
        facts: dict[str, JsonValue] = {
            "archive": write_archive(self.path.parent, old),
            "archived_through": last_seq,
            "carried": [entry.model_dump(mode="json", by_alias=False) for entry in needed if entry.seq <= last_seq],
        }
        self._add(database, EntryKind.CHECKPOINT, None, None, canonical(EntryKind.CHECKPOINT, facts))
        database.execute("DROP TRIGGER entries_never_leave")
        database.execute("DELETE FROM entries WHERE seq <= ?", (last_seq,))
        database.execute(GUARDS["entries_never_leave"])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._transaction("BEGIN IMMEDIATE") as database:
            self._refuse_other_file()
            if version_of(database) != self._version:
                raise LedgerError(f"A newer novita-mcp has updated {self.path}. Restart this server with it.")
            yield database

    @contextmanager
    def _transaction(self, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        with self._turn, in_plain_words(self.path):
            self._database.execute(begin)
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _refuse_other_file(self) -> None:
        """SQLite would go on writing to a file that was deleted or replaced, where nobody finds it."""
        if not self.path.exists() or not samestat(self.path.stat(), self._file):
            raise LedgerError(f"The ledger {self.path} was moved or deleted while in use. Restart this server.")


def _stored(database: sqlite3.Connection, where: str = "1", values: Sequence[str] = ()) -> Iterator[Line]:
    rows = database.execute(f"SELECT {_COLUMNS} FROM entries WHERE {where} ORDER BY seq", values)  # noqa: S608
    return (Line(*row) for row in rows)


def _carried(database: sqlite3.Connection) -> tuple[Entry, ...]:
    """The archived lines that the latest checkpoint brought along."""
    row = database.execute(
        "SELECT facts FROM entries WHERE kind = ? ORDER BY seq DESC LIMIT 1", (EntryKind.CHECKPOINT,)
    ).fetchone()
    return () if row is None else tuple(Entry.model_validate(entry) for entry in json.loads(row[0])["carried"])


def _last_seq(database: sqlite3.Connection) -> int:
    row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
    return 0 if row is None else int(row[0])


def _missing_guards(database: sqlite3.Connection) -> Iterator[str]:
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    there = dict(rows.fetchall())
    for name, sql in GUARDS.items():
        if there.get(name) != sql:
            yield f"the guard {name} was removed or changed"


def _condition(
    plan_id: str | None, instance_id: str | None, kinds: Collection[EntryKind] | None
) -> tuple[str, tuple[str, ...]]:
    wanted = {"plan_id = ?": plan_id, "instance_id = ?": instance_id}
    named = {test: value for test, value in wanted.items() if value is not None}
    if kinds is None:
        return " AND ".join(("1", *named)), tuple(named.values())
    among = f"kind IN ({', '.join('?' for _ in kinds)})"
    return " AND ".join((*named, among)), (*named.values(), *(kind.value for kind in kinds))


def _matches(entry: Entry, plan_id: str | None, instance_id: str | None, kinds: Collection[EntryKind] | None) -> bool:
    return (
        plan_id in {None, entry.plan_id}
        and instance_id in {None, entry.instance_id}
        and (kinds is None or entry.kind in kinds)
    )
