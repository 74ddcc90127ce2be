"""A watch list as the HTTP contract shows it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kuber.market.feed.schemas import QuoteOut


class WatchBody(BaseModel):
    """Where the symbol is to stand; left out, a new one goes to the end and another stays."""

    model_config = ConfigDict(extra="forbid")

    position: Annotated[int, Field(ge=0, le=10_000)] | None = None


class WatchedOut(BaseModel):
    """One symbol of the list; `quote` is null while nobody quotes it."""

    symbol: str
    name: str
    position: int = Field(description="From 0, without gaps.")
    created_at: datetime
    quote: QuoteOut | None


class WatchListOut(BaseModel):
    """The caller's watch list in its order."""

    items: list[WatchedOut]
    next_cursor: str | None = None
    limit: int = Field(description="So many symbols fit.")
