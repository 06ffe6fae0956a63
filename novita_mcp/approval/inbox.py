"""Answers that arrive outside the client's dialog, kept until the plan that they are for asks for them."""

import anyio

from novita_mcp.approval.answers import Answer


class Inbox:
    """At most one answer for each plan; the first one counts."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._news = anyio.Event()

    def post(self, plan_id: str, answer: Answer) -> bool:
        """Keep an answer; False if the plan was answered before."""
        if plan_id in self._answers:
            return False
        self._answers[plan_id] = answer
        self._news.set()
        self._news = anyio.Event()
        return True

    def take(self, plan_id: str) -> Answer | None:
        """The answer for a plan, once."""
        return self._answers.pop(plan_id, None)

    async def news(self) -> None:
        """Wait until any answer arrives."""
        await self._news.wait()
