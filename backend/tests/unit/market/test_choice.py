"""Which prices answer for a moment, and when a dataset has ended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kuber.agents.testing import make_bars
from kuber.market.choice import Datasets, choose, has_ended, require_not_ended
from kuber.market.errors import DataEnded
from kuber.market.types import Bars, DatasetKind, Instrument, Source, Timeframe, to_datetime64

FRIDAY_CLOSE = datetime(2024, 1, 5, 21, tzinfo=UTC)


def instrument(
    source: Source,
    last_at: datetime | None = FRIDAY_CLOSE,
    *,
    calendar: str = "XNYS",
    finest: Timeframe = Timeframe.D1,
) -> Instrument:
    first_at = None if last_at is None else datetime(2020, 1, 2, 14, 30, tzinfo=UTC)
    return Instrument("ACME", "Acme", source, calendar, "USD", (finest,), first_at, last_at)


IMPORTED, SAMPLE = instrument(Source.IMPORTED), instrument(Source.SAMPLE)
PROVIDED = instrument(Source.SIMULATED, None)
LONG_AFTER = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("imported", "sample", "preferred", "at", "chosen"),
    [
        (None, None, None, LONG_AFTER, DatasetKind.PROVIDER),
        (None, SAMPLE, None, FRIDAY_CLOSE, DatasetKind.SAMPLE),
        (None, SAMPLE, None, LONG_AFTER, DatasetKind.PROVIDER),
        (IMPORTED, SAMPLE, None, FRIDAY_CLOSE, DatasetKind.IMPORTED),
        (IMPORTED, None, None, LONG_AFTER, DatasetKind.IMPORTED),
        (IMPORTED, SAMPLE, DatasetKind.SAMPLE, FRIDAY_CLOSE, DatasetKind.SAMPLE),
        (IMPORTED, SAMPLE, DatasetKind.PROVIDER, FRIDAY_CLOSE, DatasetKind.PROVIDER),
        (None, SAMPLE, DatasetKind.SAMPLE, LONG_AFTER, DatasetKind.SAMPLE),
        (None, SAMPLE, DatasetKind.IMPORTED, FRIDAY_CLOSE, DatasetKind.SAMPLE),
        (IMPORTED, None, DatasetKind.SAMPLE, FRIDAY_CLOSE, DatasetKind.IMPORTED),
    ],
)
def test_the_moment_decides_unless_the_user_did(
    imported: Instrument | None,
    sample: Instrument | None,
    preferred: DatasetKind | None,
    at: datetime,
    chosen: DatasetKind,
) -> None:
    assert choose(imported, sample, preferred, at) is chosen


def test_what_is_stored_besides_is_told() -> None:
    datasets = Datasets(IMPORTED, SAMPLE, PROVIDED)
    shown = datasets.seen_as(DatasetKind.PROVIDER)
    assert shown == replace(PROVIDED, others=(IMPORTED.span, SAMPLE.span))
    shown = datasets.seen_as(DatasetKind.SAMPLE)
    assert shown == replace(SAMPLE, others=(IMPORTED.span,))
    assert Datasets(None, None, PROVIDED).seen_as(DatasetKind.PROVIDER) == PROVIDED
    assert Datasets(IMPORTED, None, None).seen_as(DatasetKind.SAMPLE) is None


def test_where_the_provider_has_nothing_the_stored_prices_tell_their_end() -> None:
    datasets = Datasets(None, SAMPLE, None)
    assert datasets.seen_by_choice(DatasetKind.PROVIDER) == (DatasetKind.SAMPLE, SAMPLE)
    datasets = Datasets(IMPORTED, SAMPLE, None)
    kind, found = datasets.seen_by_choice(DatasetKind.PROVIDER)
    assert (kind, found) == (DatasetKind.IMPORTED, replace(IMPORTED, others=(SAMPLE.span,)))
    nothing = Datasets(None, None, None).seen_by_choice(DatasetKind.PROVIDER)
    assert nothing == (DatasetKind.PROVIDER, None)
    provided = Datasets(None, None, PROVIDED).seen_by_choice(DatasetKind.PROVIDER)
    assert provided == (DatasetKind.PROVIDER, PROVIDED)


@pytest.mark.parametrize(
    ("calendar", "finest", "last_at", "first_missed"),
    [
        # Friday's bar is the newest: Monday's may be missing, Tuesday's close makes two.
        ("XNYS", Timeframe.D1, FRIDAY_CLOSE, datetime(2024, 1, 9, 21, tzinfo=UTC)),
        # Within days there is no waiting for a file: one session without a bar is missing.
        ("XNYS", Timeframe.M1, FRIDAY_CLOSE, datetime(2024, 1, 8, 21, tzinfo=UTC)),
        ("XNYS", Timeframe.M1, datetime(2024, 1, 5, 18, tzinfo=UTC), FRIDAY_CLOSE),
        # 3 July 2024 closes at 13:00 New York, and the 4th is a holiday.
        (
            "XNYS",
            Timeframe.D1,
            datetime(2024, 7, 2, 20, tzinfo=UTC),
            datetime(2024, 7, 5, 20, tzinfo=UTC),
        ),
        (
            "24/7",
            Timeframe.D1,
            datetime(2024, 1, 6, tzinfo=UTC),
            datetime(2024, 1, 8, tzinfo=UTC),
        ),
        (
            "24/5",
            Timeframe.H1,
            datetime(2024, 1, 5, 22, tzinfo=UTC),
            datetime(2024, 1, 8, 22, tzinfo=UTC),
        ),
        ("XNYS", Timeframe.W1, FRIDAY_CLOSE, FRIDAY_CLOSE + timedelta(weeks=2)),
        ("XNYS", Timeframe.MO1, FRIDAY_CLOSE, FRIDAY_CLOSE + timedelta(days=62)),
    ],
)
def test_a_dataset_has_ended_once_bars_that_should_be_there_are_missing(
    calendar: str, finest: Timeframe, last_at: datetime, first_missed: datetime
) -> None:
    ending = instrument(Source.IMPORTED, last_at, calendar=calendar, finest=finest)
    assert has_ended(ending, first_missed)
    assert not has_ended(ending, first_missed - timedelta(microseconds=1))
    assert not has_ended(ending, last_at - timedelta(days=400))
    assert has_ended(ending, datetime(2150, 1, 1, tzinfo=UTC))
    series = bars(last_at, finest)
    require_not_ended(ending, series, last_at, first_missed - timedelta(microseconds=1))
    with pytest.raises(DataEnded):
        require_not_ended(ending, series, last_at, first_missed)


def test_prices_without_an_end_never_end() -> None:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    assert not has_ended(PROVIDED, far)
    require_not_ended(PROVIDED, bars(FRIDAY_CLOSE), None, far)
    require_not_ended(IMPORTED, bars(FRIDAY_CLOSE).last(0), FRIDAY_CLOSE, far)


def test_the_end_is_told_with_its_remedies() -> None:
    series = bars(FRIDAY_CLOSE)
    with pytest.raises(DataEnded, match=r"imported prices of ACME in 1d end on 5 Jan") as told:
        require_not_ended(IMPORTED, series, FRIDAY_CLOSE, LONG_AFTER)
    (problem,) = told.value.problems
    assert problem.remedy is not None
    assert "Import newer bars of ACME" in problem.remedy
    sampled = replace(series, source=Source.SAMPLE)
    with pytest.raises(DataEnded, match=r"sample's prices of ACME"):
        require_not_ended(SAMPLE, sampled, FRIDAY_CLOSE, LONG_AFTER)
    require_not_ended(IMPORTED, series, FRIDAY_CLOSE, FRIDAY_CLOSE + timedelta(hours=60))


def test_one_bar_of_the_far_future_makes_old_prices_no_newer() -> None:
    mistyped = datetime(2030, 1, 4, 21, tzinfo=UTC)
    with pytest.raises(DataEnded, match="end on 5 Jan 2024"):
        require_not_ended(IMPORTED, bars(FRIDAY_CLOSE), mistyped, LONG_AFTER)
    hole = FRIDAY_CLOSE + timedelta(days=31)
    require_not_ended(IMPORTED, bars(FRIDAY_CLOSE), mistyped, hole)


def bars(last_at: datetime, timeframe: Timeframe = Timeframe.D1) -> Bars:
    """Return bars of ACME of which the newest closes at `last_at`."""
    made = make_bars("ACME", [1.0, 2.0], timeframe, until=last_at)
    closed_at = made.closed_at.copy()
    closed_at[-1] = to_datetime64(last_at)
    return replace(made, closed_at=closed_at)
