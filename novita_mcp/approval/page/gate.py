"""What every request has to pass and every response carries, whatever it is about."""

import logging
from collections import deque

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from novita_mcp.clock import Clock

MOST_REFUSALS = 30
REFUSALS_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Refusals:
    """The refusals of the last minute: who guesses is slowed, who has the cookie is not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=MOST_REFUSALS)

    @property
    def many(self) -> bool:
        """Whether somebody is guessing."""
        full = len(self._times) == MOST_REFUSALS
        return full and self._clock.monotonic() - self._times[0] < REFUSALS_SECONDS

    def refuse(self, why: str) -> HTTPException:
        """The answer to a request that may not pass; `why` is for the log alone."""
        if self.many:
            return HTTPException(429, "Too many requests")
        self._times.append(self._clock.monotonic())
        logger.warning("refused a request to the approval page: %s", why)
        return HTTPException(403, "Forbidden")


class Gate:
    """Lets requests pass that name this server, and marks every response."""

    def __init__(self, app: ASGIApp, *, port: int, policy: str) -> None:
        self._app = app
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._marks = {
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            # `no-referrer` would make browsers send `Origin: null` with the answer's form.
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._marks)
            await send(message)

        named = Headers(scope=scope).getlist("host")
        app = self._app if len(named) == 1 and named[0] in self._hosts else PlainTextResponse("Forbidden", 403)
        await app(scope, receive, marked)


def is_own_form(request: Request) -> bool:
    """Whether a page of this very server sent the request."""
    own = request.headers.get("origin") == f"http://{request.headers['host']}"
    return own and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"


def is_launch_form(request: Request) -> bool:
    """Whether it can come from a file, which has no origin; its token decides."""
    return request.headers.get("origin", "null") == "null"


def is_own_visit(request: Request) -> bool:
    """Whether the person or a page of this server asked for it."""
    return request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
