from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream
from pydantic import SecretStr

from novita_mcp.api.http import NovitaHttp
from novita_mcp.errors import ApiError, KeyRejected, NotFound, OutcomeUnknown, RateLimited, Refused
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.api.scripted import KEY, Answer, Script, chain, novita, served

pytestmark = pytest.mark.anyio

NOT_SENT: dict[str, Answer] = {
    "connection refused": httpx.ConnectError("refused"),
    "connect timeout": httpx.ConnectTimeout("late"),
    "no free connection": httpx.PoolTimeout("full"),
    "no http at all": httpx.UnsupportedProtocol("ftp"),
    "proxy says no": httpx.ProxyError("407"),
}
UNKNOWN: dict[str, Answer] = {
    "read timeout": httpx.ReadTimeout("late"),
    "write timeout": httpx.WriteTimeout("late"),
    "reset while reading": httpx.ReadError("reset"),
    "reset while writing": httpx.WriteError("reset"),
    "closed without an answer": httpx.RemoteProtocolError("closed"),
    "own protocol error": httpx.LocalProtocolError("state"),
    "bad compression": httpx.DecodingError("gzip"),
    "500": served("error-unknown"),
    "500 with a reason that is a no elsewhere": httpx.Response(500, json={"reason": "INSUFFICIENT_RESOURCE"}),
    "502 with a web page": served("error-html-502"),
    "504 without a body": httpx.Response(504),
    "408 of a gateway": httpx.Response(408),
    "redirect": httpx.Response(307, headers={"Location": "https://elsewhere.test/"}),
    "success with a web page": httpx.Response(200, html="<html>hello</html>"),
    "success with half a body": httpx.Response(200, content=b'{"id": "37d3'),
    "success that says 500": httpx.Response(200, json={"code": 500, "reason": "UNKNOWN", "message": "oops"}),
    "switching protocols": httpx.Response(101),
    "too large": httpx.Response(200, content=b" " * 10_000_001),
}
DEFINITE: dict[str, tuple[Answer, type[ApiError]]] = {
    "unauthorized": (served("error-unauthorized"), KeyRejected),
    "forbidden": (served("error-forbidden"), KeyRejected),
    "rate limited": (served("error-rate-limited"), RateLimited),
    "rate limited by a web page": (httpx.Response(429, html="<html>slow</html>"), RateLimited),
    "no balance": (served("error-balance-not-enough"), Refused),
    "no resource": (served("error-insufficient-resource"), Refused),
    "not found": (served("get-instance-not-found"), NotFound),
    "blocked by a firewall's page": (httpx.Response(403, html="<html>blocked</html>"), Refused),
    "400 without a body": (httpx.Response(400), Refused),
    "success with an error": (httpx.Response(200, json={"error": "no stock"}), Refused),
    "success with a 400 inside": (httpx.Response(200, json={"code": 400, "reason": "REQUEST"}), Refused),
}


@pytest.mark.parametrize("name", NOT_SENT)
async def test_a_write_that_never_left_is_a_definite_no(name: str) -> None:
    script = Script(NOT_SENT[name])
    async with novita(script) as http:
        with pytest.raises(Refused, match=r"^Nothing was sent"):
            await http.post("/x", {})
    assert script.sent == 1


@pytest.mark.parametrize("name", UNKNOWN)
async def test_a_write_whose_reply_is_lost_may_have_happened_and_is_never_repeated(name: str) -> None:
    script, clock = Script(UNKNOWN[name]), TurnedClock()
    async with novita(script, clock=clock) as http:
        with pytest.raises(OutcomeUnknown, match="may have happened"):
            await http.post("/x", {})
    assert (script.sent, clock.monotonic()) == (1, 0)


@pytest.mark.parametrize("name", DEFINITE)
async def test_a_definite_no_has_the_class_of_its_reaction_and_is_never_repeated(name: str) -> None:
    answer, kind = DEFINITE[name]
    script = Script(answer)
    async with novita(script) as http:
        with pytest.raises(kind) as caught:
            await http.post("/x", {})
    assert not isinstance(caught.value, OutcomeUnknown)
    assert script.sent == 1


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_an_empty_success_has_no_body(status: int) -> None:
    async with novita(Script(httpx.Response(status))) as http:
        assert await http.post("/x", {}) is None


