"""Quotes as users send them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from kuber.kernel.names import is_visible
from kuber.kernel.wire import DecimalText, Instant
from kuber.market.feed.types import FeedSource
from kuber.market.symbols import MAX_WRITTEN, canonical_symbol

_AS_SENT: dict[str, Any] = {
    "anyOf": [{"type": "string", "format": "decimal"}, {"type": "number"}],
    "examples": ["150.50"],
}
_Number = Annotated[Decimal, Field(max_digits=40), WithJsonSchema(_AS_SENT)]
"""A decimal as text, or a JSON number. What it may be is for the rules of the feed."""


def _sender(text: str) -> str:
    if not text.isprintable() or not is_visible(text):
        raise ValueError("must be a name of letters, digits and signs")
    return text


Sender = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    AfterValidator(_sender),
]
_Symbol = Annotated[str, Field(max_length=MAX_WRITTEN), AfterValidator(canonical_symbol)]


class QuotePush(BaseModel):
    """A quote of one's own. `source` is what one calls where it is from, `ts` its time."""

    model_config = ConfigDict(extra="forbid")

    symbol: _Symbol
    last_price: _Number
    bid: _Number | None = None
    ask: _Number | None = None
    volume: _Number | None = Field(default=None, description="Units of the session so far.")
    source: Sender
    ts: Instant


class PushedOut(BaseModel):
    """A quote that was taken."""

    symbol: str
    price: DecimalText
    source: Literal[FeedSource.PUSHED] = FeedSource.PUSHED
    sender: str
    quoted_at: datetime
