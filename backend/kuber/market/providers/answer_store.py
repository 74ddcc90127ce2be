"""What is known of the bars that providers gave, and what a store of them can do."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from kuber.kernel.ids import new_id
from kuber.market.providers.spans import Span, Spans
from kuber.market.series import RawBars
from kuber.market.types import Source, Timeframe

_NEVER = Spans()


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Whose bars, of what, and in the timeframe in which they are fetched.

    `provider` tells providers of one source apart: those of packages.
    """

    source: Source
    provider: str
    symbol: str
    timeframe: Timeframe


@dataclass(frozen=True, slots=True)
class AnswerSeries:
    """A stored series without its bars.

    Everything goes by when bars open. Whatever opens within `covered` is stored and never changes.
    `answered` was answered from; what of it is not covered the provider may still deliver. Bars
    that it delivers then are late: `vintage` grows with them, so that no version changes.
    """

    key: SeriesKey
    calendar: str
    id: UUID = field(default_factory=new_id)
    vintage: int = 0
    covered: Spans = _NEVER
    answered: Spans = _NEVER

    @property
    def version(self) -> str:
        return version_of(self.id, self.vintage)

    def with_news(self, news: "News") -> tuple["AnswerSeries", NDArray[np.bool_]]:
        """Return the series with what is new, and which of its bars are late, shape (n,)."""
        late = (self.answered - self.covered).hold(news.bars.bars.opened_at)
        grown = replace(
            self,
            vintage=self.vintage + int(late.any()),
            covered=self.covered | news.covered,
            answered=self.answered | news.answered,
        )
        return grown, late


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What a provider gave that is not stored yet; `answered` is what is answered with it."""

    bars: RawBars
    covered: Spans
    answered: Spans


class AnswerStore(Protocol):
    """Keeps the bars that providers gave, for all processes of an installation.

    One contract test suite holds every store to the same rules. Writing is all or nothing.
    """

    async def find(self, key: SeriesKey) -> AnswerSeries | None:
        """Return the series that answers now, None when there is none."""
        ...

    async def kept(self, series_id: UUID) -> AnswerSeries | None:
        """Return a series that answers or was replaced; None when it is not kept any more."""
        ...

    async def knows(self, source: Source, provider: str, symbol: str) -> bool:
        """Return whether the provider gave any bars of the symbol."""
        ...

    async def read(
        self,
        series: AnswerSeries,
        span: Span,
        closed_by: datetime,
        vintage: int | None = None,
    ) -> RawBars | None:
        """Return the bars that open within `span` and had closed by an instant, oldest first.

        Those of a vintage, without one of the newest; they name the version that they are of.
        None when the series is not kept any more.
        """
        ...

    async def opening_before(self, series: AnswerSeries, instant: datetime) -> datetime | None:
        """Return when the last bar opened that opened before an instant."""
        ...

    async def close_after(self, series: AnswerSeries, instant: datetime) -> datetime | None:
        """Return when the first bar closed that opened at an instant or later."""
        ...

    async def add(self, before: AnswerSeries, news: News) -> AnswerSeries | None:
        """Store what is new of a series, and return the series with it.

        None, and nothing is stored, when another one answers by now or covers other bars than
        `before`. A series that is not stored yet is stored too.
        """
        ...

    async def replace(self, before: AnswerSeries, calendar: str, news: News) -> AnswerSeries | None:
        """Begin a new series that answers in place of `before`, which is kept.

        None, and nothing is stored, when another one does by now.
        """
        ...


def version_of(series_id: UUID, vintage: int) -> str:
    """Return how answers of a series and vintage are named."""
    return f"{series_id}.{vintage}"


def parse_version(version: str) -> tuple[UUID, int] | None:
    """Return series and vintage of a version, None when it names neither."""
    series_id, _, vintage = version.rpartition(".")
    try:
        return UUID(series_id), int(vintage)
    except ValueError:
        return None
