"""Which prices of a symbol answer a question: decided by its moment and by the user's choice.

One answer is of one dataset. Those of a user's own import come first and are never continued by
others; the sample answers for its own years, the provider for every other time.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from kuber.kernel.errors import Problem
from kuber.market.calendars import calendar_for
from kuber.market.errors import DataEnded
from kuber.market.types import (
    Bars,
    DatasetKind,
    Instrument,
    Source,
    Timeframe,
    to_datetime,
    to_datetime64,
)

_DAYS, _WITHIN_DAYS = 2, 1
"""So many sessions may close after the last bar before bars have ended. Of days one may be missing
still: the file of a day comes after its close."""
_COARSE = {Timeframe.W1: timedelta(weeks=2), Timeframe.MO1: timedelta(days=62)}
_LONGEST = timedelta(days=31)
"""No market is closed for so long."""


@dataclass(frozen=True, slots=True)
class Datasets:
    """What there is of a symbol for one user, None each where there is none."""

    imported: Instrument | None
    sample: Instrument | None
    provided: Instrument | None

    def of(self, kind: DatasetKind) -> Instrument | None:
        """Return the instrument as the dataset of this kind has it."""
        match kind:
            case DatasetKind.IMPORTED:
                return self.imported
            case DatasetKind.SAMPLE:
                return self.sample
            case DatasetKind.PROVIDER:
                return self.provided

    def seen_as(self, kind: DatasetKind) -> Instrument | None:
        """Return the instrument as this dataset has it, with the stored ones besides it."""
        found = self.of(kind)
        stored = (self.imported, self.sample)
        others = tuple(one.span for one in stored if one is not None and one is not found)
        return found if found is None or not others else replace(found, others=others)

    def seen_by_choice(self, kind: DatasetKind) -> tuple[DatasetKind, Instrument | None]:
        """Return the instrument as the chosen dataset has it, None when there is no dataset.

        Where the provider has no such symbol it is the stored one, which says that it has ended.
        """
        there = (kind, DatasetKind.IMPORTED, DatasetKind.SAMPLE)
        first = next((one for one in there if self.of(one) is not None), kind)
        return first, self.seen_as(first)


def choose(
    imported: Instrument | None,
    sample: Instrument | None,
    preferred: DatasetKind | None,
    at: datetime,
) -> DatasetKind:
    """Return which dataset answers for the moment `at`.

    A choice that the user made counts while there is such a dataset.
    """
    there = {
        DatasetKind.IMPORTED: imported is not None,
        DatasetKind.SAMPLE: sample is not None,
        DatasetKind.PROVIDER: True,
    }
    if preferred is not None and there[preferred]:
        return preferred
    if imported is not None:
        return DatasetKind.IMPORTED
    if sample is not None and not has_ended(sample, at):
        return DatasetKind.SAMPLE
    return DatasetKind.PROVIDER


def has_ended(instrument: Instrument, at: datetime) -> bool:
    """Say whether the newest prices of an instrument are too old for the moment `at`."""
    last_at = instrument.last_at
    if last_at is None or at <= last_at:
        return False
    return _too_old(instrument.timeframes[0], instrument.calendar, last_at, at)


def require_not_ended(
    instrument: Instrument, bars: Bars, ends_at: datetime | None, at: datetime
) -> None:
    """Raise DataEnded when the newest of `bars`, which had closed by `at`, is too old for then.

    `ends_at` is the close of the last bar that is stored of them, None where they have no end.
    Before it only a hole that no closed market explains counts.
    """
    if ends_at is None or not len(bars):
        return
    last_at = to_datetime(bars.closed_at[-1])
    if at <= ends_at:
        ended = at - last_at > _COARSE.get(bars.timeframe, _LONGEST)
    else:
        ended = _too_old(bars.timeframe, instrument.calendar, last_at, at)
    if not ended:
        return
    which = "imported prices" if bars.source is Source.IMPORTED else "sample's prices"
    ends = f"{last_at:%-d %b %Y}"
    raise DataEnded(
        f"The {which} of {bars.symbol} in {bars.timeframe} end on {ends}, and {at:%-d %b %Y} was"
        " asked for.",
        [
            Problem(
                f"{bars.symbol} ends on {ends}.",
                f"Import newer bars of {bars.symbol}, run as of a time until {ends}, or"
                " choose the provider's prices for it on the page Instruments.",
            )
        ],
    )


def _too_old(timeframe: Timeframe, calendar: str, last_at: datetime, at: datetime) -> bool:
    """Say whether so many sessions have closed since the last bar that others must be missing."""
    coarse = _COARSE.get(timeframe)
    if coarse is not None:
        return at - last_at >= coarse
    if at - last_at > _LONGEST:
        return True
    first, last = to_datetime64(last_at), to_datetime64(at)
    closes = calendar_for(calendar).trading_days(first, last).closes
    after = np.searchsorted(closes, last, "right") - np.searchsorted(closes, first, "right")
    return bool(after >= (_WITHIN_DAYS if timeframe.intraday else _DAYS))
