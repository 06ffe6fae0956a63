"""Words for what is wrong with a value, read off the schema that is published for it.

Numbers and lengths are repeated, strings never: any of them may hold a secret.
"""

import difflib
import json
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from novita_mcp.domain.schema import Schema

TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
}
NUMBERS = frozenset({"integer", "number"})
LIKELY_FIX = {
    ("integer", "string"): "; send the number without quotes",
    ("number", "string"): "; send the number without quotes",
    ("boolean", "string"): "; send true or false without quotes",
    ("string", "integer"): "; put it in quotes",
    ("string", "number"): "; put it in quotes",
    ("array", "object"): "; put it in [ ]",
}
JSON_TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "string",
    list: "array",
    tuple: "array",
    dict: "object",
}
HUGE = 10**20
"""A number beyond this says no more by its digits."""
LONGEST_NAME = 64
NEAR = 0.6


def missing(schema: Schema) -> str:
    """Say that a value is required, and which."""
    return f"is required: {allowed(schema)}"


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that there is no such name, and which one was probably meant."""
    names = tuple(known)
    near = nearest(name, names)
    if near is not None:
        return f"is unknown; did you mean `{near}`?"
    return f"is unknown; there are: {', '.join(names)}"


def refused(schema: Schema, value: Any) -> str:
    """Say what is wrong with a value and what is allowed in its place."""
    wanted, sent = schema.get("type"), json_type(value)
    if sent == "null":
        return f"is null; must be {allowed(schema)}, or left out where it is optional"
    if wanted in NUMBERS and sent in NUMBERS:
        return f"{_number(value)}; must be {allowed(schema)}"
    if sent is None or sent != wanted:
        return f"must be {allowed(schema)}{_but_sent(str(wanted), sent, value)}"
    if sent == "string":
        return _refused_text(schema, value)
    return f"has {len(value)} items; must be {allowed(schema)}" if sent == "array" else "is not allowed"


def allowed(schema: Schema) -> str:
    """Say in words what `schema` allows."""
    if "enum" in schema:
        choices = [json.dumps(choice) for choice in schema["enum"]]
        return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
    wanted = schema.get("type")
    words = TYPE_WORDS.get(str(wanted), "something else")
    if wanted in NUMBERS:
        return words + _range(schema)
    if wanted == "string":
        return words + _length(schema) + (_example(schema) if "pattern" in schema else "")
    if wanted == "array":
        return words + _items(schema)
    if wanted == "object" and "properties" in schema:
        return f"{words} with {', '.join(schema['properties'])}"
    return words


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `word` probably is a misspelling of."""
    plain = {_plain(candidate): candidate for candidate in candidates}
    near = difflib.get_close_matches(_plain(word[:LONGEST_NAME]), plain, n=1, cutoff=NEAR)
    return plain[near[0]] if near else None


def json_type(value: Any) -> str | None:
    """Return JSON's name for the type of `value`, None where JSON has none."""
    return JSON_TYPES.get(type(value))


def whole_text(text: str) -> bool:
    """Whether `text` can be encoded, which half a surrogate pair cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refused_text(schema: Schema, text: str) -> str:
    if not whole_text(text):
        return "holds half a character (a lone surrogate); send valid Unicode text"
    if "enum" in schema:
        return f"must be {allowed(schema)}{_did_you_mean(text, schema['enum'])}"
    if len(text) < schema.get("minLength", 0) or len(text) > schema.get("maxLength", len(text)):
        return f"has {len(text)} characters; must be {allowed(schema)}"
    if "pattern" in schema:
        return f"has the wrong form; must be {allowed(schema)}. {schema.get('description', '')}".rstrip()
    return f"must be {allowed(schema)}"


def _did_you_mean(text: str, choices: Sequence[str]) -> str:
    near = nearest(text, choices) if len(choices) > 1 else None
    return "" if near is None else f"; did you mean {json.dumps(near)}?"


def _but_sent(wanted: str, sent: str | None, value: Any) -> str:
    if sent is None:
        return ""
    words = json.dumps(value) if sent == "boolean" else TYPE_WORDS[sent]
    return f", not {words}{LIKELY_FIX.get((wanted, sent), '')}"


def _number(value: float | Decimal) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    if not -HUGE < value < HUGE:
        return "is far too large" if value > 0 else "is far too low"
    return f"is {value}"


def _range(schema: Schema) -> str:
    low, above, high = (schema.get(word) for word in ("minimum", "exclusiveMinimum", "maximum"))
    if above is not None:
        return f" above {above}" if high is None else f" above {above} and at most {high}"
    return _span(low, high, "")


def _length(schema: Schema) -> str:
    span = _span(schema.get("minLength"), schema.get("maxLength"), " characters")
    return f" of{span}" if span else ""


def _items(schema: Schema) -> str:
    span = _span(schema.get("minItems"), schema.get("maxItems"), "")
    properties = schema.get("items", {}).get("properties")
    of = f" of objects with {', '.join(properties)}" if properties else ""
    return of + (f",{span}" if span else "")


def _example(schema: Schema) -> str:
    return f", like {json.dumps(schema['examples'][0])}" if "examples" in schema else ""


def _span(low: float | None, high: float | None, unit: str) -> str:
    if low is not None and high is not None:
        return f" {low} to {high}{unit}" if unit else f" from {low} to {high}"
    if low is not None:
        return f" at least {low}{unit}" if unit else f" of at least {low}"
    return "" if high is None else f" at most {high}{unit}"


def _plain(word: str) -> str:
    return "".join(character for character in word if character.isalnum()).lower()
