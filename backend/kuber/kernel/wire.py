"""How exact numbers and instants travel in JSON."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

DecimalText = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["150.50"]}),
]
"""A decimal number as a plain string, never in exponent form and never as a JSON number."""

_EARLIEST, _LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

EXAMPLE_INSTANT = "2026-09-15T14:30:00Z"
_BEGINS_WITH_A_DATE = re.compile(r"\s*\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_out(value: object) -> object:
    """Refuse numbers and digits, which would be taken for seconds since 1970: 20260915 for a day
    of that year."""
    if isinstance(value, datetime) or (isinstance(value, str) and _BEGINS_WITH_A_DATE.match(value)):
        return value
    raise PydanticCustomError(
        "instant_format",
        "must be a time in ISO 8601 with its zone, such as {example}; no number is taken for one",
        {"example": EXAMPLE_INSTANT},
    )


def _within_reach(instant: datetime) -> datetime:
    if not _EARLIEST <= instant < _LATEST:
        raise ValueError(f"must lie between the years {_EARLIEST.year} and {_LATEST.year}")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_within_reach)]
"""An instant with a zone, in UTC, from which one can count some centuries back and forth.

It is written in ISO 8601; digits alone are no instant."""
