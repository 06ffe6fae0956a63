"""A Novita that answers from a script and remembers what it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from novita_mcp.api.http import NovitaHttp
from novita_mcp.simulator.turned_clock import TurnedClock

KEY = "sk_live_Zq81xT0pSecret"
FIXTURES = Path(__file__).parents[1] / "fixtures"
Answer = httpx.Response | Exception
Handler = Callable[[httpx.Request], httpx.Response]


class Script:
    """Gives the answers in turn, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = answers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def sent(self) -> int:
        return len(self.requests)


def novita(
    handler: Handler, *, clock: TurnedClock | None = None, key: str | None = KEY, jitter: float = 1.0
) -> AbstractAsyncContextManager[NovitaHttp]:
    return NovitaHttp(
        base_url="https://api.novita.test",
        api_key=None if key is None else SecretStr(key),
        clock=clock or TurnedClock(),
        transport=httpx.MockTransport(handler),
        jitter=lambda: jitter,
    )


def fixture(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def served(name: str) -> httpx.Response:
    example = fixture(name)
    if isinstance(example["response"], str) and example["response"].startswith("<"):
        return httpx.Response(example["status"], html=example["response"])
    return httpx.Response(example["status"], json=example["response"])


def chain(error: BaseException | None) -> Iterator[str]:
    """Everything that a traceback of `error` would print about it and its causes."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args))
        error = error.__cause__ or error.__context__
