"""One HTTP exchange with Novita: the key, the time allowed, the retries of reads, errors by class."""

import ipaddress
import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, NoReturn, Self

import anyio
import httpx
from pydantic import SecretStr

from novita_mcp import __version__
from novita_mcp.api.wire import shallow
from novita_mcp.api.wire_errors import (
    Complaint,
    complaint_in_success,
    complaint_of,
    error_for,
    secrets_in,
    wait_words,
)
from novita_mcp.clock import Clock
from novita_mcp.errors import ApiError, KeyMissing, OutcomeUnknown, RateLimited, Refused

GET_DEADLINE_SECONDS = 20.0
POST_TIMEOUT_SECONDS = 30.0
CONNECT_TIMEOUT_SECONDS = 8.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
SHORTEST_TRY_SECONDS = 0.5
MAX_ANSWER_BYTES = 10_000_000

KEY_MISSING = (
    "No Novita API key is set, so nothing was sent. A person sets the environment variable NOVITA_API_KEY for"
    " this server and restarts it; keys are made in the novita.ai console > Settings > Key Management."
    " Without a key, `novita-mcp serve --simulate` runs everything against the built-in simulator."
)
KEY_UNUSABLE = (
    "The API key has characters that no key has (spaces, line breaks, quotes or other signs), so nothing was"
    " sent. A person sets NOVITA_API_KEY again, from the novita.ai console > Settings > Key Management."
)
KEY_CHARACTERS = re.compile(r"[A-Za-z0-9._~+/=-]+")
REDIRECT = (
    "Novita's address answered HTTP {status}, a redirect, which is never followed because the key must not"
    " travel. A person checks NOVITA_API_BASE_URL."
)
LOOK_FIRST = (
    "It may have happened nevertheless: look at the actual state (list_gpu_instances) before it is asked for again."
)

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
)
TRANSPORT_WORDS: Mapping[type[httpx.RequestError], str] = {
    httpx.ConnectTimeout: "no connection came about in the time allowed",
    httpx.PoolTimeout: "no connection was free in the time allowed",
    httpx.ProxyError: "the proxy did not let the connection through",
    httpx.ConnectError: "no connection could be made (unknown name, refused, or no valid certificate)",
    httpx.UnsupportedProtocol: "the base URL is neither https nor http",
    httpx.TimeoutException: "no complete answer came in the time allowed",
    httpx.NetworkError: "the connection broke off",
    httpx.ProtocolError: "the connection ended before a complete answer, or the answer was not HTTP",
    httpx.DecodingError: "the answer could not be decompressed",
}


@dataclass(frozen=True)
class Answer:
    """A complete answer; `retry_after_seconds` is what Novita asks to wait, if it does."""

    status: int
    content: bytes
    retry_after_seconds: float | None

    @property
    def succeeded(self) -> bool:
        """Whether the status is a 2xx."""
        return httpx.codes.is_success(self.status)


