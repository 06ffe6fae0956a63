"""`novita-mcp reap`: enforce leases when no server runs."""

import os

import anyio
from rich.console import Console
from rich.table import Table

from novita_mcp.app import App
from novita_mcp.clock import SystemClock
from novita_mcp.domain.base import clean
from novita_mcp.errors import KeyMissing, NovitaMcpError
from novita_mcp.lock import spending_lock
from novita_mcp.provisioning.enforcement import Enforcer, beat, rest
from novita_mcp.provisioning.observing import observe
from novita_mcp.provisioning.reaping import Reaped, reap
from novita_mcp.provisioning.settling import settle_open
from novita_mcp.provisioning.tending import EVERY_SECONDS
from novita_mcp.settings import load_settings
from novita_mcp.wiring import opened_app

LOCK_SECONDS = 30.0


def run(*, watch: bool) -> int:
    """Stop what is over its lease; exit status 1 if something could not be stopped or settled."""
    return anyio.run(_run, watch)


async def _run(watch: bool) -> int:  # noqa: FBT001 - anyio.run passes it by place
    settings, console = load_settings(os.environ), Console()
    async with opened_app(settings, os.environ, SystemClock()) as app:
        if settings.api_key is None:
            raise KeyMissing("No API key is set, so no lease can be enforced. Set NOVITA_API_KEY.")
        if not watch:
            return 0 if await _pass(app, console, "reap") else 1
        await _watch(app, console)
    return 0


async def _watch(app: App, console: Console) -> None:
    """Pass after pass until a person or a signal ends it; a pass that fails is told and made again."""
    try:
        while True:
            try:
                await _pass(app, console, "watch")
            except NovitaMcpError as error:
                console.print(f"[red]Leases could not be enforced:[/] {clean(str(error))}", highlight=False)
            await app.clock.sleep(EVERY_SECONDS)
    finally:
        rest(app.settings.state_dir, "watch")


async def _pass(app: App, console: Console, kind: Enforcer) -> bool:
    """One pass; True if everything that is due is stopped and everything open is settled."""
    settled = await _settled(app, console)
    results = await reap(app)
    beat(app.settings.state_dir, kind, app.clock.now())
    if results or kind == "reap":
        _show(results, console)
    return settled and all(result.result != "failed" for result in results)


async def _settled(app: App, console: Console) -> bool:
    try:
        async with spending_lock(app.settings.state_dir, timeout_seconds=LOCK_SECONDS, clock=app.clock):
            await settle_open(app)
        await observe(app)
    except NovitaMcpError as error:
        console.print(f"[yellow]Not settled:[/] {clean(str(error))}", highlight=False)
        return False
    return True


def _show(results: tuple[Reaped, ...], console: Console) -> None:
    if not results:
        console.print("No lease has run out.", highlight=False)
        return
    table = Table("Instance", "Name", "Result", "Why")
    for result in results:
        style = "red" if result.result == "failed" else "green"
        table.add_row(result.instance_id, clean(result.name), f"[{style}]{result.result}[/]", clean(result.why))
    console.print(table)
