"""What pydantic finds wrong with a request, in words that help."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kuber.api.problems import ProblemItem
from kuber.kernel.wire import EXAMPLE_INSTANT

_MOST_ITEMS = 50

_Context = Mapping[str, object]

_WRITE_AN_INSTANT = f"Write it in ISO 8601 with its zone, such as {EXAMPLE_INSTANT}."

_REMEDIES: Mapping[str, Callable[[_Context], str]] = {
    "missing": lambda _: "Add this field.",
    "extra_forbidden": lambda _: "Remove this field.",
    "json_invalid": lambda _: "Send valid JSON with the content type application/json.",
    "string_too_short": lambda c: f"Use at least {c.get('min_length')} characters.",
    "string_too_long": lambda c: f"Use at most {c.get('max_length')} characters.",
    "too_short": lambda c: f"Give at least {_figure(c, 'min_length')}.",
    "too_long": lambda c: f"Give at most {_figure(c, 'max_length')}.",
    "greater_than": lambda c: f"Use a value above {c.get('gt')}.",
    "greater_than_equal": lambda c: f"Use a value of at least {c.get('ge')}.",
    "less_than": lambda c: f"Use a value below {c.get('lt')}.",
    "less_than_equal": lambda c: f"Use a value of at most {c.get('le')}.",
    "enum": lambda c: f"Use one of: {c.get('expected')}.",
    "literal_error": lambda c: f"Use one of: {c.get('expected')}.",
    "instant_format": lambda _: _WRITE_AN_INSTANT,
    "timezone_aware": lambda _: _WRITE_AN_INSTANT,
    "datetime_from_date_parsing": lambda _: _WRITE_AN_INSTANT,
}


# Where the library speaks of its own types.
_MESSAGES: Mapping[str, Callable[[str, _Context], str]] = {
    "too_short": lambda what, c: (
        f"There are too few {what}: {_figure(c, 'actual_length')} of at least"
        f" {_figure(c, 'min_length')}."
    ),
    "too_long": lambda what, c: (
        f"There are too many {what}: {_figure(c, 'actual_length')} of at most"
        f" {_figure(c, 'max_length')}."
    ),
}


def problem_items(found: Sequence[Mapping[str, Any]]) -> list[ProblemItem]:
    """Return one item per finding of pydantic, without the values that were sent.

    What a dependency and its route both read is found twice, and said once.
    """
    items: list[ProblemItem] = []
    for item in map(_item, found[:_MOST_ITEMS]):
        if item not in items:
            items.append(item)
    return items


def _item(finding: Mapping[str, Any]) -> ProblemItem:
    kind, context = str(finding["type"]), finding.get("ctx") or {}
    remedy = _REMEDIES.get(kind)
    message = str(finding["msg"]).removeprefix("Value error, ")
    in_words = _MESSAGES.get(kind)
    if in_words is not None:
        message = in_words(_what(finding["loc"]), context)
    return ProblemItem(
        message=message if message.endswith(".") else f"{message}.",
        remedy=remedy(context) if remedy else "Correct this value and send the request again.",
        field=_field(finding["loc"], kind),
        code=kind,
    )


def _what(location: Sequence[str | int]) -> str:
    """Return what a list holds, by its name."""
    names = [part for part in location[1:] if isinstance(part, str)]
    return names[-1].replace("_", " ") if names else "items"


def _figure(context: _Context, name: str) -> str:
    value = context.get(name)
    return f"{value:,}" if isinstance(value, int) else str(value or "more")


def _field(location: Sequence[str | int], kind: str) -> str | None:
    """Return the dotted path within the body, or the name of the parameter."""
    if kind == "json_invalid":
        return None
    return ".".join(str(part) for part in location[1:]) or None
