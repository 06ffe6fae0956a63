"""The ledger's file: made whole or not at all, checked before it is touched, brought up to date."""

import os
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from novita_mcp.errors import LedgerError
from novita_mcp.files import open_private, settle_folder
from novita_mcp.ledger.trouble import DAMAGED

FILE_NAME = "ledger.db"
APPLICATION_ID = 0x4E_56_4C_44
BUSY_SECONDS = 15.0

GUARDS = {
    "entries_never_change": """CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    "entries_never_leave": """CREATE TRIGGER entries_never_leave BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
}

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"PRAGMA application_id = {APPLICATION_ID}",
        # AUTOINCREMENT remembers the highest number ever given, which shows that the last line was removed
        """
        CREATE TABLE entries (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            plan_id TEXT,
            instance_id TEXT,
            facts TEXT NOT NULL,
            prev_hash TEXT NOT NULL,
            hash TEXT NOT NULL
        )""",
        "CREATE INDEX entries_by_plan ON entries (plan_id) WHERE plan_id IS NOT NULL",
        "CREATE INDEX entries_by_instance ON entries (instance_id) WHERE instance_id IS NOT NULL",
        "CREATE UNIQUE INDEX a_plan_is_sent_once ON entries (plan_id) WHERE kind = 'sending'",
        *GUARDS.values(),
    ),
)
"""Each step leads from the version of its place in the table to the next one."""

_MAGIC = b"SQLite format 3\x00"
_APPLICATION_ID_AT = slice(68, 72)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the ledger's file, making it where there is none.

    Raises:
        LedgerError: It is damaged, foreign or newer; it was not written.
    """
    if not path.exists():
        _create(path)
    _refuse_foreign(path)
    os.close(open_private(path, os.O_RDWR))
    database = connect(path)
    try:
        _refuse_newer(database, path)
        _refuse_damaged(database, path)
        bring_up_to_date(database, MIGRATIONS)
    except BaseException:
        database.close()
        raise
    return database


def connect(path: Path) -> sqlite3.Connection:
    """Connect to an existing file, with every commit on the disk before it returns."""
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_SECONDS,
    )
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA fullfsync = ON")
    return database


def bring_up_to_date(database: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> None:
    """Apply the migrations that the file has not seen, all or none of them."""
    if version_of(database) == len(migrations):
        return
    database.execute("BEGIN EXCLUSIVE")
    try:
        for migration in migrations[version_of(database) :]:
            for statement in migration:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(migrations)}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def version_of(database: sqlite3.Connection) -> int:
    """The schema version of a file."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _create(path: Path) -> None:
    """Make the file under another name and link it into place, so that nobody sees half of it."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    os.close(open_private(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    try:
        with closing(connect(fresh)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            bring_up_to_date(database, MIGRATIONS)
        fresh.chmod(0o600)
        path.hardlink_to(fresh)
        settle_folder(path.parent)
    except FileExistsError:
        pass  # another server was faster, and its ledger is as good
    finally:
        fresh.unlink(missing_ok=True)


def _refuse_foreign(path: Path) -> None:
    """Read the header without SQLite, which might write to a file that is not ours."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_MAGIC):
        raise LedgerError(f"The ledger {path} {DAMAGED} (it is not an SQLite file).")
    if int.from_bytes(header[_APPLICATION_ID_AT], "big") != APPLICATION_ID:
        raise LedgerError(
            f"{path} is another program's database, not a ledger. It was not changed. "
            "Name another folder in NOVITA_MCP_STATE_DIR, or move the file away."
        )


def _refuse_newer(database: sqlite3.Connection, path: Path) -> None:
    version = version_of(database)
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"The ledger {path} has version {version}; this novita-mcp knows up to {len(MIGRATIONS)}. "
            "It was not changed. Update novita-mcp."
        )


def _refuse_damaged(database: sqlite3.Connection, path: Path) -> None:
    finding = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise LedgerError(f"The ledger {path} {DAMAGED} (SQLite: {finding}).")
