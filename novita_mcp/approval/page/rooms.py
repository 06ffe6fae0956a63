"""What each waiting plan has on the page: who may see it, what was drawn last, and how it ended."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import anyio

from novita_mcp.approval.answers import FASTEST_READER_SECONDS, Answer
from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.sheet import Sheet
from novita_mcp.clock import Clock

CHANNEL = "page"
LINGER_SECONDS = 30.0
"""How long a page that was answered can still be read."""
WATCHED_SECONDS = 10.0
"""A page that has not asked for news for so long is taken to be closed."""
SECRET_BYTES = 32
PATH_BYTES = 16

Choice = Literal["approved", "declined"]
Ending = Literal["approved", "declined", "expired", "elsewhere"]
State = Literal["waiting"] | Ending


@dataclass
class Launch:
    """One attempt to bring a browser to the page; its token works once."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), repr=False)
    spent: anyio.Event = field(default_factory=anyio.Event, repr=False)
    entered: bool = False


@dataclass
class Room:
    """One plan's page; `before` is what its reader saw last before the newest change."""

    sheet: Sheet
    path: str = field(default_factory=lambda: secrets.token_urlsafe(PATH_BYTES))
    version: int = 1
    ending: Ending | None = None
    ended_at: float = 0.0
    before: Sheet | None = None
    drawn: Sheet | None = None
    drawn_at: float = 0.0
    seen_at: float | None = None
    too_soon: bool = False
    launch: Launch | None = None
    session: str | None = field(default=None, repr=False)

    @property
    def state(self) -> State:
        """How the plan stands, as its page shows it."""
        return self.ending or "waiting"

    def new_launch(self) -> Launch:
        """A launch in place of any earlier one."""
        self.end_launch()
        self.launch = Launch()
        return self.launch

    def enter(self) -> str:
        """Use the launch up and return the secret that stands for the plan's reader from now on."""
        if self.launch is not None:
            self.launch.entered = True
        self.end_launch()
        self.session = self.session or secrets.token_urlsafe(SECRET_BYTES)
        return self.session

    def end_launch(self) -> None:
        """Make the launch token worthless."""
        if self.launch is not None:
            self.launch.spent.set()
        self.launch = None

    def form_key(self, digest: str) -> str:
        """What a form for exactly this digest carries; worthless without the cookie, which it does not reveal."""
        assert self.session is not None
        return hmac.new(self.session.encode(), f"{self.path} {digest}".encode(), hashlib.sha256).hexdigest()

    def change(self, sheet: Sheet) -> None:
        """Show other facts from now on; what was never drawn did not change for anybody."""
        if sheet == self.sheet:
            return
        self.before = self.drawn
        self.sheet, self.version = sheet, self.version + 1


class Rooms:
    """Every plan that has a page."""

    def __init__(self, clock: Clock, inbox: Inbox) -> None:
        self._clock = clock
        self._inbox = inbox
        self._rooms: dict[str, Room] = {}

    def __bool__(self) -> bool:
        return bool(self._rooms)

    def admit(self, sheet: Sheet) -> Room:
        """The room of a plan that waits, with its newest facts."""
        room = self._waiting(sheet.plan_id)
        if room is None:
            room = self._rooms[sheet.plan_id] = Room(sheet)
        room.change(sheet)
        return room

    def update(self, sheet: Sheet) -> None:
        """Show a plan's newest facts, if it has a page."""
        room = self._waiting(sheet.plan_id)
        if room is not None:
            room.change(sheet)

    def withdraw(self, plan_id: str) -> None:
        """End a plan that was not answered here."""
        room = self._waiting(plan_id)
        if room is not None:
            self._end(room, "elsewhere")

    def give_up(self, room: Room) -> None:
        """Forget a plan whose page nobody has ever seen."""
        room.end_launch()
        if room.session is None:
            self._rooms.pop(room.sheet.plan_id, None)

    def at_launch(self, token: str) -> Room | None:
        """The room that a launch token opens."""
        self.sweep()
        rooms = self._rooms.values()
        return next((room for room in rooms if room.launch and _same(room.launch.token, token)), None)

    def at_path(self, path: str, session: str) -> Room | None:
        """The room of a reader who has its cookie."""
        self.sweep()
        found = next((room for room in self._rooms.values() if _same(room.path, path)), None)
        return found if found is not None and _same(found.session, session) else None

    def is_watched(self, room: Room) -> bool:
        """Whether a browser is showing the page."""
        return room.seen_at is not None and self._clock.monotonic() - room.seen_at < WATCHED_SECONDS

    def seen(self, room: Room) -> None:
        """Note that a browser is showing the page."""
        room.seen_at = self._clock.monotonic()

    def drawing(self, room: Room) -> None:
        """Note that the reader is about to see the newest facts."""
        self.seen(room)
        room.drawn, room.drawn_at = room.sheet, self._clock.monotonic()

    def decide(self, room: Room, choice: Choice, digest: str) -> None:
        """Answer the plan once, if the reader decided on what it is now and had time to read it."""
        if room.ending is not None or digest != room.sheet.digest:
            return
        if room.drawn is None or self._clock.monotonic() - room.drawn_at < FASTEST_READER_SECONDS:
            room.too_soon = True
            return
        first = self._inbox.post(room.sheet.plan_id, Answer(kind=choice, channel=CHANNEL))
        self._end(room, choice if first else "elsewhere")

    def seconds_left(self, room: Room) -> float:
        """Seconds until the plan expires."""
        return max((room.sheet.expires_at - self._clock.now()) / timedelta(seconds=1), 0.0)

    def sweep(self) -> None:
        """Let plans expire, and forget those that ended a while ago."""
        for room in self._rooms.values():
            if room.ending is None and self.seconds_left(room) == 0:
                self._end(room, "expired")
        self._rooms = dict(self._kept())

    def _kept(self) -> Iterator[tuple[str, Room]]:
        now = self._clock.monotonic()
        for plan_id, room in self._rooms.items():
            if room.ending is None or (room.session and now - room.ended_at < LINGER_SECONDS):
                yield plan_id, room

    def _waiting(self, plan_id: str) -> Room | None:
        self.sweep()
        room = self._rooms.get(plan_id)
        return room if room is not None and room.ending is None else None

    def _end(self, room: Room, ending: Ending) -> None:
        room.ending, room.ended_at = ending, self._clock.monotonic()
        room.end_launch()


def _same(secret: str | None, given: str) -> bool:
    return secret is not None and hmac.compare_digest(secret.encode(), given.encode())
