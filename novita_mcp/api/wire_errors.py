"""Novita's several ways of saying no, read into one shape and turned into one error."""

import base64
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from novita_mcp.api.reasons import REASONS, advice_for, describe
from novita_mcp.errors import ApiError, RateLimited, Refused

REASON = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
REASON_IN_TEXT = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
FOREIGN_TEXT = (
    "Novita's address answered HTTP {status} with {what} instead of the API's answer; a proxy, a firewall or"
    " a wrong NOVITA_API_BASE_URL can be the cause.\nTrying again: can help later.\n"
    "Next: a person runs `novita-mcp doctor`."
)
PAGE_NOT_FOUND = "page not found"  # what a web server says of a path, not the API of an instance
GOOD_CODES = (0, 200, 201, "0", "200")
GOOD_WORDS = frozenset({"ok", "success", "succeeded"})
SECRET_KEYS = frozenset({"imageAuth", "password", "value"})
SHORTEST_SECRET = 4
DEEPEST_QUOTING = 4
TELLING_RUN = re.compile(r"[A-Za-z0-9]{8,}")
"""A part of a secret that survives whatever the secret is escaped into."""
SUCCESS = 200
ERROR_STATUSES = range(400, 600)
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Complaint:
    """A refusal as received; `foreign` says what came when something else than the API answered."""

    status: int
    reason: str = ""
    message: str = ""
    foreign: str = ""

    @property
    def text(self) -> str:
        """The words for the person or agent that reads the error."""
        if self.foreign:
            return FOREIGN_TEXT.format(status=self.status, what=self.foreign)
        return describe(self.status, self.reason, self.message)


def complaint_of(status: int, content: bytes, secrets: Collection[str]) -> Complaint:
    """Read an error answer of whatever form, with `secrets` masked wherever they are echoed."""
    text = content.decode("utf-8", "replace").strip()
    if text.startswith("<"):
        return Complaint(status, foreign="a web page")
    try:
        payload = without(json.loads(text), secrets)
    except (ValueError, RecursionError):
        return _from_plain_text(status, without(text, secrets))
    if isinstance(payload, dict):
        return _from_object(status, payload)
    return Complaint(status, message=payload if isinstance(payload, str) else "")


def complaint_in_success(status: int, payload: object, secrets: Collection[str]) -> Complaint | None:
    """Return the refusal that came as a 2xx answer, if it is one; an answer that names an id is none."""
    if not isinstance(payload, dict) or payload.get("id"):
        return None
    code = payload.get("code")
    if isinstance(code, int) and code in ERROR_STATUSES:
        return _from_object(code, without(payload, secrets))
    return _from_object(status, without(payload, secrets)) if payload.get("error") else None


def complaint_without_id(payload: object, secrets: Collection[str]) -> Complaint | None:
    """Return the refusal in a 2xx answer that has a message and no id, unless it says all is well."""
    if not isinstance(payload, dict) or payload.get("code") in GOOD_CODES:
        return None
    complaint = _from_object(SUCCESS, without(payload, secrets))
    return complaint if complaint.message and complaint.message.lower() not in GOOD_WORDS else None


def error_for(complaint: Complaint, retry_after_seconds: float | None) -> ApiError:
    """Return the error of the class that fits: by reason, then by status, then by text."""
    kind = advice_for(complaint.status, complaint.reason, complaint.message).error
    if kind is RateLimited or complaint.status == TOO_MANY_REQUESTS:
        text = complaint.text + wait_words(retry_after_seconds)
        return RateLimited(text, retry_after_seconds=retry_after_seconds)
    if complaint.foreign:
        kind = Refused
    return kind(complaint.text, reason=complaint.reason, status=complaint.status)


def wait_words(retry_after_seconds: float | None) -> str:
    """Say how long Novita asks to wait, if it does."""
    if retry_after_seconds is None:
        return ""
    return f"\nNovita asks to wait {retry_after_seconds:.0f} seconds."


def secrets_in(body: object) -> Iterator[str]:
    """Yield the values of a request body that no text may repeat."""
    if isinstance(body, list | tuple):
        for item in body:
            yield from secrets_in(item)
    if not isinstance(body, dict):
        return
    for key, value in body.items():
        if key in SECRET_KEYS and isinstance(value, str):
            yield value
            yield value.partition(":")[2]
        else:
            yield from secrets_in(value)


def without(payload: Any, secrets: Collection[str]) -> Any:
    """Return `payload` with every secret in its strings masked."""
    if isinstance(payload, dict):
        return {key: without(value, secrets) for key, value in payload.items()}
    if isinstance(payload, list):
        return [without(item, secrets) for item in payload]
    if not isinstance(payload, str):
        return payload
    spelled = {spelling for secret in secrets if len(secret) >= SHORTEST_SECRET for spelling in _spellings(secret)}
    for spelling in sorted(spelled, key=len, reverse=True):
        payload = payload.replace(spelling, "***")
    return payload


def _spellings(secret: str) -> Iterator[str]:
    """Yield what becomes of a secret that is quoted in an error: as JSON in JSON, in a URL, as a login."""
    quoted = ascii_only = secret
    for _ in range(DEEPEST_QUOTING):
        yield from (quoted, ascii_only)
        quoted, ascii_only = json.dumps(quoted, ensure_ascii=False)[1:-1], json.dumps(ascii_only)[1:-1]
    whole = secret.encode("utf-8", "surrogatepass")
    yield from (quote(whole), quote(whole, safe=""), quote_plus(whole))
    yield base64.b64encode(whole).decode().rstrip("=")
    yield from TELLING_RUN.findall(secret)


def _from_plain_text(status: int, text: str) -> Complaint:
    if PAGE_NOT_FOUND in text.lower():
        return Complaint(status, foreign="'page not found'")
    return Complaint(status, reason=_reason_named_in(text), message=text)


def _from_object(status: int, payload: dict[str, Any]) -> Complaint:
    error = payload.get("error")
    inner = error if isinstance(error, dict) else {}
    message = _first_text(
        payload.get("message"), inner.get("message"), error, payload.get("title"), payload.get("detail")
    )
    spoken = (payload.get("reason"), inner.get("reason"), inner.get("code"), payload.get("code"), error)
    reason = next((word.upper() for word in spoken if isinstance(word, str) and REASON.fullmatch(word)), "")
    return Complaint(status, reason=reason or _reason_named_in(message), message=message)


def _first_text(*candidates: object) -> str:
    return next((text for text in candidates if isinstance(text, str) and text), "")


def _reason_named_in(text: str) -> str:
    return next((word for word in REASON_IN_TEXT.findall(text) if word in REASONS), "")
