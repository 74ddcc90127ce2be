"""How exact numbers travel in JSON."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

DecimalText = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["150.50"]}),
]
"""A decimal number as a plain string, never in exponent form and never as a JSON number."""
