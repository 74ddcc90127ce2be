"""Times that are written alike are read as a column, to the same effect as one by one."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from kuber.market.importing import times
from kuber.market.importing.faults import Faults
from kuber.market.importing.times import TimeReader, Times
from kuber.market.importing.uniform_times import read_uniform

FORMS = [
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S+00:00",
    "%Y%m%d %H%M%S",
    "%Y.%m.%d %H:%M",
    *("seconds", "milliseconds", "microseconds"),
]
ZONES: list[tzinfo] = [
    UTC,
    *(
        ZoneInfo(name)
        for name in (
            *("America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata"),
            *("Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "UTC"),
        )
    ),
]
CHANGES = [
    datetime.fromisoformat("2024-03-10T02:00"),
    datetime.fromisoformat("2024-11-03T01:00"),
    datetime.fromisoformat("2024-03-31T01:00"),
    datetime.fromisoformat("2024-10-27T01:00"),
    datetime.fromisoformat("2024-04-07T02:00"),
    datetime.fromisoformat("2011-12-30T00:00"),
    datetime.fromisoformat("2018-11-04T00:00"),
]
"""Local times near which clocks of one of the zones change, or a day is left out."""


def written(at: datetime, form: str) -> str:
    if form == "seconds":
        return str(int(at.replace(tzinfo=UTC).timestamp()))
    if form == "milliseconds":
        return str(int(at.replace(tzinfo=UTC).timestamp()) * 1000)
    if form == "microseconds":
        return str(int(at.replace(tzinfo=UTC).timestamp()) * 1_000_000)
    return at.strftime(form)


def read(
    blocks: list[list[str]], zone: tzinfo, *, exact: bool
) -> tuple[list[Times], bool, list[str | None]]:
    faults = Faults()
    reader = TimeReader(zone, faults, "time", day_is_first=False, exact=exact)
    found, line = [], 1
    for block in blocks:
        found.append(
            reader.column(pl.Series(block, dtype=pl.String), range(line, line + len(block)))
        )
        line += len(block)
    return found, reader.aware, [one.code for one in faults._problems]


def read_one_by_one(
    blocks: list[list[str]], zone: tzinfo, *, exact: bool
) -> tuple[list[Times], bool, list[str | None]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "read_uniform", lambda *_: None)
        return read(blocks, zone, exact=exact)


near_changes = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-200, 200),
)
anywhere = st.datetimes(
    datetime.fromisoformat("1969-12-30"), datetime.fromisoformat("2100-01-03")
).map(lambda at: at.replace(second=0, microsecond=0))


@settings(max_examples=400, deadline=None)
@given(
    forms=st.lists(st.sampled_from(FORMS), min_size=1, max_size=2),
    zone=st.sampled_from(ZONES),
    moments=st.lists(near_changes | anywhere, min_size=1, max_size=6),
    exact=st.booleans(),
)
def test_a_column_says_the_same_as_its_values_one_by_one(
    forms: list[str], zone: tzinfo, moments: list[datetime], exact: bool
) -> None:
    blocks = [[written(at, form) for at in moments] for form in forms]
    as_column = read_uniform(pl.Series(blocks[0]), zone)
    event("one by one" if as_column is None else "as a column")
    (found, aware, faults) = read(blocks, zone, exact=exact)
    (expected, expected_aware, expected_faults) = read_one_by_one(blocks, zone, exact=exact)
    assert (aware, faults) == (expected_aware, expected_faults)
    for left, right in zip(found, expected, strict=True):
        assert left.has_clock == right.has_clock
        np.testing.assert_array_equal(left.instants, right.instants)
        np.testing.assert_array_equal(left.written, right.written)
        readable = ~np.isnat(right.instants)
        np.testing.assert_array_equal(left.absolute[readable], right.absolute[readable])


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_every_usual_form_is_read_as_a_column(form: str, zone: tzinfo) -> None:
    moments = [datetime.fromisoformat(f"2024-06-03T14:{minute:02}") for minute in range(60)]
    column = pl.Series([written(at, form) for at in moments])
    assert read_uniform(column, zone) is not None


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01-02", "2024-1-3"],
        ["2024-01-02", "2024-02-30"],
        ["2024-01-02T10:00:00Z", "2024-01-02T10:00:00z"],
        ["2024-01-02", None],
        ["1704189600", "17041896oo"],
        ["9999999999", "1704189600"],
        [],
    ],
)
def test_whatever_needs_a_closer_look_is_left_to_it(values: list[str | None]) -> None:
    assert read_uniform(pl.Series(values, dtype=pl.String), UTC) is None


def test_clock_hours_that_come_twice_or_never_are_left_to_a_closer_look() -> None:
    zone = ZoneInfo("America/New_York")
    for clock in ("2024-11-03 01:30", "2024-03-10 02:30"):
        assert read_uniform(pl.Series(["2024-06-03 10:00", clock]), zone) is None
        assert read_uniform(pl.Series([clock]), UTC) is not None
