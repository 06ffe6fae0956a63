"""What can go wrong, one class for each different reaction.

NovitaMcpError            a person or an agent can act on its text, which is always shown
├── SettingsError         the start stops; the text names the key, its place and what is allowed
├── InvalidArguments      the agent corrects its arguments; every problem is listed, nothing was sent
├── KeyMissing            a person sets the API key
├── ApiError              Novita answered no, or nothing that could be understood
│   ├── KeyRejected       a person corrects the API key (401, 403)
│   ├── NotPermitted      the key works, but has no right to this: what it would tell is unknown
│   ├── NotFound          the thing is gone, or never was
│   ├── RateLimited       wait, then the same again
│   ├── Refused           a definite no: nothing changed at Novita
│   └── OutcomeUnknown    a write that may have happened: look before anything else is done
├── PlanGone              the plan is used, expired or of another server: ask again
└── LedgerError           the local record cannot be trusted or reached: spending stops
    └── LockTimeout       another server holds the spending lock for too long
"""

from dataclasses import dataclass


class NovitaMcpError(Exception):
    """The root: its text is written for the person or agent that reads it."""


class SettingsError(NovitaMcpError):
    """A setting that the server must not start with."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field, in words that never repeat a secret value.

    `rule` names the rule across fields that is broken; it is empty where a single field's limit is.
    """

    path: str
    message: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidArguments(NovitaMcpError):
    """Arguments that break a limit; `problems` lists all of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"- {problem}" for problem in problems)
        super().__init__(f"{count} with the arguments; nothing was sent:\n{lines}")


class KeyMissing(NovitaMcpError):
    """No API key is set."""


class ApiError(NovitaMcpError):
    """An answer of Novita's that is not a success."""

    def __init__(self, text: str, *, reason: str = "", status: int | None = None) -> None:
        super().__init__(text)
        self.reason = reason
        self.status = status


class KeyRejected(ApiError):
    """Novita did not accept the key, or the key may not do this."""


class NotPermitted(ApiError):
    """The key's role has no right to this part of the API; the others may answer."""


class NotFound(ApiError):
    """Novita does not know the thing named."""


class RateLimited(ApiError):
    """Too many requests; `retry_after_seconds` says how long to wait, where Novita said so."""

    def __init__(self, text: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(text, reason="RATE_LIMIT_EXCEEDED", status=429)
        self.retry_after_seconds = retry_after_seconds


class Refused(ApiError):
    """A definite no: nothing changed at Novita."""


class OutcomeUnknown(ApiError):
    """A write whose reply was lost, late or unreadable: it may have happened."""


class PlanGone(NovitaMcpError):
    """A plan that cannot be carried out any more, or is not known here."""


class LedgerError(NovitaMcpError):
    """The ledger cannot be trusted or reached."""


class LockTimeout(LedgerError):
    """The spending lock was not free in time."""
