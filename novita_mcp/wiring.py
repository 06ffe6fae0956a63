"""Putting the parts together for one run of a command."""

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr

from novita_mcp.api.client import NovitaClient
from novita_mcp.api.http import NovitaHttp
from novita_mcp.app import App
from novita_mcp.approval.desk import Desk, Page, Turn
from novita_mcp.approval.inbox import Inbox
from novita_mcp.clock import Clock
from novita_mcp.errors import LedgerError
from novita_mcp.ledger import Ledger
from novita_mcp.provisioning.book import PlanBook
from novita_mcp.settings import Settings

SIMULATED_KEY = "sk_simulated"
STATE_DIR = "NOVITA_MCP_STATE_DIR"


@asynccontextmanager
async def opened_app(
    settings: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    open_browser: Callable[[str], bool] | None = None,
) -> AsyncIterator[App]:
    """Open the API client, the ledger and the approval page, and close them again; without a browser no page."""
    async with AsyncExitStack() as stack:
        http = NovitaHttp(base_url=settings.api_base_url, api_key=settings.api_key, clock=clock, transport=transport)
        client = NovitaClient(await stack.enter_async_context(http))
        inbox = Inbox()
        page = await _page(stack, settings, clock, inbox, open_browser)
        app = App(
            settings=settings,
            client=client,
            clock=clock,
            environ=environ,
            book=PlanBook(clock),
            desk=Desk(inbox, Turn(clock), page),
            opened=_ledger(settings.state_dir, clock),
        )
        stack.callback(app.close)
        yield app


@asynccontextmanager
async def simulated_app(
    settings: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    *,
    open_browser: Callable[[str], bool] | None = None,
) -> AsyncIterator[App]:
    """An app against the embedded simulator; its ledger is a passing one unless a state folder was named."""
    from novita_mcp.simulator.tempo import Tempo
    from novita_mcp.simulator.transport import SimulatorTransport
    from novita_mcp.simulator.world import build_world

    with tempfile.TemporaryDirectory(prefix="novita-mcp-") as passing:
        named = bool(environ.get(STATE_DIR))
        pretended = settings.model_copy(
            update={
                "api_key": SecretStr(SIMULATED_KEY),
                "state_dir": settings.state_dir if named else Path(passing),
            }
        )
        transport = SimulatorTransport(build_world(clock, tempo=Tempo.brisk()))
        async with opened_app(pretended, environ, clock, transport=transport, open_browser=open_browser) as app:
            yield app


async def _page(
    stack: AsyncExitStack,
    settings: Settings,
    clock: Clock,
    inbox: Inbox,
    open_browser: Callable[[str], bool] | None,
) -> Page | None:
    if open_browser is None or settings.policy.approval != "human" or "page" not in settings.approval_channels:
        return None
    from novita_mcp.approval.page import ApprovalPage

    return await stack.enter_async_context(ApprovalPage(clock, inbox, open_browser=open_browser))


def _ledger(state_dir: Path, clock: Clock) -> Ledger | LedgerError:
    """The ledger, or why spending has to stop; reading tools work without it."""
    try:
        return Ledger.open(state_dir, clock)
    except LedgerError as error:
        return error