class _Interrupted(Exception):
    """An exchange without a complete answer, and whether anything of it can have been sent."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class _Passing(ApiError):
    """A failed read that another try may cure."""

    def __init__(
        self,
        text: str,
        *,
        reason: str = "",
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(text, reason=reason, status=status)
        self.retry_after_seconds = retry_after_seconds


class NovitaHttp:
    """Novita's API as JSON in and JSON out; an async context manager that holds the connections."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: SecretStr | None,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        user_agent: str = f"novita-mcp/{__version__}",
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._api_key = api_key
        self._clock = clock
        self._jitter = jitter
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            follow_redirects=False,
            trust_env=not _is_loopback(base_url),  # a proxy cannot reach this machine's own ports
            headers={
                "User-Agent": user_agent,
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(
        self,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        deadline_seconds: float = GET_DEADLINE_SECONDS,
    ) -> Any:
        """Read `path`, trying again while that can help and `deadline_seconds` are not over.

        Raises:
            KeyMissing: No usable key is set; nothing was sent.
            RateLimited: Novita asks to wait for longer than the deadline allows.
            ApiError: Any other failure, of the class that says how to react.

        """
        deadline = self._clock.monotonic() + deadline_seconds
        tries = 0
        while True:
            tries += 1
            try:
                return await self._read(path, params, deadline - self._clock.monotonic())
            except (RateLimited, _Passing) as failure:
                pause = self._pause(failure, tries)
                if pause + SHORTEST_TRY_SECONDS > deadline - self._clock.monotonic():
                    _give_up(failure, tries)
            await self._clock.sleep(pause)

    async def post(self, path: str, body: Mapping[str, Any], *, timeout_seconds: float = POST_TIMEOUT_SECONDS) -> Any:
        """Send exactly one request and return its parsed body, None for an empty one.

        Raises:
            KeyMissing: No usable key is set; nothing was sent.
            OutcomeUnknown: It may have happened.
            ApiError: Any other: a definite no, nothing changed.

        """
        try:
            answer = await self._exchange("POST", path, seconds=timeout_seconds, body=body)
        except _Interrupted as failure:
            if failure.sent:
                raise OutcomeUnknown(f"The request was sent, but {failure}. {LOOK_FIRST}") from failure
            raise Refused(f"Nothing was sent to Novita: {failure}. Trying again can help later.") from failure
        return _written(answer, self.secrets_of(body))

    def secrets_of(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the key and the secret values of a request, which no text may repeat."""
        return (self._key(), *secrets_in(body))

    async def _read(self, path: str, params: Mapping[str, object] | None, seconds: float) -> Any:
        try:
            answer = await self._exchange("GET", path, seconds=seconds, params=params)
        except _Interrupted as failure:
            raise _Passing(f"Novita could not be read: {failure}.") from failure
        return _parsed(answer, (self._key(),))

    def _pause(self, failure: "RateLimited | _Passing", tries: int) -> float:
        longest: float = min(FIRST_PAUSE_SECONDS * 2 ** (tries - 1), LONGEST_PAUSE_SECONDS)
        return max(longest * (1 + self._jitter()) / 2, failure.retry_after_seconds or 0)

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        seconds: float,
        params: Mapping[str, object] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        request = self._client.build_request(
            method,
            path,
            params=httpx.QueryParams(_present(params)),
            json=body,
            headers={"Authorization": f"Bearer {self._key()}"},
            timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT_SECONDS)),
        )
        with anyio.move_on_after(seconds):
            return await self._send(request)
        raise _Interrupted(f"no complete answer came within {seconds:.0f} seconds", sent=True)

    def _key(self) -> str:
        key = self._api_key.get_secret_value().strip() if self._api_key else ""
        if not key:
            raise KeyMissing(KEY_MISSING)
        if not KEY_CHARACTERS.fullmatch(key):
            raise KeyMissing(KEY_UNUSABLE)
        return key

    async def _send(self, request: httpx.Request) -> Answer:
        try:
            response = await self._client.send(request, stream=True)
            try:
                content = await _bounded_content(response)
            finally:
                await response.aclose()
        except httpx.RequestError as error:
            raise _Interrupted(_in_plain_words(error), sent=not isinstance(error, NOT_SENT)) from error
        return Answer(response.status_code, content, self._retry_after_seconds(response.headers))

    def _retry_after_seconds(self, headers: httpx.Headers) -> float | None:
        value = headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,9}", value):
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value) - self._clock.now()).total_seconds())
        except (TypeError, ValueError):  # no date, or one without a time zone
            return None


async def _bounded_content(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise _Interrupted(f"the answer was larger than {MAX_ANSWER_BYTES // 1_000_000} MB", sent=True)
    return bytes(content)


def _in_plain_words(error: httpx.RequestError) -> str:
    return next((words for kind, words in TRANSPORT_WORDS.items() if isinstance(error, kind)), "the connection failed")


def _parsed(answer: Answer, secrets: tuple[str, ...]) -> Any:
    if httpx.codes.is_redirect(answer.status):
        raise ApiError(REDIRECT.format(status=answer.status), status=answer.status)
    if not answer.succeeded:
        _raise_complaint(complaint_of(answer.status, answer.content, secrets), answer)
    payload = _json(answer)
    complaint = complaint_in_success(answer.status, payload, secrets)
    if complaint:
        _raise_complaint(complaint, answer)
    return payload


def _raise_complaint(complaint: Complaint, answer: Answer) -> NoReturn:
    if _is_passing(complaint.status):
        text = complaint.text + wait_words(answer.retry_after_seconds)
        raise _Passing(
            text,
            reason=complaint.reason,
            status=complaint.status,
            retry_after_seconds=answer.retry_after_seconds,
        )
    raise error_for(complaint, answer.retry_after_seconds)


def _is_passing(status: int) -> bool:
    """Tell whether a status leaves it open what happened; 408 is a gateway's word, not the API's."""
    spoken = httpx.codes.is_success(status) or httpx.codes.is_client_error(status)
    return not spoken or status == httpx.codes.REQUEST_TIMEOUT


def _json(answer: Answer) -> Any:
    try:
        return shallow(json.loads(answer.content))
    except (ValueError, RecursionError) as error:
        raise _Passing(
            f"Novita answered HTTP {answer.status} with something that is not complete JSON.",
            status=answer.status,
        ) from error


def _give_up(failure: "RateLimited | _Passing", tries: int) -> NoReturn:
    if isinstance(failure, RateLimited):
        raise failure
    times = "once" if tries == 1 else f"{tries} times"
    raise ApiError(f"{failure}\nIt was tried {times}.", reason=failure.reason, status=failure.status) from failure


def _written(answer: Answer, secrets: tuple[str, ...]) -> Any:
    if httpx.codes.is_redirect(answer.status):
        raise OutcomeUnknown(f"{REDIRECT.format(status=answer.status)} {LOOK_FIRST}", status=answer.status)
    if answer.succeeded and not answer.content.strip():
        return None
    try:
        return _parsed(answer, secrets)
    except _Passing as error:
        raise OutcomeUnknown(f"{error}\n{LOOK_FIRST}", reason=error.reason, status=error.status) from error


def _present(params: Mapping[str, object] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _is_loopback(base_url: str) -> bool:
    host = httpx.URL(base_url).host
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
