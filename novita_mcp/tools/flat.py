"""A tool whose arguments are one flat object, published and checked by one model."""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ConfigDict, Field

from novita_mcp.domain.base import Record
from novita_mcp.domain.history.leases import reminders
from novita_mcp.domain.schema import input_schema, output_schema
from novita_mcp.domain.validation import parse
from novita_mcp.errors import NovitaMcpError
from novita_mcp.provisioning.reading import recorded

ARGUMENTS = "args"
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True)


class FlatTool(Tool):
    """The SDK's tool with two things changed: the published schemas, and how arguments are read."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    arguments_model: type[Record] = Field(exclude=True)

    @classmethod
    def build(
        cls,
        fn: Callable[..., Any],
        *,
        name: str,
        title: str,
        description: str,
        arguments: type[Record],
        result: type[Record],
        annotations: ToolAnnotations,
    ) -> "FlatTool":
        """Make the tool from a function that takes its parsed arguments as `args`."""
        plain = Tool.from_function(
            fn, name=name, title=title, description=description, annotations=annotations, structured_output=False
        )
        plain.fn_metadata.output_schema = _published(result)
        fields = {field: getattr(plain, field) for field in Tool.model_fields}
        fields["parameters"] = input_schema(arguments)
        return cls(**fields, arguments_model=arguments)

    async def run(self, arguments: dict[str, Any], context: Any, convert_result: bool = False) -> Any:  # noqa: FBT001, FBT002 - the SDK's signature
        """Run with arguments that hold every limit; errors of ours reach the agent as they are.

        Raises:
            ToolError: With a text the agent can act on.

        """
        try:
            parsed = parse(self.arguments_model, arguments)
            return _reminding(context, await super().run({ARGUMENTS: parsed}, context, convert_result))
        except NovitaMcpError as error:
            raise ToolError(str(error)) from error
        except UnexpectedToolError as crash:
            if isinstance(crash.__cause__, NovitaMcpError):
                raise ToolError(str(crash.__cause__)) from crash.__cause__
            raise


def plain_tool(
    fn: Callable[..., Any], title: str, arguments: type[Record], result: type[Record], annotations: ToolAnnotations
) -> FlatTool:
    """A tool without a plan: its name and its description are the function's."""
    description = inspect.getdoc(fn) or ""
    return FlatTool.build(
        fn,
        name=fn.__name__,
        title=title,
        description=" ".join(description.split()),
        arguments=arguments,
        result=result,
        annotations=annotations,
    )


@cache
def _published(result: type[Record]) -> dict[str, Any]:
    return output_schema(result, depth=1)


def _reminding(context: Any, result: Any) -> Any:
    """The result with what is urgent about leases, whichever tool was called; nothing may lose a result."""
    if not isinstance(result, CallToolResult):
        return result
    app = context.request_context.lifespan_context
    entries, _ = recorded(app)
    urgent = [TextContent(type="text", text=line) for line in reminders(entries, app.clock.now())]
    return result.model_copy(update={"content": [*result.content, *urgent]}) if urgent else result


def answer(text: str, result: Record) -> CallToolResult:
    """A short text for the model beside the structured result; an optional part that is absent is left out."""
    optional = {field.alias for field in type(result).model_fields.values() if not field.is_required()}
    parts = result.model_dump(mode="json").items()
    structured = {key: value for key, value in parts if value is not None or key not in optional}
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)
