"""Reading the text of a price file as an import does."""

from typing import Any

import pytest

from kuber.market.errors import ImportRefused
from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Said
from kuber.market.series import RawBars
from kuber.market.types import Source, Timeframe


def read(
    text: str | bytes, timeframe: Timeframe, filename: str = "bars.csv", **said: Any
) -> tuple[RawBars, set[str]]:
    """Return the one series of a file, and the codes of its notes."""
    content = text.encode() if isinstance(text, str) else text
    notes = Notes()
    [series] = parse_bars(filename, content, Said(timeframe, **said), Source.IMPORTED, notes)
    return series, {note.code for note in notes.all()}


def refused(text: str, timeframe: Timeframe, filename: str = "bars.csv", **said: Any) -> Any:
    with pytest.raises(ImportRefused) as caught:
        read(text, timeframe, filename, **said)
    return caught.value.problems[0]


def opened(series: RawBars) -> list[str]:
    return [str(at)[:16] for at in series.bars.opened_at]


def days(series: RawBars) -> list[str]:
    return [str(at)[:10] for at in series.bars.closed_at]
