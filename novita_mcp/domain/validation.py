"""The one validator: arguments as they arrive become a model, or every problem with them is told."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any, Protocol, TypeVar, get_args, runtime_checkable

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import ErrorDetails

from novita_mcp.domain import problem_words
from novita_mcp.domain.schema import Schema, input_schema
from novita_mcp.errors import InvalidArguments, Problem

M = TypeVar("M", bound=BaseModel)
Location = tuple[str | int, ...]

READABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
JSON_TEXT = {"array": list, "object": dict}


@runtime_checkable
class Ruled(Protocol):
    """A model with rules that no single field can state."""

    def problems(self) -> Iterator[Problem]:
        """Yield what breaks a rule; fields that are themselves wrong count as left out."""
        ...


def parse(model: type[M], arguments: Mapping[str, Any]) -> M:
    """Return `arguments` as a `model`.

    snake_case names, nested JSON sent as text and 8.0 for 8 are understood.

    Raises:
        InvalidArguments: Some limit or rule is broken; it lists every problem.

    """
    root = _Place(_schema(model), model)
    given = _as_published(root, dict(arguments))
    faults = _faults(model, root, given)
    problems = [Problem(_path(location), text) for location, text in faults.items()]
    told = {problem.path for problem in problems}
    sound = _without(given, {location[0] for location in faults})
    problems += [problem for problem in _broken_rules(model, sound) if problem.path not in told]
    if problems:
        raise InvalidArguments(tuple(problems))
    return model.model_validate(given, by_alias=True, by_name=False)


_schema = cache(input_schema)


@dataclass(frozen=True)
class _Place:
    """One place in the arguments: what is published for it, and the model that it fills."""

    schema: Schema
    model: type[BaseModel] | None

    def at(self, part: str | int) -> "_Place":
        """Return the place one step further in."""
        if isinstance(part, int):
            return _Place(self.schema.get("items", {}), self.model)
        inner = (field.annotation for field in self._fields.values() if field.alias == part)
        return _Place(self.schema.get("properties", {}).get(part, {}), _model_in(next(inner, None)))

    @property
    def names(self) -> dict[str, str]:
        """The published name of each Python name."""
        return {name: field.alias or name for name, field in self._fields.items()}

    @property
    def _fields(self) -> Mapping[str, Any]:
        return {} if self.model is None else self.model.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that `annotation` holds one or many of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _as_published(place: _Place, value: Any) -> Any:
    """Return `value` as the schema would have it, where what was meant is beyond doubt."""
    wanted = place.schema.get("type")
    if wanted == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if wanted in JSON_TEXT and isinstance(value, str):
        value = _from_text(value, JSON_TEXT[wanted])
    if wanted == "array" and isinstance(value, list):
        return [_as_published(place.at(0), item) for item in value]
    if wanted == "object" and isinstance(value, dict):
        return _with_published_names(place, value)
    return value


def _from_text(text: str, wanted: type) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, wanted) else text


def _with_published_names(place: _Place, value: dict[str, Any]) -> dict[str, Any]:
    """Rename snake_case keys; one whose published twin is there too stays, to be refused."""
    names = {key: place.names.get(key, key) for key in value}
    kept = {key: key if name in value else name for key, name in names.items()}
    return {kept[key]: _as_published(place.at(names[key]), item) for key, item in value.items()}


def _faults(model: type[BaseModel], root: _Place, given: Any) -> dict[Location, str]:
    """Return what is wrong with single fields, by where it is."""
    faults = {error["loc"]: _text(root, error) for error in _errors(model, given)}
    return faults | dict(_unusable(root, given))


def _errors(model: type[BaseModel], given: Any) -> list[ErrorDetails]:
    try:
        model.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)
    return []


def _text(root: _Place, error: ErrorDetails) -> str:
    *outer, last = error["loc"]
    owner = reduce(_Place.at, outer, root)
    match error["type"]:
        case "extra_forbidden":
            return _unknown(owner, str(last))
        case "missing":
            return problem_words.missing(owner.at(last).schema)
        case _:
            return problem_words.refused(owner.at(last).schema, error["input"])


def _unknown(owner: _Place, name: str) -> str:
    if name in owner.names:
        return f"is the same as `{owner.names[name]}`, which is there too; keep one"
    return problem_words.unknown(name, owner.schema.get("properties", {}))


def _unusable(place: _Place, value: Any, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield what the models let through but the schema or the wire does not: null, broken text."""
    if (value is None and "type" in place.schema) or (isinstance(value, str) and not problem_words.whole_text(value)):
        yield location, problem_words.refused(place.schema, value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unusable(place.at(index), item, (*location, index))
    elif isinstance(value, dict):
        for name in value.keys() & place.schema.get("properties", {}).keys():
            yield from _unusable(place.at(name), value[name], (*location, name))


def _path(location: Location) -> str:
    """Return `location` as people write it: `envs[3].key`."""
    steps = (f"[{part}]" if isinstance(part, int) else f".{_readable(part)}" for part in location)
    return "".join(steps).removeprefix(".")


def _readable(name: str) -> str:
    return name if READABLE_NAME.fullmatch(name) else "(a name with odd characters)"


def _without(given: dict[str, Any], names: set[str | int]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def _broken_rules(model: type[BaseModel], sound: dict[str, Any]) -> Iterator[Problem]:
    """Yield the broken rules among the fields that are sound by themselves."""
    draft = _lenient(model).model_validate(sound, by_alias=True, by_name=False)
    if isinstance(draft, Ruled):
        yield from draft.problems()


@cache
def _lenient(model: type[BaseModel]) -> type[BaseModel]:
    """Return a `model` that requires nothing, to hold the sound part of unsound arguments."""
    optional: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            optional[name] = (field.annotation, copy(field))
            optional[name][1].default = None
    return create_model(model.__name__, __base__=model, **optional)
