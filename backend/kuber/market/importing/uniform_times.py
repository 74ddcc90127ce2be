"""Times that are all written alike, read as a whole column: what nearly every file has."""

from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kuber.market.importing.zone_columns import placed_in, shown_in
from kuber.market.types import TimeArray

_DATE = "%Y-%m-%d"
_FORMS = (
    (r"^\d{4}-\d\d-\d\d$", _DATE, False),
    (r"^\d{4}-\d\d-\d\d \d\d:\d\d$", "%Y-%m-%d %H:%M", False),
    (r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", "%Y-%m-%d %H:%M:%S", False),
    (r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$", "%Y-%m-%dT%H:%M:%S", False),
    (r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "%Y-%m-%dT%H:%M:%SZ", True),
    (r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00$", "%Y-%m-%d %H:%M:%S+00:00", True),
    (r"^\d{8} \d{6}$", "%Y%m%d %H%M%S", False),
    (r"^\d{4}\.\d\d\.\d\d \d\d:\d\d$", "%Y.%m.%d %H:%M", False),
)
"""How the times look, how they are read, and whether they say that they are in UTC."""
_SINCE_1970 = {10: 10**6, 13: 10**3, 16: 1}
"""Microseconds of a unit, by the digits of the number."""
_FIRST = np.datetime64("1970-01-01", "us")
_LAST = np.datetime64("2100-01-01", "us")


@dataclass(frozen=True, slots=True, eq=False)
class UniformTimes:
    """Times in UTC and as written, shape (n,), see `times.Times`."""

    instants: TimeArray
    written: TimeArray
    absolute: NDArray[np.bool_]
    aware: bool
    """Whether each value says its offset."""
    shows_clock: bool = True

    @property
    def has_clock(self) -> bool:
        clock = self.instants if self.aware else self.written  # what is aware is written in UTC
        return bool((clock != clock.astype("datetime64[D]")).any())


def read_uniform(values: pl.Series, zone: tzinfo) -> UniformTimes | None:
    """Return the times of a column of text, None unless all of them can be read in one way.

    Whatever needs a closer look (a clock change, an odd value, a year out of range) gives None.
    """
    lengths = values.str.len_bytes()
    if not len(values) or values.null_count() or lengths.min() != lengths.max():
        return None
    try:
        found = _since_1970(values, zone) or _formatted(values, zone)
    except pl.exceptions.PolarsError:  # a zone that polars does not know
        return None
    if found is None or (found.instants < _FIRST).any() or (found.instants >= _LAST).any():
        return None
    return found


def _since_1970(values: pl.Series, zone: tzinfo) -> UniformTimes | None:
    unit = _SINCE_1970.get(len(values[0]))
    if unit is None or not values.str.contains(r"^\d+$").all():
        return None
    numbers = values.cast(pl.Int64, strict=False)
    if numbers.null_count():
        return None
    return _absolute((numbers * unit).cast(pl.Datetime("us")), zone)


def _formatted(values: pl.Series, zone: tzinfo) -> UniformTimes | None:
    for look, form, aware in _FORMS:
        if not values[:1].str.contains(look).all():
            continue
        if not values.str.contains(look).all():
            return None
        if form == _DATE:
            local = values.str.to_date(form, strict=False).cast(pl.Datetime("us"))
        else:
            local = values.str.to_datetime(form, time_unit="us", strict=False)
        if local.null_count():
            return None
        if aware:
            return _absolute(local, zone)
        found = _clock(local, zone)
        return found and replace(found, shows_clock=form != _DATE)
    return None


def _absolute(instants: pl.Series, zone: tzinfo) -> UniformTimes:
    """Return times that name instants: as written they are what clocks in the zone show."""
    written = shown_in(zone, instants)
    absolute = np.full(len(instants), zone is UTC)
    return UniformTimes(_array(instants), _array(written), absolute, aware=True)


def _clock(local: pl.Series, zone: tzinfo) -> UniformTimes | None:
    """Return times that name what clocks in the zone show; None where one shows twice or never."""
    instants = placed_in(zone, local)
    if instants is None:
        return None
    return UniformTimes(
        _array(instants), _array(local), np.zeros(len(local), np.bool_), aware=False
    )


def _array(times: pl.Series) -> TimeArray:
    found: TimeArray = times.to_numpy().astype("datetime64[us]")
    return found
