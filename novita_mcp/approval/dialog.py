"""The first channel: the client's own dialog (elicitation), in both protocol eras."""

import logging
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import (
    AcceptedElicitation,
    CancelledElicitation,
    Context,
    DeclinedElicitation,
    Elicit,
    ElicitationResult,
)
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult
from pydantic import BaseModel, BeforeValidator, Field

from novita_mcp.approval.answers import FASTEST_READER_SECONDS, Answer, no_answer
from novita_mcp.clock import Clock

CHANNEL = "elicitation"
ROUND_TRIP_ERA = "2026-07-28"
LONGEST_SECONDS = 300.0
PROGRESS_SECONDS = 5.0

logger = logging.getLogger(__name__)

StrictlyTrue = Annotated[bool, BeforeValidator(lambda value: value is True)]
"""Anything but a plain `true` is a no."""


class Approve(BaseModel):
    """The form of the question: one box, not ticked."""

    approve: StrictlyTrue = Field(default=False, title="Approve", description="Tick to approve exactly this, once.")


def can_ask(context: Context[Any]) -> bool:
    """Whether the client says that it can show a form."""
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def asks_by_return(context: Context[Any]) -> bool:
    """Whether this protocol version wants the question returned and the call made again."""
    return (context.protocol_version or "") >= ROUND_TRIP_ERA


async def ask(
    context: Context[Any], text: str, clock: Clock, *, longest_seconds: float = LONGEST_SECONDS
) -> Elicit[Approve] | Answer:
    """Ask, for so long, or hand the question to the SDK where the client has to be answered first."""
    if not can_ask(context):
        return no_answer(CHANNEL, "this client cannot show a dialog")
    if asks_by_return(context):
        return _garbled(context) or Elicit(text, Approve)
    return await _ask_now(context, text, clock, longest_seconds)


def read(result: ElicitationResult[Any], seconds: float) -> Answer:
    """What an answer means that took so many seconds."""
    match result:
        case AcceptedElicitation(data=Answer() as answer):
            return answer
        case AcceptedElicitation(data=Approve(approve=True)):
            return Answer(kind="approved", channel=CHANNEL)
        case CancelledElicitation() if seconds >= FASTEST_READER_SECONDS:
            return Answer(kind="cancelled", channel=CHANNEL)
        case AcceptedElicitation():
            return Answer(kind="declined", channel=CHANNEL)
        case DeclinedElicitation() if seconds >= FASTEST_READER_SECONDS:
            return Answer(kind="declined", channel=CHANNEL)
    return Answer(
        kind="unread",
        channel=CHANNEL,
        why="the client answered no before anybody could have read the question",
    )


def _garbled(context: Context[Any]) -> Answer | None:
    """An answer that is no answer to a form, which the SDK would turn into an error of the whole call."""
    for response in (context.input_responses or {}).values():
        if not isinstance(response, ElicitResult) or (response.action == "accept" and response.content is None):
            return Answer(kind="unread", channel=CHANNEL, why="the client's dialog gave back no answer")
    return None


async def _ask_now(context: Context[Any], text: str, clock: Clock, longest_seconds: float) -> Answer:
    """The older era: the question is a request of ours, so its end and its errors are ours to bound."""
    started, results = clock.monotonic(), list[ElicitationResult[Approve]]()
    with anyio.move_on_after(longest_seconds):
        async with anyio.create_task_group() as group:
            group.start_soon(_show_patience, context, longest_seconds)
            await _collect(context, text, results)
            group.cancel_scope.cancel()
    if not results:
        return Answer(kind="unread", channel=CHANNEL, why="the client's dialog failed or was not answered in time")
    return read(results[0], clock.monotonic() - started)


async def _collect(context: Context[Any], text: str, results: list[ElicitationResult[Approve]]) -> None:
    """Ask once; whatever error comes back is no answer."""
    try:
        results.append(await context.elicit(text, Approve))
    except (MCPError, ValueError) as error:
        logger.warning("the client's dialog failed: %s", type(error).__name__)


async def _show_patience(context: Context[Any], longest_seconds: float) -> None:
    waited = 0.0
    while True:
        await anyio.sleep(PROGRESS_SECONDS)
        waited += PROGRESS_SECONDS
        await context.report_progress(waited, longest_seconds, "waiting for a person's answer")
