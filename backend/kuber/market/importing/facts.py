"""What is told of a file that was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

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
    """What a file holds, symbols in alphabetical order."""

    timeframe: Timeframe
    symbols: tuple[SymbolFacts, ...]
    notes: tuple[Note, ...]
    """Every guess that was made, and what was left out or mended."""
    understood: Mapping[str, Known] = field(default_factory=dict)
    first_bars: tuple[SampleBar, ...] = ()
    whole: bool = True
    """False when only its ends were looked at: counts, gaps and splits are not known then."""

    @property
    def bars(self) -> int:
        return sum(one.bars for one in self.symbols)

    @property
    def first_at(self) -> datetime:
        return min(one.first_at for one in self.symbols)

    @property
    def last_at(self) -> datetime:
        return max(one.last_at for one in self.symbols)
