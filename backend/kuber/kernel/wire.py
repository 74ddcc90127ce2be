"""How exact numbers and instants travel in JSON."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, PlainSerializer, WithJsonSchema

DecimalText = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["150.50"]}),
]
"""A decimal number as a plain string, never in exponent form and never as a JSON number."""

_EARLIEST, _LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _within_reach(instant: datetime) -> datetime:
    if not _EARLIEST <= instant < _LATEST:
        raise ValueError(f"must lie between the years {_EARLIEST.year} and {_LATEST.year}")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_within_reach)]
"""An instant with a zone, in UTC, from which one can count some centuries back and forth."""
