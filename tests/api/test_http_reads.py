from datetime import timedelta
from email.utils import format_datetime

import anyio
import httpx
import pytest

from novita_mcp.errors import ApiError, KeyMissing, KeyRejected, NotFound, RateLimited, Refused
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.api.scripted import KEY, Script, novita, served

pytestmark = pytest.mark.anyio

FINE = httpx.Response(200, json={"data": []})
BUSY = httpx.Response(503, json={"code": 503, "reason": "UNKNOWN", "message": "try later"})
PASSING = {
    "500": served("error-unknown"),
    "502 with a web page": served("error-html-502"),
    "408 of a gateway": httpx.Response(408),
    "429": served("error-rate-limited"),
    "half a body": httpx.Response(200, content=b'{"data": ['),
    "no body": httpx.Response(200),
    "a web page": httpx.Response(200, html="<html>log in</html>"),
    "deep nonsense": httpx.Response(200, content=b"[" * 100_000),
    "no connection": httpx.ConnectError("refused"),
    "a timeout": httpx.ReadTimeout("late"),
    "a reset": httpx.ReadError("reset"),
    "a protocol error": httpx.RemoteProtocolError("closed"),
    "bad compression": httpx.DecodingError("gzip"),
}
DEFINITE = {
    "error-unauthorized": KeyRejected,
    "error-gateway": KeyRejected,
    "error-forbidden": KeyRejected,
    "get-instance-not-found": NotFound,
    "get-template-not-found": NotFound,
    "error-validator-param": Refused,
    "error-insufficient-resource": Refused,
    "error-balance-not-enough": Refused,
    "error-invalid-state-change": Refused,
}


@pytest.mark.parametrize("name", PASSING)
async def test_a_failure_that_may_pass_is_tried_again(name: str) -> None:
    script = Script(PASSING[name], FINE)
    async with novita(script) as http:
        assert await http.get("/x") == {"data": []}
    assert script.sent == 2


@pytest.mark.parametrize("name", PASSING)
async def test_tries_end_with_the_deadline(name: str) -> None:
    script, clock = Script(PASSING[name]), TurnedClock()
    async with novita(script, clock=clock) as http:
        with pytest.raises(ApiError) as caught:
            await http.get("/x", deadline_seconds=20)
    assert clock.monotonic() <= 20
    assert script.sent == 6
    assert isinstance(caught.value, RateLimited) or "tried 6 times" in str(caught.value)


@pytest.mark.parametrize("name", DEFINITE)
async def test_a_definite_answer_is_not_asked_for_again(name: str) -> None:
    script = Script(served(name))
    async with novita(script) as http:
        with pytest.raises(DEFINITE[name]):
            await http.get("/x")
    assert script.sent == 1


@pytest.mark.parametrize(("jitter", "pauses"), [(0.0, 0.25 + 0.5 + 1), (1.0, 0.5 + 1 + 2)])
async def test_pauses_double_and_jitter_halves_them_at_most(jitter: float, pauses: float) -> None:
    clock = TurnedClock()
    async with novita(Script(BUSY, BUSY, BUSY, FINE), clock=clock, jitter=jitter) as http:
        await http.get("/x")
    assert clock.monotonic() == pytest.approx(pauses)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds_is_obeyed(status: int) -> None:
    clock = TurnedClock()
    async with novita(Script(httpx.Response(status, headers={"Retry-After": "7"}), FINE), clock=clock) as http:
        await http.get("/x")
    assert clock.monotonic() == 7


async def test_retry_after_as_a_date_is_obeyed() -> None:
    clock = TurnedClock()
    date = format_datetime(clock.now() + timedelta(seconds=11), usegmt=True)
    async with novita(Script(httpx.Response(429, headers={"Retry-After": date}), FINE), clock=clock) as http:
        await http.get("/x")
    assert clock.monotonic() == 11


@pytest.mark.parametrize("value", ["0", "-3", "soon", "", "1e9999", "Mon, 01 Jan 2001 00:00:00 GMT"])
async def test_a_useless_retry_after_leaves_the_usual_pause(value: str) -> None:
    clock = TurnedClock()
    async with novita(Script(httpx.Response(429, headers={"Retry-After": value}), FINE), clock=clock) as http:
        await http.get("/x")
    assert clock.monotonic() == 0.5


async def test_a_wait_longer_than_the_deadline_is_told_instead_of_waited_for() -> None:
    clock, script = TurnedClock(), Script(httpx.Response(429, headers={"Retry-After": "120"}))
    async with novita(script, clock=clock) as http:
        with pytest.raises(RateLimited, match="wait 120 seconds") as caught:
            await http.get("/x", deadline_seconds=20)
    assert caught.value.retry_after_seconds == 120
    assert (script.sent, clock.monotonic()) == (1, 0)


async def test_an_answer_that_never_ends_is_bounded_in_time() -> None:
    async def never() -> None:
        await anyio.sleep_forever()

    async def silent(request: httpx.Request) -> httpx.Response:
        await never()
        return FINE

    async with novita(silent) as http:  # type: ignore[arg-type]
        with pytest.raises(ApiError, match="no complete answer"):
            await http.get("/x", deadline_seconds=0.5)


async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    async with novita(Script(httpx.Response(200, content=b" " * 10_000_001))) as http:
        with pytest.raises(ApiError, match="larger than 10 MB"):
            await http.get("/x", deadline_seconds=1)


async def test_a_redirect_is_not_followed_and_not_tried_again() -> None:
    script = Script(httpx.Response(302, headers={"Location": "https://elsewhere.test/"}))
    async with novita(script) as http:
        with pytest.raises(ApiError, match="redirect"):
            await http.get("/x")
    assert [request.url.host for request in script.requests] == ["api.novita.test"]


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(404, html="<html>nginx</html>"), httpx.Response(404, text="404 page not found")],
)
async def test_a_missing_web_page_does_not_count_as_a_missing_thing(answer: httpx.Response) -> None:
    async with novita(Script(answer)) as http:
        with pytest.raises(ApiError, match="NOVITA_API_BASE_URL") as caught:
            await http.get("/x")
    assert not isinstance(caught.value, NotFound)


async def test_every_request_carries_the_key_the_json_type_and_the_name_of_this_program() -> None:
    script = Script(FINE)
    async with novita(script) as http:
        await http.get("/a/b", {"name": "x y", "none": None, "flag": True, "pageNum": 1})
    [request] = script.requests
    assert str(request.url) == "https://api.novita.test/a/b?name=x+y&flag=true&pageNum=1"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("novita-mcp/")


@pytest.mark.parametrize("key", [None, "", "  \n", "sk two words", "sk_ä", "sk_a\r\nX-Other: 1"])
async def test_without_a_usable_key_nothing_is_sent_and_the_text_says_how_to_set_one(key: str | None) -> None:
    script = Script(FINE)
    async with novita(script, key=key) as http:
        for call in (http.get("/x"), http.post("/x", {})):
            with pytest.raises(KeyMissing, match=r"NOVITA_API_KEY(.|\n)*Settings > Key Management") as caught:
                await call
            assert not key or not key.strip() or key not in str(caught.value)
    assert script.sent == 0


async def test_a_refusal_dressed_as_a_success_is_an_error() -> None:
    body = {"code": 401, "reason": "UNAUTHORIZED", "message": "no"}
    async with novita(Script(httpx.Response(200, json=body))) as http:
        with pytest.raises(KeyRejected):
            await http.get("/x")
