"""The page's life: it is up while plans wait, and shows each one in the person's browser."""

import logging
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup, TaskStatus

from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.page.browser import open_in_browser
from novita_mcp.approval.page.launching import launch_file
from novita_mcp.approval.page.rooms import Launch, Room, Rooms
from novita_mcp.approval.sheet import Sheet
from novita_mcp.clock import Clock

LOOPBACK = "127.0.0.1"
ARRIVAL_SECONDS = 15.0
TICK_SECONDS = 0.5

logger = logging.getLogger(__name__)


class ApprovalPage:
    """Asks a person in their own browser; answers go to the inbox. Enter it for as long as the server lives."""

    def __init__(self, clock: Clock, inbox: Inbox, *, open_browser: Callable[[str], bool] = open_in_browser) -> None:
        self._clock = clock
        self._open_browser = open_browser
        self._rooms = Rooms(clock, inbox)
        self._group: TaskGroup | None = None
        self._address: str | None = None
        self._binding = anyio.Lock()

    async def __aenter__(self) -> Self:
        self._group = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._group is not None
        group, self._group = self._group, None
        group.cancel_scope.cancel()
        return await group.__aexit__(kind, error, trace)

    async def show(self, sheet: Sheet) -> bool:
        """Put a plan before the person; False if no browser came, so that another channel has to be named.

        A page that is open already changes to the newest facts. A browser that comes late still finds the page.
        """
        room = self._rooms.admit(sheet)
        if self._rooms.is_watched(room):
            return True
        try:
            launch = await self._launched(room)
        except OSError as error:
            logger.warning("the approval page cannot be shown: %s", error.strerror)
            launch = None
        if launch is None:
            self._rooms.give_up(room)
            return False
        return await self._arrived(launch)

    def update(self, sheet: Sheet) -> None:
        """Show the newest facts of a plan that is on the page; an answer to the former ones no longer counts."""
        self._rooms.update(sheet)

    def withdraw(self, plan_id: str) -> None:
        """Take a plan off the page: it was answered elsewhere, or no longer holds."""
        self._rooms.withdraw(plan_id)

    async def _launched(self, room: Room) -> Launch | None:
        """Send a browser to the page; None if there is none."""
        assert self._group is not None, "enter the page first"
        address = await self._up(self._group)
        opened: Launch | None = await self._group.start(self._launch, room, address)
        return opened

    async def _up(self, group: TaskGroup) -> str:
        """The page's address, bound now if it was not."""
        async with self._binding:
            if self._address is None:
                self._address = await group.start(self._serve)
            return self._address

    async def _serve(self, *, task_status: TaskStatus[str]) -> None:
        """Be up while plans wait or an answer can still be read."""
        from novita_mcp.approval.page.routes import build_app
        from novita_mcp.approval.page.serving import serve_while

        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]
            app = build_app(self._rooms, self._clock, port)
            task_status.started(f"http://{LOOPBACK}:{port}")
            await serve_while(app, listener, self._while_wanted)

    async def _while_wanted(self) -> None:
        while self._rooms:
            await anyio.sleep(TICK_SECONDS)
            self._rooms.sweep()
        self._address = None

    async def _launch(self, room: Room, address: str, *, task_status: TaskStatus[Launch | None]) -> None:
        """Open a browser on a launch file, which stays for as long as it is needed."""
        launch = room.new_launch()
        with launch_file(address, launch.token) as url:
            opened = await to_thread.run_sync(self._open_browser, url, abandon_on_cancel=True)
            task_status.started(launch if opened else None)
            if opened:
                await launch.spent.wait()

    async def _arrived(self, launch: Launch) -> bool:
        """Whether a browser has come with the token before long."""
        if not launch.spent.is_set():
            async with anyio.create_task_group() as group:
                group.start_soon(self._lose_patience, group)
                await launch.spent.wait()
                group.cancel_scope.cancel()
        return launch.entered

    async def _lose_patience(self, group: TaskGroup) -> None:
        await self._clock.sleep(ARRIVAL_SECONDS)
        group.cancel_scope.cancel()
