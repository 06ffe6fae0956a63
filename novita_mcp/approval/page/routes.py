"""The page over HTTP: enter with a launch token, look, answer."""

import hmac
from string import Template
from typing import get_args
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from novita_mcp.approval.page.assets import asset
from novita_mcp.approval.page.gate import Gate, Refusals, is_launch_form, is_own_form, is_own_visit
from novita_mcp.approval.page.rendering import CONTENT_POLICY, render
from novita_mcp.approval.page.rooms import LINGER_SECONDS, Choice, Room, Rooms
from novita_mcp.clock import Clock

COOKIE = "novita_approval"
LARGEST_FORM_BYTES = 2048
MOST_FIELDS = 8
FORM_TYPE = "application/x-www-form-urlencoded"
CHOICES: dict[str, Choice] = {choice: choice for choice in get_args(Choice)}


def build_app(rooms: Rooms, clock: Clock, port: int) -> ASGIApp:
    """The whole page as an ASGI app for one port of 127.0.0.1."""
    reception = Reception(rooms, Refusals(clock))
    routes = [
        Route("/open", reception.open, methods=["POST"]),
        Route("/{path}/", reception.look, methods=["GET"]),
        Route("/{path}/state", reception.state, methods=["GET"]),
        Route("/{path}/decision", reception.decide, methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Gate(app, port=port, policy=CONTENT_POLICY)


class Reception:
    """Answers requests; every one but the first needs the cookie that the first one brings."""

    def __init__(self, rooms: Rooms, refusals: Refusals) -> None:
        self._rooms = rooms
        self._refusals = refusals

    async def open(self, request: Request) -> Response:
        """Exchange a launch token, once, for the cookie of its plan's page."""
        if self._refusals.many or not is_launch_form(request):
            raise self._refusals.refuse("a launch from elsewhere")
        form = await self._form(request)
        room = self._rooms.at_launch(form.get("token", ""))
        if room is None:
            raise self._refusals.refuse("no such launch token")
        path = f"/{room.path}/"
        # A redirect would count as the file's own request, and no browser sends a strict cookie along with that.
        response = HTMLResponse(Template(asset("handover.html")).substitute(path=path))
        lasts = int(self._rooms.seconds_left(room) + LINGER_SECONDS)
        response.set_cookie(COOKIE, room.enter(), max_age=lasts, path=path, httponly=True, samesite="strict")
        return response

    async def look(self, request: Request) -> Response:
        """Draw the plan as it stands."""
        room = self._room(request)
        drawn = render(room, seconds_left=self._rooms.seconds_left(room))
        room.too_soon = False
        self._rooms.drawing(room)
        return HTMLResponse(drawn)

    async def state(self, request: Request) -> Response:
        """Tell an open page whether it still shows the truth."""
        room = self._room(request)
        self._rooms.seen(room)
        left = self._rooms.seconds_left(room)
        return JSONResponse({"state": room.state, "version": room.version, "secondsLeft": left})

    async def decide(self, request: Request) -> Response:
        """Take the person's answer to what they were shown, and show what became of it."""
        room = self._room(request)
        if not is_own_form(request):
            raise self._refusals.refuse("an answer from elsewhere")
        form = await self._form(request)
        choice, digest = CHOICES.get(form.get("decision", "")), form.get("digest", "")
        if choice is None or not hmac.compare_digest(form.get("key", "").encode(), room.form_key(digest).encode()):
            raise self._refusals.refuse("a form that was not drawn for this reader")
        self._rooms.decide(room, choice, digest)
        return RedirectResponse(f"/{room.path}/", 303)

    def _room(self, request: Request) -> Room:
        room = self._rooms.at_path(request.path_params["path"], request.cookies.get(COOKIE, ""))
        if room is None or not is_own_visit(request):
            raise self._refusals.refuse("no such page for this reader")
        return room

    async def _form(self, request: Request) -> dict[str, str]:
        """The fields of a small form."""
        if request.headers.get("content-type") != FORM_TYPE:
            raise self._refusals.refuse("not a form")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_FORM_BYTES:
                raise self._refusals.refuse("a form that is too large")
        try:
            return dict(parse_qsl(body.decode("ascii"), max_num_fields=MOST_FIELDS))
        except ValueError:
            raise self._refusals.refuse("an unreadable form") from None
