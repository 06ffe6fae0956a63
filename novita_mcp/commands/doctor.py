"""`novita-mcp doctor`: what is configured, reachable and allowed, and what to do about what is not."""

import io
import os
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import anyio
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from novita_mcp import __version__
from novita_mcp.app import App
from novita_mcp.clock import SystemClock
from novita_mcp.domain.base import brief, clean, usd
from novita_mcp.domain.history.folds import open_intents
from novita_mcp.domain.limits import ApprovalMode
from novita_mcp.errors import ApiError, KeyMissing, KeyRejected, LedgerError, NovitaMcpError, SettingsError
from novita_mcp.keys import key_source
from novita_mcp.ledger import Ledger
from novita_mcp.lock import spending_lock
from novita_mcp.provisioning.enforcement import enforcement
from novita_mcp.provisioning.settling import settle_open
from novita_mcp.settings import KNOWN, Setting, Settings, load_settings
from novita_mcp.wiring import opened_app

LOCK_SECONDS = 5.0
WIDEST = 100
APPROVAL: Mapping[ApprovalMode, str] = {
    "human": "a person says yes to every plan, through a channel that the model cannot use",
    "confirm": "a second call by the agent is enough: only the client's own permission prompt protects you",
    "none": "nobody is asked: the limits below are the only protection",
}
Level = Literal["ok", "note", "bad"]
MARKS: Mapping[Level, tuple[str, str]] = {"ok": ("✔", "green"), "note": ("!", "yellow"), "bad": ("✘", "red")}


@dataclass(frozen=True)
class Finding:
    """One line of the screen; only a `bad` one keeps the server from its job."""

    level: Level
    subject: str
    text: str
    remedy: str = ""


