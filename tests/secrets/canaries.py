"""Secrets that can be recognised wherever they come out, and a world and a server that are full of them."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx
from mcp import Client
from mcp.types import ElicitResult

from novita_mcp.app import App
from novita_mcp.server import build_server, holding
from novita_mcp.settings import load_settings
from novita_mcp.simulator.catalog import DEFAULT_AUTH_ID, DEFAULT_TEMPLATE_ID
from novita_mcp.simulator.instances import password
from novita_mcp.simulator.transport import SimulatorTransport
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import World, build_world
from novita_mcp.wiring import opened_app

KEY = "sk_CANARYKEY7Qx41"
ENV = 'CANARYENV5 "quoted" \\back\nsecond line ünï'
REFERENCED = "CANARYREFERENCED9"
AUTH = 'CANARYUSER3:CANARYAUTH3"x'
LOGIN = base64.b64encode(AUTH.encode()).decode().rstrip("=")
"""The registry login as registries and their error messages spell it."""
REGISTRY = "CANARYREGISTRY8"
CORES = (
    *("CANARYKEY7Qx41", "CANARYENV5", "CANARYREFERENCED9", "CANARYUSER3", "CANARYAUTH3", "CANARYREGISTRY8"),
    *("CANARYSTORED2", "CANARYTEMPLATE6", "CANARYFOREIGN4", LOGIN),
)
"""What is left of each secret whatever it is escaped into."""
Form = Literal["json", "nested", "text", "web page", "200 with an error", "500", "login", "url"]
FORMS: tuple[Form, ...] = ("json", "nested", "text", "web page", "200 with an error", "500", "login", "url")
CREATE: dict[str, Any] = {
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "ghcr.io/example/train:1",
    "imageAuth": AUTH,
    "envs": [{"key": "TOKEN", "value": ENV}, {"key": "HF_TOKEN", "value": "$HF_TOKEN"}],
    "leaseHours": 1,
}


class Echo(httpx.AsyncBaseTransport):
    """Novita on a bad day: while `form` is set, a request comes back in the error, with its key and its secrets."""

    def __init__(self, world: World) -> None:
        self._inner = SimulatorTransport(world)
        self.form: Form | None = None
        self.method = "POST"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.form is None or request.method != self.method:
            return await self._inner.handle_async_request(request)
        content = (await request.aread()).decode()
        return _echoed(self.form, f"{request.headers['Authorization']} {content}")


def _echoed(form: Form, text: str) -> httpx.Response:
    said = {"code": 400, "reason": "INVALID_PARAM", "message": f"bad request: {text}"}
    match form:
        case "json":
            return httpx.Response(400, json=said)
        case "nested":
            return httpx.Response(400, json={"error": {"message": json.dumps(json.dumps(text))}})
        case "text":
            return httpx.Response(400, text=f"bad request: {text}")
        case "web page":
            return httpx.Response(502, text=f"<html>{text}</html>")
        case "200 with an error":
            return httpx.Response(200, json={"error": text})
        case "500":
            return httpx.Response(500, json={**said, "code": 500})
        case "login":
            login = LOGIN if "CANARYUSER3" in text else "none"
            return httpx.Response(400, json={**said, "message": f"auth: {login}"})
        case "url":
            return httpx.Response(400, json={**said, "message": quote(text)})


@dataclass
class Heard:
    """Everything that came out of a server, and where."""

    said: list[tuple[str, str]] = field(default_factory=list)

    def add(self, where: str, what: object) -> None:
        """Remember something that came out."""
        self.said.append((where, what if isinstance(what, str) else json.dumps(what, ensure_ascii=False, default=str)))

    def leaks(self, world: World | None = None) -> list[tuple[str, str]]:
        """Where which secret came out."""
        passwords = tuple(map(password, world.instances.values())) if world else ()
        return [(where, core) for where, text in self.said for core in (*CORES, *passwords) if core in text]


def world_of_secrets(clock: TurnedClock) -> World:
    """An account whose lists are full of other people's secrets."""
    world = build_world(clock)
    auth = world.registry_auths[DEFAULT_AUTH_ID]
    world.registry_auths[DEFAULT_AUTH_ID] = replace(auth, password="CANARYSTORED2")
    template = world.templates[DEFAULT_TEMPLATE_ID]
    secret = {"imageAuth": "", "envs": [{"key": "TOKEN", "value": "CANARYTEMPLATE6"}]}
    world.templates[DEFAULT_TEMPLATE_ID] = {**template, **secret}
    foreign = world.add_foreign_instance()
    world.keep(replace(foreign, envs=(("TOKEN", "CANARYFOREIGN4"),)))
    return world


@dataclass
class Bugged:
    """A server of which every word is heard."""

    app: App
    world: World
    clock: TurnedClock
    client: Client
    echo: Echo
    heard: Heard

    async def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """Call a tool and hear what it says, with its progress."""

        async def progress(done: float, total: float | None, message: str | None) -> None:
            self.heard.add(f"progress of {tool}", f"{done} {total} {message}")

        result = await self.client.call_tool(tool, arguments, progress_callback=progress)
        self.heard.add(tool, result.model_dump(mode="json"))
        return result


@asynccontextmanager
async def bugged(state_dir: Path, era: Literal["auto", "legacy"] = "auto", **policy: str) -> AsyncIterator[Bugged]:
    """Open a server with every toolset, and a person who agrees to everything."""
    clock, heard = TurnedClock(), Heard()
    world = world_of_secrets(clock)
    echo = Echo(world)
    environ = {
        "NOVITA_API_KEY": KEY,
        "NOVITA_MCP_STATE_DIR": str(state_dir),
        "NOVITA_MCP_TOOLSETS": "all",
        "NOVITA_MCP_SECRET_ENVS": "HF_TOKEN",
        "NOVITA_MCP_MAX_QUESTIONS_PER_HOUR": "100000",
        "NOVITA_MCP_ALLOWED_BILLING": "onDemand,spot,monthly",
        **{f"NOVITA_MCP_{name}": value for name, value in policy.items()},
    }

    async def agree(context: Any, params: Any) -> ElicitResult:
        heard.add("the question to the person", params.message)
        clock.advance(5)
        return ElicitResult(action="accept", content={"approve": True})

    settings = load_settings(environ, config_dir=state_dir / "no-config")
    async with opened_app(settings, {**environ, "HF_TOKEN": REFERENCED}, clock, transport=echo) as app:
        server = build_server(holding(app), settings.toolsets)
        async with Client(server, mode=era, elicitation_callback=agree) as client:
            yield Bugged(app, world, clock, client, echo, heard)