async def test_a_bare_string_is_a_body() -> None:
    async with novita(Script(served("create-network-storage"))) as http:
        assert await http.post("/x", {}) == "3d2c1b0a-1111-4222-8333-444455556666"


async def test_a_refused_write_says_how_long_to_wait() -> None:
    async with novita(Script(httpx.Response(429, headers={"Retry-After": "9"}))) as http:
        with pytest.raises(RateLimited, match="wait 9 seconds") as caught:
            await http.post("/x", {})
    assert caught.value.retry_after_seconds == 9


SECRET_BODY = {
    "imageAuth": "user:reg-pa55word",
    "envs": [{"key": "TOKEN", "value": "hf_3nvValue"}],
    "password": "l0gin-pass",
    "imageUrl": "private/image",
}
SECRETS = (KEY, "user:reg-pa55word", "reg-pa55word", "hf_3nvValue", "l0gin-pass")
ECHO = f"bad Bearer {KEY} in user:reg-pa55word reg-pa55word hf_3nvValue l0gin-pass private/image"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"code": 400, "reason": "VALIDATOR_PARAM", "message": ECHO}),
        httpx.Response(400, json={"error": {"code": KEY, "message": ECHO}}),
        httpx.Response(400, text=ECHO),
        httpx.Response(500, json={"message": ECHO}),
        httpx.Response(200, json={"error": ECHO}),
        httpx.Response(400, json={"reason": KEY}),
        httpx.ReadError("reset"),
        httpx.ConnectError("refused"),
    ],
)
async def test_no_error_repeats_the_key_or_a_secret_of_the_request(answer: Answer) -> None:
    async with novita(Script(answer)) as http:
        with pytest.raises(ApiError) as caught:
            await http.post("/x", SECRET_BODY)
        printed = " ".join((*chain(caught.value), repr(http), repr(vars(http)))).lower()
    assert not [secret for secret in SECRETS if secret.lower() in printed]


@asynccontextmanager
async def socket_server(reply: Callable[[SocketStream], Awaitable[None]]) -> AsyncIterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []

    async def serve(stream: SocketStream) -> None:
        async with stream:
            received.append(await stream.receive())
            await reply(stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        yield f"http://127.0.0.1:{port}", received
        group.cancel_scope.cancel()


def real(base_url: str) -> NovitaHttp:
    return NovitaHttp(base_url=base_url, api_key=SecretStr(KEY), clock=TurnedClock())


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"SSH-2.0-nonsense\r\n\r\n"])
async def test_a_real_connection_that_breaks_leaves_the_outcome_unknown(reply: bytes) -> None:
    async def break_off(stream: SocketStream) -> None:
        if reply:
            await stream.send(reply)

    async with socket_server(break_off) as (base_url, received), real(base_url) as http:
        with pytest.raises(OutcomeUnknown):
            await http.post("/x", {})
    assert len(received) == 1


async def test_a_real_server_that_stays_silent_leaves_the_outcome_unknown_in_time() -> None:
    async def stay_silent(stream: SocketStream) -> None:
        await anyio.sleep_forever()

    async with socket_server(stay_silent) as (base_url, received), real(base_url) as http:
        with pytest.raises(OutcomeUnknown, match="no complete answer"):
            await http.post("/x", {}, timeout_seconds=0.2)
    assert len(received) == 1


async def test_a_closed_port_is_a_definite_no() -> None:
    async with socket_server(lambda stream: stream.aclose()) as (base_url, _):
        pass
    async with real(base_url) as http:
        with pytest.raises(Refused, match=r"^Nothing was sent"):
            await http.post("/x", {})


async def test_loopback_is_reached_without_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def answer(stream: SocketStream) -> None:
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with socket_server(answer) as (base_url, _), real(base_url) as http:
        assert await http.post("/x", {}) == {}
