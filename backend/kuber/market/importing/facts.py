"""What is told of a file that was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from fractions import Fraction

from kuber.market.actions.judging import SplitSeen
from kuber.market.actions.types import CorporateAction
from kuber.market.importing.notes import Note
from kuber.market.importing.said import Known
from kuber.market.types import Timeframe


@dataclass(frozen=True, slots=True)
class FoundSplit:
    """A split that the adjusted closes of a file tell of; `ratio` new shares for one old."""

    at: datetime
    ratio: Fraction


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """What a file holds of one symbol."""

    symbol: str
    calendar: str
    bars: int
    first_at: datetime
    """The oldest bar opens."""
    last_at: datetime
    """The newest bar closes."""
    gaps: int
    """Bars that are missing while the market trades, between the oldest and the newest."""
    splits: tuple[FoundSplit, ...]
    seen: tuple[SplitSeen, ...] = ()
    """The splits that files tell of, with the bars of this one around them."""


@dataclass(frozen=True, slots=True)
class SampleBar:
    """A bar as it was read, prices and volume as plain numbers."""

    symbol: str
    opened_at: datetime
    closed_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file holds, symbols in alphabetical order.

    A file of splits and dividends alone has no timeframe, and `symbols` is empty.
    """

    timeframe: Timeframe | None
    symbols: tuple[SymbolFacts, ...]
    notes: tuple[Note, ...]
    """Every guess that was made, and what was left out or mended."""
    understood: Mapping[str, Known] = field(default_factory=dict)
    first_bars: tuple[SampleBar, ...] = ()
    whole: bool = True
    """False when only its ends were looked at: counts, gaps and splits are not known then."""
    actions: tuple[CorporateAction, ...] = ()

    @property
    def all_symbols(self) -> list[str]:
        """Every symbol that the file tells something of."""
        return sorted({one.symbol for one in self.symbols} | {one.symbol for one in self.actions})

    @property
    def bars(self) -> int:
        return sum(one.bars for one in self.symbols)

    @property
    def first_at(self) -> datetime:
        if not self.symbols:
            return start_of(min(one.ex_date for one in self.actions))
        return min(one.first_at for one in self.symbols)

    @property
    def last_at(self) -> datetime:
        if not self.symbols:
            return start_of(max(one.ex_date for one in self.actions))
        return max(one.last_at for one in self.symbols)


def start_of(day: date) -> datetime:
    """Return a day as the instant at which it begins in UTC."""
    return datetime.combine(day, time(), UTC)
