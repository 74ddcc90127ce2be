"""Columns of times from UTC to what clocks in a zone show, and back."""

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import polars as pl

from kuber.kernel.shifted_zone import ShiftedZone


def shown_in(zone: tzinfo, instants: pl.Series) -> pl.Series:
    """Return what clocks in the zone show at instants in UTC, both without a zone, shape (n,)."""
    place, ahead = _parts(zone)
    shown = instants
    if place is not None:
        shown = shown.dt.replace_time_zone("UTC").dt.convert_time_zone(place.key)
        shown = shown.dt.replace_time_zone(None)
    return shown + ahead if ahead else shown


def placed_in(zone: tzinfo, shown: pl.Series) -> pl.Series | None:
    """Return the instants, in UTC and without a zone, at which clocks in the zone show this, shape
    (n,); None where one of them is shown twice or never."""
    place, ahead = _parts(zone)
    instants = shown - ahead if ahead else shown
    if place is None:
        return instants
    placed = instants.dt.replace_time_zone(place.key, ambiguous="null", non_existent="null")
    if placed.null_count():
        return None
    return placed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _parts(zone: tzinfo) -> tuple[ZoneInfo | None, timedelta]:
    """Return the place whose clocks count, None for UTC, and how far ahead of them others are."""
    if isinstance(zone, ShiftedZone):
        return zone.base, zone.ahead
    if isinstance(zone, ZoneInfo):
        return zone, timedelta(0)
    if zone is UTC or not isinstance(zone, timezone):
        return None, timedelta(0)
    return None, zone.utcoffset(None)
