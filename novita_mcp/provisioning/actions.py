"""What the road needs to know of an action: its plan, its endpoint, and how to see what became of it."""

from typing import TYPE_CHECKING, Literal, Protocol

from novita_mcp.domain.plans import ActionName, Plan

if TYPE_CHECKING:
    from novita_mcp.app import App

Happened = Literal["yes", "no", "unsure"]


class Action(Protocol):
    """One spending or destroying call; a frozen record, equal to another with the same arguments."""

    @property
    def name(self) -> ActionName:
        """Which call it is."""
        ...

    @property
    def spends(self) -> bool:
        """Whether it adds cost, so that open creates are settled first."""
        ...

    async def plan(self, app: "App", marker: str) -> Plan:
        """Read the facts and say what the call would do; changes nothing."""
        ...

    def needs_yes(self, app: "App", plan: Plan) -> bool:
        """Whether a person has to agree."""
        ...

    async def send(self, app: "App", plan: Plan) -> str:
        """Make the one request; return the instance's id.

        Raises:
            OutcomeUnknown: The request may have been carried out.
            ApiError: It was not.

        """
        ...

    async def look(self, app: "App", plan: Plan) -> tuple[Happened, str]:
        """After a lost reply: whether it happened, and to which instance.

        Raises:
            ApiError: Novita could not be asked.

        """
        ...
