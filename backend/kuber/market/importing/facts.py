"""What is told of a file that was read."""

from dataclasses import dataclass
from datetime import datetime

from kuber.market.importing.notes import Note
from kuber.market.types import Source, Timeframe


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file holds; `symbols` are in the order in which its rows number them from 0."""

    sha256: str
    timeframe: Timeframe
    source: Source
    symbols: tuple[str, ...]
    bars: int
    first_at: datetime
    """The oldest bar opens."""
    last_at: datetime
    """The newest bar closes."""
    notes: tuple[Note, ...] = ()
    """Every guess that was made, and what was left out or mended."""
