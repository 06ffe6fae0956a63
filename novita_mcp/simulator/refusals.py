"""A no of the API, in the envelope that it uses."""

from typing import Any


class Refusal(Exception):
    """A call that is turned down with a status, a reason word and a message."""

    def __init__(self, reason: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.status = status

    def envelope(self) -> dict[str, Any]:
        """Return the body that says so."""
        return {"code": self.status, "reason": self.reason, "message": self.message, "metadata": {}}


def invalid(path: str, message: str) -> Refusal:
    """Return the refusal of one field's value."""
    return Refusal("VALIDATOR_PARAM", f"invalid {path}: {message}")


def state_conflict() -> Refusal:
    """Return the refusal of an action that the instance's state does not allow."""
    return Refusal("CONFLICT", "invalid state change")
