"""What came back from asking a person."""

from typing import Literal

from novita_mcp.domain.base import Record

AnswerKind = Literal["approved", "declined", "cancelled", "unread", "unavailable"]
FASTEST_READER_SECONDS = 0.3
"""A no that comes back faster was not read by anybody: some hosts answer without showing the question."""


class Answer(Record):
    """A person's answer, or why there is none; only `approved` is a yes."""

    kind: AnswerKind
    channel: str
    why: str = ""


def no_answer(channel: str, why: str) -> Answer:
    """Nobody can be asked this way."""
    return Answer(kind="unavailable", channel=channel, why=why)
