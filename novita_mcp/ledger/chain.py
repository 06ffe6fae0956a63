"""The chain: each line carries a hash over itself and over the line before it.

It shows a line that was changed, removed or moved. It cannot show that somebody with
access to the file wrote the whole chain anew: no secret is in it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from novita_mcp.domain.history.entries import STATED, Entry, EntryKind
from novita_mcp.errors import LedgerError

GENESIS = "0" * 64
LONGEST_FACTS = 262_144
_FACTS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Line(NamedTuple):
    """A line as it is stored; `facts` is canonical JSON."""

    seq: int
    at: str
    kind: str
    plan_id: str | None
    instance_id: str | None
    facts: str
    prev_hash: str
    hash: str

    @property
    def sealed(self) -> "Line":
        """The same line with the hash that its content and its predecessor give it."""
        return self._replace(hash=digest(self))


def digest(line: Line) -> str:
    """SHA-256 over the hash before and the content of a line."""
    content = [line.prev_hash, line.seq, line.at, line.kind, line.plan_id, line.instance_id, line.facts]
    return hashlib.sha256(json.dumps(content, default=repr).encode()).hexdigest()


def canonical(kind: EntryKind, facts: Mapping[str, JsonValue]) -> str:
    """The facts as they are stored and hashed.

    Raises:
        LedgerError: They are not JSON, hold money as a float, are too long, or lack what `kind` states.
    """
    try:
        checked = _FACTS.validate_python(dict(facts), strict=True)
        text = json.dumps(checked, sort_keys=True, separators=(",", ":"), allow_nan=False)
        if kind in STATED:
            STATED[kind].model_validate(checked)
    except (ValidationError, ValueError) as error:
        places = _places(error) if isinstance(error, ValidationError) else "a number is not finite"
        raise LedgerError(f"Facts that cannot be a {kind} line: {places}. Nothing was recorded.") from error
    rounded = [name for name, value in checked.items() if name.endswith("_usd") and isinstance(value, float)]
    if rounded:
        raise LedgerError(f"Money is recorded as text, never as a float: {', '.join(rounded)}.")
    if len(text) > LONGEST_FACTS and kind is not EntryKind.CHECKPOINT:
        raise LedgerError(f"Facts of {len(text)} characters; a line holds at most {LONGEST_FACTS}.")
    return text


def _places(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in details)


def entry_of(line: Line) -> Entry:
    """The line as the rest of the program sees it.

    Raises:
        LedgerError: It was changed into something that is no entry.
    """
    try:
        return Entry.model_validate(
            {
                "seq": line.seq,
                "at": line.at,
                "kind": line.kind,
                "plan_id": line.plan_id,
                "instance_id": line.instance_id,
                "facts": json.loads(line.facts),
            }
        )
    except (ValidationError, ValueError, TypeError) as error:
        raise LedgerError(
            f"Line {line.seq} of the ledger cannot be read. `novita-mcp ledger --verify` says what is wrong."
        ) from error


def faults(lines: Iterable[Line], last_seq: int) -> Iterator[str]:
    """What is wrong with a chain that should run from 1 to `last_seq`."""
    expected, prev_hash = 1, GENESIS
    for line in lines:
        if line.seq < expected:
            yield f"line {line.seq} is out of order, or there twice"
            continue
        if line.seq > expected:
            yield _missing(expected, line.seq - 1)
        elif line.prev_hash != prev_hash:
            yield f"line {line.seq} does not follow from the line before it: one of them was changed"
        if line.hash != digest(line):
            yield f"line {line.seq} was changed (it now reads: {line.kind}, {line.at})"
        expected, prev_hash = line.seq + 1, line.hash
    if expected <= last_seq:
        yield _missing(expected, last_seq)


def _missing(first: int, last: int) -> str:
    return f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"
