"""The published JSON schema of a model: flat, self-contained, and nothing a reader can do without."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Schema = dict[str, Any]

SECRET_WORDS = ("format", "writeOnly")
"""What pydantic says of a secret; to whoever fills one in it is plain text."""


def input_schema(model: type[BaseModel]) -> Schema:
    """Return the closed schema of a tool's arguments, without `$ref`, `anyOf` or null."""
    raw = model.model_json_schema(schema_generator=_InputSchema)
    return _published(raw, depth=None)


def output_schema(model: type[BaseModel], depth: int = 2) -> Schema:
    """Return the schema of a tool's result, in which objects below `depth` are just objects."""
    raw = model.model_json_schema(mode="serialization", schema_generator=_OutputSchema)
    return _published(raw, depth)


def _published(raw: Schema, depth: int | None) -> Schema:
    return _inlined(_without(raw, "$defs", "description"), raw.get("$defs", {}), depth)


class _FlatSchema(GenerateJsonSchema):
    """Says a choice of one as `enum`, a decimal as a number, and no default that means "left out"."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        said: JsonSchemaValue = {"type": "number"}
        self.update_with_validations(said, schema, self.ValidationsMapping.numeric)
        return said

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        said = super().literal_schema(schema)
        if "const" in said:
            said["enum"] = [said.pop("const")]
        return said

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        said = super().default_schema(schema)
        if said.get("default") in (None, "", []):
            said.pop("default", None)
        return said


class _InputSchema(_FlatSchema):
    """Optional means that it may be left out, not that it may be null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


class _OutputSchema(_FlatSchema):
    """A result may say null, as one more type; its words are there to be read, not to be chosen from."""

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        return {"type": "string"} if super().literal_schema(schema).get("type") == "string" else {}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        said = self.generate_inner(schema["schema"])
        if "$ref" in said:
            return {"type": ["object", "null"], **said}
        if isinstance(said.get("type"), str):
            said["type"] = [said["type"], "null"]
        return said


def _inlined(node: Schema, definitions: Mapping[str, Schema], depth: int | None) -> Schema:
    """Return `node` with its references in line, down to `depth` objects; None is all the way."""
    if "$ref" in node:
        target = _without(definitions[node["$ref"].removeprefix("#/$defs/")], "description")
        return _inlined({**target, **_without(node, "$ref")}, definitions, depth)
    if depth == 0 and "properties" in node:
        return {word: node[word] for word in ("type", "description") if word in node}
    flat = _without(node, "title", *(SECRET_WORDS if "writeOnly" in node else ()))
    deeper = depth if depth is None else depth - 1
    if "properties" in node:
        parts = node["properties"].items()
        flat["properties"] = {name: _inlined(part, definitions, deeper) for name, part in parts}
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            flat[word] = _inlined(node[word], definitions, depth)
    return flat


def _without(node: Schema, *words: str) -> Schema:
    return {word: value for word, value in node.items() if word not in words}
