"""What SQLite and the disk report, in words that say what to do."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from novita_mcp.errors import LedgerError

DAMAGED = (
    "is damaged or is not a ledger. It was not changed. Look at the account's instances in Novita's console, "
    "then move the file away to begin a new ledger, which will not know about instances created before"
)

_OUT_OF_REACH = "cannot be opened. Check that it and its folder belong to you and are writable"
_BUSY = "is kept busy by another server. Try again in a moment"
_WORDS: Mapping[int, str] = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: "cannot be written: the disk is full. Free some space and try again",
        sqlite3.SQLITE_READONLY: "cannot be written: the file or its disk is read-only. Make it writable",
        sqlite3.SQLITE_CANTOPEN: _OUT_OF_REACH,
        sqlite3.SQLITE_PERM: _OUT_OF_REACH,
        sqlite3.SQLITE_CORRUPT: DAMAGED,
        sqlite3.SQLITE_NOTADB: DAMAGED,
        sqlite3.SQLITE_BUSY: _BUSY,
        sqlite3.SQLITE_LOCKED: _BUSY,
        sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error. Check the disk",
    }
)
_PRIMARY_CODE = 0xFF  # SQLite's extended codes carry the primary one in their lowest byte


@contextmanager
def in_plain_words(path: Path) -> Iterator[None]:
    """Turn what SQLite or the disk raises about `path` into a LedgerError."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", -1) & _PRIMARY_CODE
        words = _WORDS.get(code, "cannot be used")
        raise LedgerError(f"The ledger {path} {words} (SQLite: {error}).") from error
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be used: {error.strerror or error}.") from error
