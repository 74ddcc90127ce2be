"""Times of a broker's server read as UTC: told by bars at the weekend, with the zone that fits."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kuber.market.calendars import calendar_for
from kuber.market.errors import ImportRefused
from kuber.market.importing.notes import Notes
from kuber.market.importing.other_zones import BinsOfTimes
from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Said, zone_as_kept, zone_of
from kuber.market.types import Source, Timeframe, to_datetime64
from tests.fakes.price_files import opened, read

HEAD = "time,open,high,low,close,volume\n"
START = datetime(2024, 1, 14, tzinfo=UTC)


def written(
    zone: str, hours: int, calendar: str = "24/5", form: str = "%Y.%m.%d %H:%M", every: int = 60
) -> str:
    """Return a file of all bars of so many hours, written as clocks in the zone show them."""
    market = calendar_for(calendar)
    steps = (START + timedelta(minutes=every * at) for at in range(hours * 60 // every))
    open_at = [at for at in steps if market.is_open(at)]
    clocks = (at.astimezone(zone_of(zone)).strftime(form) for at in open_at)
    return HEAD + "".join(f"{clock},1,2,1,1,5\n" for clock in clocks)


def note_of(text: str, symbol: str = "EURUSD", **said: str) -> str | None:
    notes = Notes()
    parse_bars("b.csv", text.encode(), Said(symbol=symbol, **said), Source.IMPORTED, notes)  # type: ignore[arg-type]
    return next((one.message for one in notes.all() if one.code == "outside_hours"), None)


def test_a_few_bars_of_currencies_at_the_weekend_are_told_with_the_zone_that_fits() -> None:
    text = written("Europe/Athens", 8 * 7 * 24)
    assert text.count("\n") == 961
    assert note_of(text) == (
        "EURUSD: 16 of 960 bars open while the market (24/5, days end 17:00 New York) is closed."
        " Look whether the market and the zone of the times are right."
        " With Europe/Athens or America/New_York+07:00 every bar lies within its market's hours."
    )


@pytest.mark.parametrize("said", [{"timezone": "Europe/Athens"}, {"timezone": "EET"}])
def test_nothing_is_told_once_the_zone_is_said(said: dict[str, str]) -> None:
    assert note_of(written("Europe/Athens", 8 * 7 * 24), **said) is None


def test_times_that_fit_are_not_doubted() -> None:
    assert note_of(written("UTC", 8 * 7 * 24)) is None
    assert note_of(written("UTC", 8 * 7 * 24), symbol="BTCUSD") is None


def test_a_wrong_zone_that_was_said_is_answered_with_the_right_one() -> None:
    """In winter London's clocks show UTC, and both are named."""
    message = note_of(written("UTC", 3 * 7 * 24), timezone="America/New_York")
    assert message is not None
    assert "With UTC or Europe/London every bar" in message


def test_a_share_in_the_time_of_its_exchange_gets_its_zone() -> None:
    text = written("America/New_York", 5 * 7 * 24, "XNYS", every=30)
    message = note_of(text, symbol="AAPL")
    assert message is not None
    assert message.endswith("With America/New_York every bar lies within its market's hours.")


def test_a_few_bars_of_a_share_around_its_session_stay_untold() -> None:
    text = written("UTC", 5 * 7 * 24, "XNYS", every=30) + "2024.02.20 13:30,1,2,1,1,5\n"
    assert note_of(text, symbol="AAPL") is None


def test_no_zone_is_named_where_none_fits() -> None:
    """Asia/Tokyo is not among the usual ones, and Saturday's bars are outside in all of these."""
    message = note_of(written("Asia/Tokyo", 3 * 7 * 24))
    assert message is not None
    assert message.endswith("are right.")


def test_no_zone_is_named_for_times_that_say_theirs() -> None:
    text = written("Europe/Athens", 3 * 7 * 24, form="%Y-%m-%dT%H:%M:%SZ")
    message = note_of(text)
    assert message is not None
    assert "With" not in message


@pytest.mark.parametrize("every", [1, 5, 15])
def test_the_zone_is_found_for_short_bars(every: int) -> None:
    message = note_of(written("Europe/Athens", 7 * 24, every=every))
    assert message is not None
    assert "With Europe/Athens or America/New_York+07:00 every" in message


def test_openings_are_kept_to_five_minutes_each_once() -> None:
    bins = BinsOfTimes()
    for block in ((0, 4, 5, 12), (13, 20)):
        bins.add(np.array([to_datetime64(START + timedelta(minutes=at)) for at in block]))
    assert [str(at)[11:16] for at in bins.all()] == ["00:00", "00:05", "00:10", "00:20"]


