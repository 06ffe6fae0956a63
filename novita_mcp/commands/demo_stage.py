"""Where the demo is played: the client, the screen, and what the story has found so far."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from mcp import Client
from mcp.shared.dispatcher import ProgressFnT
from mcp.types import TextContent

from novita_mcp.commands.demo_person import Person
from novita_mcp.commands.demo_screen import Screen
from novita_mcp.domain.base import Record, brief
from novita_mcp.errors import NovitaMcpError
from novita_mcp.tools.catalog import ProductRow

Result = TypeVar("Result", bound=Record)


class StepFailed(NovitaMcpError):
    """A step of the demo that did not hold."""


@dataclass
class Stage:
    """One run of the demo; steps take what they need and leave what later ones need."""

    client: Client
    screen: Screen
    person: Person
    began_at: float = field(default_factory=monotonic)
    products: tuple[ProductRow, ...] = ()
    hourly_usd: str = ""
    instance_id: str = ""

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        result: type[Result],
        *,
        progress: ProgressFnT | None = None,
    ) -> Result:
        """Call a tool as an agent does, and read its structured result.

        Raises:
            StepFailed: The tool answered with an error.

        """
        self.screen.call(tool, arguments)
        answer = await self.client.call_tool(tool, dict(arguments), progress_callback=progress)
        if answer.is_error:
            texts = (part.text for part in answer.content if isinstance(part, TextContent))
            raise StepFailed(f"{tool} answered with an error: {brief(' '.join(texts), 500)}")
        return result.model_validate_json(json.dumps(answer.structured_content))


def require(held: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Go on only if it held.

    Raises:
        StepFailed: Saying `otherwise`.

    """
    if not held:
        raise StepFailed(otherwise)
