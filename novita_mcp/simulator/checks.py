"""Shapes of requests: exact JSON types, bounds, and no key that is not documented.

The real API may well ignore a key it does not know; the stand-in refuses it, so that a
typo of ours cannot hide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from novita_mcp.simulator.refusals import invalid


class Rule(Protocol):
    """What a value has to be."""

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        """Yield the path and the reason of everything wrong with a value."""
        ...


@dataclass(frozen=True)
class Text:
    """A string with bounds on its length in characters, or one of a few words."""

    low: int = 0
    high: int | None = None
    among: tuple[str, ...] = ()

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, str):
            yield path, f"value must be a string, not {_json_type(value)}"
        elif self.among and value not in self.among:
            yield path, f"value must be in list [{', '.join(self.among)}]"
        elif len(value) < self.low or (self.high is not None and len(value) > self.high):
            yield path, f"value length must be between {self.low} and {self.high} runes, inclusive"


@dataclass(frozen=True)
class Whole:
    """An integer between two bounds."""

    low: int
    high: int | None = None

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield path, f"value must be an integer, not {_json_type(value)}"
        elif self.high is None and value < self.low:
            yield path, f"value must be greater than or equal to {self.low}"
        elif self.high is not None and not self.low <= value <= self.high:
            yield path, f"value must be inside range [{self.low}, {self.high}]"


@dataclass(frozen=True)
class Number:
    """A number that is not negative, whole or not."""

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            yield path, "value must be a number of at least 0"


@dataclass(frozen=True)
class Anything:
    """Whatever JSON can say."""

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        return iter(())


@dataclass(frozen=True)
class Flag:
    """A boolean."""

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, bool):
            yield path, f"value must be a boolean, not {_json_type(value)}"


@dataclass(frozen=True)
class Texts:
    """An object of strings under keys of the caller's choosing."""

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            yield path, "value must be an object of strings"


@dataclass(frozen=True)
class Many:
    """A list of like values, with a bound on how many."""

    of: Rule
    most: int | None = None

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, list):
            yield path, f"value must be a list, not {_json_type(value)}"
            return
        if self.most is not None and len(value) > self.most:
            yield path, f"value must contain no more than {self.most} items"
        for index, item in enumerate(value):
            yield from self.of.problems(item, f"{path}[{index}]")


@dataclass(frozen=True)
class Closed:
    """An object that has these keys and no other."""

    required: Mapping[str, Rule]
    optional: Mapping[str, Rule]

    def problems(self, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, dict):
            yield path, f"value must be an object, not {_json_type(value)}"
            return
        rules = {**self.required, **self.optional}
        yield from ((_join(path, key), "value is required") for key in self.required if key not in value)
        yield from ((_join(path, key), "unknown field") for key in value if key not in rules)
        for key, rule in rules.items():
            if key in value:
                yield from rule.problems(value[key], _join(path, key))


def check(value: Any, rule: Rule, *, name: str = "") -> Any:
    """Return the value, or refuse it for the first thing that is wrong with it."""
    for path, message in rule.problems(value, name):
        raise invalid(path or "body", message)
    return value


def check_query(query: Mapping[str, str], required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> Any:
    """Return a query string's values in their types, or refuse it."""
    rules = {**required, **optional}
    typed = {key: _typed(text, rules.get(key)) for key, text in query.items()}
    return check(typed, Closed(required, optional))


def _typed(text: str, rule: Rule | None) -> Any:
    if isinstance(rule, Whole) and text.removeprefix("-").isdecimal():
        return int(text)
    if isinstance(rule, Flag) and text in {"true", "false"}:
        return text == "true"
    return text


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _json_type(value: Any) -> str:
    words = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return words.get(type(value), "a number")
