"""JSON Schemas for forms: one self-contained document, no references to resolve."""

from typing import Any

_PREFIX = "#/$defs/"


def inline_definitions(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with every `$ref` to its own `$defs` replaced by the definition.

    Keywords beside a reference (a title, a default, `x-` hints) win over the definition's own.
    Raises RecursionError for a definition that contains itself: a form cannot draw that.
    """
    definitions = schema.get("$defs", {})
    body = {key: value for key, value in schema.items() if key != "$defs"}
    inlined = _inline(body, definitions)
    assert isinstance(inlined, dict)
    return inlined


def _inline(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inline(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith(_PREFIX):
        beside = {key: item for key, item in value.items() if key != "$ref"}
        return _inline({**definitions[reference.removeprefix(_PREFIX)], **beside}, definitions)
    return {key: _inline(item, definitions) for key, item in value.items()}