def run() -> int:
    """Examine this machine's settings; exit status 1 if a server with them could not do its job."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without these letters still shows the findings
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST)
    console.print(Text(f"novita-mcp {__version__}", style="bold"))
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        findings = [Finding("bad", "Settings", str(error), "Correct them; an unset one has its default.")]
        _show(console, findings)
    else:
        with console.status("asking Novita …"):
            findings = anyio.run(_examine, settings)
        _show(console, findings)
        _show_settings(console, settings)
    broken = any(finding.level == "bad" for finding in findings)
    _conclude(console, broken=broken)
    return 1 if broken else 0


async def _examine(settings: Settings) -> list[Finding]:
    async with opened_app(settings, os.environ, SystemClock()) as app:
        findings = [*_configuration(settings)]
        findings += [finding async for finding in _account(app)]
        findings += _records(app)
    return findings


def _configuration(settings: Settings) -> Iterator[Finding]:
    file = str(settings.config_file) if settings.config_file else "none (environment and defaults only)"
    yield Finding("ok", "Config file", file)
    if settings.api_key is None:
        remedy = "Make one in the novita.ai console > Settings > Key Management, and set NOVITA_API_KEY."
        yield Finding("bad", "API key", "not set", remedy)
    else:
        source = key_source(settings.api_key_place)
        level: Level = "ok" if source.safe else "note"
        yield Finding(level, "API key", f"set, from {source.place}; never shown", source.advice)
    mode = settings.policy.approval
    yield Finding("ok" if mode == "human" else "note", "Approval", f"{mode}: {APPROVAL[mode]}")


async def _account(app: App) -> AsyncIterator[Finding]:
    """Whether Novita answers this key, and what the account has."""
    url = app.settings.api_base_url
    if app.settings.api_key is None:
        yield Finding("note", "API", f"{url} was not asked: there is no key")
        return
    try:
        products = await app.client.products()
    except (ApiError, KeyMissing) as error:
        yield Finding("bad", "API", f"{url}: {error}", _remedy(error))
        return
    yield Finding("ok", "API", f"{url} answers: {len(products)} GPU products")
    yield await _balance(app)
    if not isinstance(app.opened, LedgerError):
        yield await _settled(app)


def _remedy(error: NovitaMcpError) -> str:
    if isinstance(error, KeyRejected | KeyMissing):
        return "Set a key of this account again: novita.ai console > Settings > Key Management."
    return "Check the network, the proxy and NOVITA_API_BASE_URL, then run this again."


async def _balance(app: App) -> Finding:
    try:
        available = (await app.client.balance()).available_usd
    except ApiError as error:
        remedy = "Plans say that the balance was not checked; without a person they are denied."
        return Finding("note", "Balance", str(error), remedy)
    if available <= 0:
        return Finding(
            "note", "Balance", usd(available, 2), "Top up in the novita.ai console; nothing can be rented now."
        )
    return Finding("ok", "Balance", usd(available, 2))


async def _settled(app: App) -> Finding:
    """Settle what an earlier server left open, as the next server would."""
    try:
        async with spending_lock(app.settings.state_dir, timeout_seconds=LOCK_SECONDS, clock=app.clock):
            await settle_open(app)
    except NovitaMcpError as error:
        remedy = "Nothing new is sent until this is settled. Run this again in a minute."
        return Finding("note", "Open requests", str(error), remedy)
    return Finding("ok", "Open requests", "none: the outcome of everything that was sent is known")


def _records(app: App) -> Iterator[Finding]:
    """Whether the ledger can be trusted."""
    if isinstance(app.opened, LedgerError):
        yield Finding("bad", "Ledger", str(app.opened), "Until then nothing is spent; reading tools work.")
        return
    yield _ledger(app.opened)
    enforced = enforcement(app.settings.state_dir, app.clock.now())
    yield Finding("ok" if enforced.enforced else "note", "Leases", enforced.sentence)
    waiting = [] if app.settings.api_key else [intent.plan_id for intent in open_intents(app.opened.entries())]
    if waiting:
        yield Finding("note", "Open requests", ", ".join(waiting), "With a key, the next start settles them.")


def _ledger(ledger: Ledger) -> Finding:
    faults = ledger.verify()
    if faults:
        remedy = "Look at the account in Novita's console, then move the file away to begin a new one."
        return Finding("bad", "Ledger", f"{ledger.path}: {brief('; '.join(faults), 500)}", remedy)
    return Finding("ok", "Ledger", f"{ledger.path}: intact, {len(ledger.entries())} lines")


def _show(console: Console, findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = MARKS[finding.level]
        text = Text("\n".join(clean(line) for line in finding.text.splitlines()))
        if finding.remedy:
            text.append(f"\n→ {finding.remedy}", style=style)
        table.add_row(Text(mark, style=f"bold {style}"), Text(finding.subject, style="bold"), text)
    console.print(Padding(table, (1, 0), expand=False))


def _show_settings(console: Console, settings: Settings) -> None:
    """Every limit, and whatever else is set, with where it comes from."""
    in_file = _keys_of(settings)
    table = Table("Setting", "Value", "From", box=box.SIMPLE_HEAD, pad_edge=False)
    for setting in KNOWN:
        source = _source(setting, in_file)
        shown = setting.in_policy or (source != "default" and not setting.name.startswith("api_key"))
        if shown:
            holder = settings.policy if setting.in_policy else settings
            style = "dim" if source == "default" else ""
            table.add_row(setting.name, Text(_words(getattr(holder, setting.name))), Text(source), style=style)
    console.print(table)


def _keys_of(settings: Settings) -> frozenset[str]:
    if settings.config_file is None:
        return frozenset()
    tables = tomllib.loads(settings.config_file.read_text(encoding="utf-8"))
    policy = tables.pop("policy", {})
    return frozenset((*tables, *(f"policy.{name}" for name in policy)))


def _source(setting: Setting, in_file: frozenset[str]) -> str:
    if os.environ.get(setting.variable):
        return "environment"
    return "config file" if setting.key in in_file else "default"


def _words(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return clean(", ".join(map(str, value))) or "all"
    return clean(f"{value:f}" if isinstance(value, Decimal) else str(value))


def _conclude(console: Console, *, broken: bool) -> None:
    if broken:
        console.print(Text("A server with these settings could not do its job.", style="bold red"))
    else:
        console.print(Text("A server with these settings can do its job.", style="bold green"))
