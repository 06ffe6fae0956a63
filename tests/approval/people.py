"""Stand-ins for where people answer: a page that opens or does not, and a terminal's lines in the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from novita_mcp.approval.answers import Answer, AnswerKind
from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.sheet import Sheet
from novita_mcp.domain.history.entries import EntryKind
from novita_mcp.ledger import Ledger
from tests.world import Opened


@dataclass
class StandInPage:
    """A page that always opens; `answers` says what the person clicks, if anything."""

    inbox: Inbox
    answers: Callable[[Sheet], AnswerKind | None] = lambda sheet: None
    opens: bool = True
    shown: list[Sheet] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    async def show(self, sheet: Sheet) -> bool:
        self.shown.append(sheet)
        kind = self.answers(sheet)
        if self.opens and kind is not None:
            self.click(sheet.plan_id, kind)
        return self.opens

    def withdraw(self, plan_id: str) -> None:
        self.withdrawn.append(plan_id)

    def click(self, plan_id: str, kind: AnswerKind) -> None:
        self.inbox.post(plan_id, Answer(kind=kind, channel="page"))


def with_page(server: Opened, answer: AnswerKind | None = None, *, opens: bool = True) -> StandInPage:
    """Give a server a page, on which a person clicks at once, or not at all."""
    page = StandInPage(server.app.desk.inbox, lambda sheet: answer, opens=opens)
    server.app.desk = replace(server.app.desk, page=page)
    return page


def terminal_says(ledger: Ledger, plan_id: str, kind: EntryKind = EntryKind.APPROVED, **facts: str) -> None:
    """What `novita-mcp approve` writes; the digest is that of the plan as it was shown unless one is named."""
    (request, *_) = reversed(ledger.entries(plan_id=plan_id, kinds={EntryKind.APPROVAL_REQUESTED}))
    digest = str(request.facts["digest"])
    ledger.append(kind, plan_id=plan_id, facts={"channel": "terminal", "digest": digest, **facts})
