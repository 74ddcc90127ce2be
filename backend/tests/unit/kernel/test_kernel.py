"""Exact numbers, ids, cursors and clocks."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.kernel.clock import FixedClock, as_utc
from kuber.kernel.cursors import BadCursor, decode_cursor, encode_cursor
from kuber.kernel.ids import new_id
from kuber.kernel.money import exact, quantize


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=4))
def test_a_cursor_gives_back_its_key(key: list[str]) -> None:
    cursor = encode_cursor(*key)
    assert decode_cursor(cursor, len(key)) == tuple(key)
    assert cursor.isascii()
    with pytest.raises(BadCursor):
        decode_cursor(cursor, len(key) + 1)


@given(st.text(max_size=30))
def test_any_other_text_is_a_bad_cursor(text: str) -> None:
    with suppress(BadCursor):
        assert encode_cursor(*decode_cursor(text, 1))


def test_ids_are_uuid7_and_sort_by_the_time_they_were_made() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert {made.version for made in ids} == {7}


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-inf", "ten", "", float("nan"), float("inf")])
def test_a_figure_must_be_a_finite_number(bad: str | float) -> None:
    with pytest.raises(ValueError, match="number"):
        exact(bad)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_its_shortest_text(value: float) -> None:
    assert float(exact(value)) == value


def test_rounding_names_its_mode() -> None:
    assert quantize(Decimal("2.5"), 0) == 2
    assert quantize(Decimal("1.005"), 2, ROUND_HALF_EVEN) == Decimal("1.00")
    assert quantize(Decimal("1.999"), 2, ROUND_DOWN) == Decimal("1.99")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        as_utc(datetime(2026, 1, 1))  # noqa: DTZ001
    east = timezone(timedelta(hours=2))
    assert as_utc(datetime(2026, 1, 1, 2, tzinfo=east)) == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_fixed_clock_moves_only_when_told_and_never_back() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(timedelta(seconds=5))
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
    with pytest.raises(AssertionError):
        clock.advance(timedelta(seconds=-1))