@pytest.mark.parametrize(
    ("zone", "first", "kept"),
    [
        ("GMT+2", "2024-01-15T22:00", "UTC+02:00"),
        ("gmt +2", "2024-01-15T22:00", "UTC+02:00"),
        ("UTC+2", "2024-01-15T22:00", "UTC+02:00"),
        ("UTC+02:00", "2024-01-15T22:00", "UTC+02:00"),
        ("+02:00", "2024-01-15T22:00", "UTC+02:00"),
        ("+0200", "2024-01-15T22:00", "UTC+02:00"),
        ("Etc/GMT-2", "2024-01-15T22:00", "Etc/GMT-2"),
        ("UTC-5", "2024-01-16T05:00", "UTC-05:00"),
        ("UTC\N{MINUS SIGN}5", "2024-01-16T05:00", "UTC-05:00"),
        ("-12", "2024-01-16T12:00", "UTC-12:00"),
        ("GMT+14", "2024-01-15T10:00", "UTC+14:00"),
        ("UTC+5:30", "2024-01-15T18:30", "UTC+05:30"),
        ("UTC-3:30", "2024-01-16T03:30", "UTC-03:30"),
        ("UTC+0", "2024-01-16T00:00", "UTC+00:00"),
        ("GMT", "2024-01-16T00:00", "GMT"),
        ("GMT+0", "2024-01-16T00:00", "GMT+0"),
        ("EET", "2024-01-15T22:00", "EET"),
        ("EST5EDT", "2024-01-16T05:00", "EST5EDT"),
        ("America/New_York+7", "2024-01-15T22:00", "America/New_York+07:00"),
        ("America/New_York +07:00", "2024-01-15T22:00", "America/New_York+07:00"),
        ("Asia/Kolkata-1:30", "2024-01-15T20:00", "Asia/Kolkata-01:30"),
    ],
)
def test_a_zone_is_said_as_traders_write_it(zone: str, first: str, kept: str) -> None:
    rows = [f"2024.01.16 0{hour}:00,1,2,1,1,5" for hour in range(4)]
    series, _ = read("\n".join([HEAD.strip(), *rows]), Timeframe.H1, symbol="BTCUSD", timezone=zone)
    assert opened(series)[0] == first
    assert zone_as_kept(zone) == kept
    assert zone_as_kept(kept) == kept
    at = datetime(2024, 1, 16)  # noqa: DTZ001  what clocks in the zone show
    assert (
        at.replace(tzinfo=zone_of(kept)).utcoffset() == at.replace(tzinfo=zone_of(zone)).utcoffset()
    )


SERVER = "America/New_York+07:00"
"""Seven hours ahead of New York all year: two of UTC in winter, three in summer."""


@pytest.mark.parametrize(
    ("shown", "opened_at"),
    [
        ("2024.03.08 23:00", "2024-03-08T21:00"),  # the last hour before New York's clocks change
        ("2024.03.11 00:00", "2024-03-10T21:00"),  # when Athens still has winter
        ("2024.11.01 23:00", "2024-11-01T20:00"),  # when Athens has winter already
        ("2024.11.04 00:00", "2024-11-03T22:00"),
    ],
)
@pytest.mark.parametrize("uniform", [True, False])
def test_servers_that_change_their_clocks_with_new_york(
    shown: str, opened_at: str, *, uniform: bool
) -> None:
    before = datetime.strptime(shown, "%Y.%m.%d %H:%M") - timedelta(hours=1)  # noqa: DTZ007
    form = "%Y.%m.%d %H:%M" if uniform else "%Y-%m-%d %H:%M"
    text = f"{HEAD}{before.strftime(form)},1,2,1,1,5\n{shown},1,2,1,1,5\n"
    series, _ = read(text, Timeframe.H1, symbol="BTCUSD", timezone=SERVER)
    assert opened(series)[1] == opened_at


def test_weeks_in_which_new_york_and_europe_differ_are_answered_with_the_servers_zone() -> None:
    hours = 10 * 7 * 24  # until the end of March, past New York's change and before Europe's
    text = written(SERVER, hours)
    for other in ("UTC", "EET", "Europe/Athens", "America/New_York"):
        message = note_of(text, timezone=other)
        assert message is not None, other
        assert message.endswith(f" With {SERVER} every bar lies within its market's hours."), other
    assert note_of(text, timezone=SERVER) is None


@pytest.mark.parametrize("at", [datetime(2024, 11, 3, 5, 30), datetime(2024, 11, 3, 6, 30)])  # noqa: DTZ001
def test_an_instant_keeps_its_place_when_a_server_shows_an_hour_twice(at: datetime) -> None:
    zone = zone_of(SERVER)
    shown = at.replace(tzinfo=UTC).astimezone(zone)
    assert shown.replace(tzinfo=None) == datetime(2024, 11, 3, 8, 30)  # noqa: DTZ001
    assert shown.astimezone(UTC).replace(tzinfo=None) == at


@pytest.mark.parametrize("zone", ["UTC+02:00", "UTC+05:30", "UTC-03:30"])
def test_days_and_their_zone_are_read_with_an_offset(zone: str) -> None:
    rows = [f"2024-01-{day},1,2,1,1,5" for day in (15, 16, 17)]
    series, _ = read("\n".join([HEAD.strip(), *rows]), Timeframe.D1, symbol="AAPL", timezone=zone)
    assert [str(at)[:10] for at in series.bars.closed_at] == [row[:10] for row in rows]


@pytest.mark.parametrize("zone", ["UTC+2", "UTC+5:30"])
def test_a_fixed_offset_that_does_not_fit_is_answered_too(zone: str) -> None:
    message = note_of(written("America/New_York", 3 * 7 * 24), timezone=zone)
    assert message is not None
    assert "With America/New_York every bar" in message


@pytest.mark.parametrize(
    "zone",
    [
        *("UTC+15", "GMT-13", "UTC+2:07", "UTC+2:75", "GMT2", "2", "+", "ET", "EEST", "UTC+٢"),
        *("America/New_York+15", "America/New_York+0", "America/Nowhere+7", "Etc/GMT+2+7"),
    ],
)
def test_what_is_no_zone_is_refused_with_those_that_are(zone: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        zone_of(zone)
    [problem] = caught.value.problems
    assert (problem.code, problem.field) == ("unknown_timezone", "timezone")
    assert "EET or in America/New_York+07:00" in problem.remedy
    assert "Europe/London" in problem.remedy
