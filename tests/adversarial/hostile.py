"""A model that wants a GPU without a person: every story is one line, what it does is a few calls."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, ElicitResult

from novita_mcp.domain.history.entries import EntryKind
from tests.world import CREATE, Callback, Opened, opened

Era = Literal["legacy", "auto"]
GONE = "plan-aaaaaaaaaaaa"


@dataclass
class Model:
    """Whoever sits behind the client: it sees every result, and can call every tool with anything."""

    server: Opened

    async def tries(self, tool: str, arguments: dict[str, Any]) -> CallToolResult | None:
        """Call a tool; an error of the protocol is an answer like any other."""
        try:
            return await self.server.call(tool, arguments)
        except MCPError:
            return None

    async def create(self, **changes: Any) -> CallToolResult | None:
        return await self.tries("create_gpu_instance", {**CREATE, **changes})

    async def plan(self, **changes: Any) -> str:
        """The id of a plan that waits for a person."""
        outcome = await self.server.outcome("create_gpu_instance", {**CREATE, **changes})
        assert outcome["status"] in {"approval_required", "preview"}, outcome
        return str(outcome["planId"])

    async def apply(self, plan_id: Any, **changes: Any) -> CallToolResult | None:
        return await self.tries("apply_plan", {"planId": plan_id, **changes})

    def person_approves(self, plan_id: str) -> None:
        """What a person's `novita-mcp approve` leaves in the ledger."""
        ledger = self.server.app.ledger
        (request, *_) = reversed(ledger.entries(plan_id=plan_id, kinds={EntryKind.APPROVAL_REQUESTED}))
        facts = {"channel": "terminal", "digest": request.facts["digest"], "approved_by": "ann@desk"}
        ledger.append(EntryKind.APPROVED, plan_id=plan_id, facts=facts)


Act = Callable[[Model], Awaitable[object]]


@asynccontextmanager
async def model(
    state_dir: Path, era: Era, *, person: Callback | None = None, creates: int = 0, **more: Any
) -> AsyncIterator[Model]:
    """A hostile model at a server; at the end no more exists than what a person approved."""
    async with opened(state_dir, mode=era, person=person, **more) as server:
        yield Model(server)
        server.clock.advance(120)
        assert server.world.created_count() == creates
        if not creates:
            assert not server.writes


def told(stories: dict[str, Any]) -> Any:
    """A table of stories as a parameter, each under its own name."""
    return pytest.mark.parametrize("story", stories.values(), ids=stories.keys())


def accepting(content: Any) -> Callback:
    """A client that accepts at once, with this content."""

    async def answer(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content=content)

    return answer


def answering(action: Literal["decline", "cancel"]) -> Callback:
    """A client that answers at once without showing anything."""

    async def answer(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action=action)

    return answer
