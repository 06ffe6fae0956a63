"""Archives: files of old lines that left the table, still part of the chain."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from novita_mcp.errors import LedgerError
from novita_mcp.files import open_private, settle_folder
from novita_mcp.ledger.chain import Line

_NAME = re.compile(r"ledger-archive-\d{12}\.jsonl")


def write_archive(state_dir: Path, lines: list[Line]) -> str:
    """Write the lines to a file named after the first of them; return its name.

    A crash before the lines leave the table does no harm: the next attempt has the same name.
    """
    name = f"ledger-archive-{lines[0].seq:012d}.jsonl"
    fresh = state_dir / f"{name}.new"
    descriptor = open_private(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{json.dumps(line._asdict())}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(state_dir / name)
    settle_folder(state_dir)
    return name


def archived_lines(state_dir: Path, before_seq: int) -> Iterator[Line]:
    """Every archived line, oldest first; those still in the table are left out."""
    for path in sorted(state_dir.iterdir()):
        if _NAME.fullmatch(path.name):
            yield from (line for line in _lines(path) if line.seq < before_seq)


def _lines(path: Path) -> Iterable[Line]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, start=1):
            try:
                yield Line(**json.loads(text))
            except (ValueError, TypeError) as error:
                raise LedgerError(f"line {number} of {path.name} cannot be read") from error
