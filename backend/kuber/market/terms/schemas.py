"""Instruments as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from kuber.kernel.names import Name
from kuber.kernel.wire import DecimalText
from kuber.market.terms.markets import MARKETS, market_name
from kuber.market.terms.repository import Dataset
from kuber.market.terms.types import Terms, TermsField
from kuber.market.types import DatasetKind, Source, Timeframe

Step = Annotated[DecimalText, Field(gt=0, le=1_000_000, decimal_places=8)]


class InstrumentBody(BaseModel):
    """What to change of an instrument. A field that is left out stays, null goes back to what the
    symbol tells."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    market: Annotated[str, Field(max_length=20)] | None = None
    """A code of `GET /market/calendars`."""
    currency: Annotated[str, Field(max_length=20)] | None = None
    """ISO 4217 (or GBX, ILA, ZAC: hundredths), or a coin."""
    tick: Step | None = None
    quantity_step: Step | None = None
    shortable: bool | None = None
    dataset: DatasetKind | None = None
    """Which prices answer; null lets the moment decide."""


class DatasetOut(BaseModel):
    """Prices of an instrument from one source."""

    source: Source
    simulated: bool
    timeframes: list[Timeframe]
    """Those that are stored, finest first; coarser bars are made of them."""
    first_at: datetime | None
    last_at: datetime | None
    """Opening of the first and close of the last bar; null where prices have no end."""
    gaps: int | None
    """Bars that are missing within sessions; null when nobody counted them."""

    @classmethod
    def of(cls, dataset: Dataset) -> "DatasetOut":
        """Return the entry of a dataset."""
        return cls(
            source=dataset.source,
            simulated=dataset.source is Source.SIMULATED,
            timeframes=list(dataset.timeframes),
            first_at=dataset.first_at,
            last_at=dataset.last_at,
            gaps=dataset.gaps,
        )


class DecidedBy(BaseModel):
    """Who decided each of the terms: `user`, or `symbol` where they follow from it."""

    name: Literal["user", "symbol"]
    market: Literal["user", "symbol"]
    currency: Literal["user", "symbol"]
    tick: Literal["user", "symbol"]
    quantity_step: Literal["user", "symbol"]
    shortable: Literal["user", "symbol"]
    dataset: Literal["user", "symbol"]


class Reasons(BaseModel):
    """Why each of the terms is as it is, a sentence each."""

    name: str
    market: str
    currency: str
    tick: str
    quantity_step: str
    shortable: str
    dataset: str


class InstrumentOut(BaseModel):
    """An instrument as its user sees it; null is not known."""

    symbol: str
    name: str
    market: str
    """Exchange calendar code (`XNYS`), `24/5`, `24/5 UTC` or `24/7`."""
    market_name: str
    currency: str
    tick: DecimalText | None
    """Smallest step of a price."""
    quantity_step: DecimalText | None
    """Smallest step of a quantity."""
    shortable: bool | None
    dataset: DatasetKind | None
    """Which prices answer; null where the moment decides: the user's import, else the sample in
    its years, else the provider."""
    decided_by: DecidedBy
    reasons: Reasons
    datasets: list[DatasetOut]
    """The user's imports, the sample, the provider, as far as they have prices."""

    @classmethod
    def of(cls, terms: Terms, datasets: list[DatasetOut]) -> Self:
        """Return the row of an instrument."""
        by = {one: "user" if one in terms.changed else "symbol" for one in TermsField}
        return cls(
            symbol=terms.symbol,
            name=terms.name,
            market=terms.market,
            market_name=market_name(terms.market),
            currency=terms.currency,
            tick=terms.tick,
            quantity_step=terms.quantity_step,
            shortable=terms.shortable,
            dataset=terms.dataset,
            decided_by=DecidedBy.model_validate(by),
            reasons=Reasons.model_validate(terms.reasons),
            datasets=datasets,
        )


class InstrumentList(BaseModel):
    items: list[InstrumentOut]
    next_cursor: str | None


class InstrumentNote(BaseModel):
    """What to know about an instrument, or about a change of it."""

    code: str
    message: str


class InstrumentDetail(InstrumentOut):
    """One instrument, with what to know about it."""

    notes: list[InstrumentNote] = Field(default_factory=list)


class CalendarOut(BaseModel):
    """A market that an instrument may be of."""

    code: str
    name: str


class CalendarList(BaseModel):
    items: list[CalendarOut]
    next_cursor: str | None = None

    @classmethod
    def everything(cls) -> "CalendarList":
        """Return all markets, the most used first."""
        return cls(items=[CalendarOut(code=code, name=name) for code, name in MARKETS.items()])
