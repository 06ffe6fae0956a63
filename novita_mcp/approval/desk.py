"""Where a server's questions meet its people: whose turn it is, the page, and the answers that come by it."""

from dataclasses import dataclass
from typing import Protocol

from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.sheet import Sheet
from novita_mcp.clock import Clock


class Page(Protocol):
    """A page in the person's own browser; its answers go to the inbox."""

    async def show(self, sheet: Sheet) -> bool:
        """Put a plan before the person; False if no browser could be opened."""
        ...

    def withdraw(self, plan_id: str) -> None:
        """Take a plan off the page."""
        ...


class Turn:
    """One question at a time: who holds it, and until when if nobody gives it back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plan_id = ""
        self._until = 0.0

    @property
    def holder(self) -> str:
        """The plan that is being asked about now, or nothing."""
        return self._plan_id if self._clock.monotonic() < self._until else ""

    def take(self, plan_id: str, seconds: float) -> bool:
        """Hold the turn for so long; False while another question, or this very one, is open."""
        if self.holder:
            return False
        self.keep(plan_id, seconds)
        return True

    def keep(self, plan_id: str, seconds: float) -> None:
        """Hold a turn that was taken before for so long from now on."""
        self._plan_id, self._until = plan_id, self._clock.monotonic() + seconds

    def end(self, plan_id: str) -> None:
        """Give the turn back, if this plan holds it."""
        if self._plan_id == plan_id:
            self._plan_id = ""


@dataclass(frozen=True)
class Desk:
    """Everything through which one server asks; `page` is None where none may be opened."""

    inbox: Inbox
    turn: Turn
    page: Page | None
