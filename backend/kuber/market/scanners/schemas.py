"""Scanners as the API takes and shows them."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kuber.kernel.names import Name
from kuber.kernel.wire import DecimalText
from kuber.market.models import ScannerRow
from kuber.market.scanners.screener import Screening, Snapshot
from kuber.market.scanners.types import FIELDS, Op, ScannerFilter, ScannerKind, ScreenField
from kuber.market.schemas import plain_decimal
from kuber.market.types import Source

_MOST_ROWS = 200
_DIGITS = 6

RefreshMinutes = Annotated[int, Field(ge=1, le=10_080)]


class ScannerBody(BaseModel):
    """A scanner: `tickers` for a manual one, `filter` for a filter, `url` for an API.

    `refresh_minutes` is how often a filter or an API is looked up anew, 15 unless said otherwise.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: ScannerKind
    tickers: list[Annotated[str, Field(max_length=64)]] | None = None
    filter: ScannerFilter | None = None
    url: Annotated[str, Field(max_length=2000)] | None = None
    refresh_minutes: RefreshMinutes | None = None


class ScannerUse(BaseModel):
    """A pipeline that names the scanner in its trigger; `published`: not only in its draft."""

    pipeline_id: UUID
    name: str
    status: Literal["draft", "active", "archived"]
    published: bool


class ScannerOut(BaseModel):
    """A scanner with the tickers that it resolved to last."""

    id: UUID
    name: str
    kind: ScannerKind
    tickers: list[str]
    filter: ScannerFilter | None
    url: str | None
    refresh_minutes: int | None
    refreshed_at: datetime | None
    """When the tickers were looked up last with success."""
    next_refresh_at: datetime | None
    refresh_error: str | None
    """Why the last look-up failed; the tickers are those of the one before."""
    used_by: list[ScannerUse] = Field(default_factory=list)
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ScannerRow) -> "ScannerOut":
        """Return the scanner of a row, without its uses."""
        return cls(
            id=row.id,
            name=row.name,
            kind=ScannerKind(row.kind),
            tickers=row.tickers,
            filter=ScannerFilter.model_validate(row.filter) if row.filter else None,
            url=row.url,
            refresh_minutes=row.refresh_minutes,
            refreshed_at=row.refreshed_at,
            next_refresh_at=row.next_refresh_at,
            refresh_error=row.refresh_error,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class ScannerList(BaseModel):
    items: list[ScannerOut]
    next_cursor: str | None


class ScannerField(BaseModel):
    """What a rule may look at; `values` are the words that `in` takes."""

    field: ScreenField
    label: str
    unit: str
    ops: list[Op]
    values: list[str] | None


class ScannerFieldList(BaseModel):
    items: list[ScannerField]
    next_cursor: str | None = None

    @classmethod
    def everything(cls) -> "ScannerFieldList":
        """Return all fields, in the order in which they are offered."""
        return cls(
            items=[
                ScannerField(
                    field=field,
                    label=traits.label,
                    unit=traits.unit,
                    ops=list(traits.ops),
                    values=None if traits.values is None else list(traits.values),
                )
                for field, traits in FIELDS.items()
            ]
        )


class FilterBody(BaseModel):
    """A filter to try out."""

    model_config = ConfigDict(extra="forbid")

    filter: ScannerFilter


class ScreenRow(BaseModel):
    """An instrument at the close of its newest daily bar; null where the history is too short."""

    ticker: str
    as_of: datetime
    source: Source
    sector: str | None
    price: DecimalText
    volume: DecimalText
    change_percent: float | None
    average_volume_20: float | None
    rsi_14: float | None
    sma_50: float | None
    sma_200: float | None
    above_sma_50_percent: float | None
    above_sma_200_percent: float | None
    atr_percent: float | None

    @classmethod
    def of(cls, one: Snapshot) -> "ScreenRow":
        """Return the row of an instrument; statistics are rounded to 6 decimals."""
        exactly = (ScreenField.PRICE, ScreenField.VOLUME)
        return cls.model_validate(
            {
                "ticker": one.ticker,
                "as_of": one.as_of,
                "source": one.source,
                "sector": one.sector,
                **{field.value: plain_decimal(one.numbers[field]) for field in exactly},
                **{
                    field.value: None if math.isnan(number) else round(number, _DIGITS)
                    for field, number in one.numbers.items()
                    if field not in exactly
                },
            }
        )


class ScreenPreview(BaseModel):
    """What a filter finds now: how many of the universe pass, and the first of them."""

    matched: int
    universe: int
    rows: list[ScreenRow]

    @classmethod
    def of(cls, found: Screening) -> "ScreenPreview":
        """Return the preview of a screening."""
        shown: Sequence[Snapshot] = found.passed[:_MOST_ROWS]
        return cls(
            matched=found.matched,
            universe=found.universe,
            rows=[ScreenRow.of(one) for one in shown],
        )
