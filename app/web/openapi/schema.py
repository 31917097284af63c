"""Helpers that build pieces of OpenAPI and JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

JSON = "application/json"


def ref(name: str, kind: str = "schemas") -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def strict(properties: Mapping[str, Any], optional: Sequence[str] = ()) -> Json:
    """Return the schema of an object with these properties and no other, all required but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def sized(items: Any, low: int, high: int) -> Json:
    return {"type": "array", "items": items, "minItems": low, "maxItems": high}


def listed(schemas: Sequence[Any]) -> Json:
    """Return the schema of an array of exactly these items, in this order."""
    count = len(schemas)
    return {"type": "array", "prefixItems": list(schemas), "items": False, "minItems": count, "maxItems": count}


def content(schema: Json, examples: Mapping[str, tuple[str, Any]], kind: str = JSON) -> Json:
    """Return a body's `content`; `examples` holds a summary and a value by name."""
    shown = {name: {"summary": summary, "value": value} for name, (summary, value) in examples.items()}
    return {kind: {"schema": schema, **({"examples": shown} if shown else {})}}


def merged(*parts: Mapping[str, Any]) -> Json:
    """Return the parts as one; a key that two parts have is an error."""
    whole: Json = {}
    for part in parts:
        if twice := whole.keys() & part.keys():
            raise ValueError(f"two parts of the document have {', '.join(sorted(twice))}")
        whole |= part
    return whole
