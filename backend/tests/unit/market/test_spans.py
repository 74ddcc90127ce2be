"""Spans of time are sets of moments."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kuber.market.providers.spans import Span, Spans
from kuber.market.types import to_datetime64

_ZERO = datetime(2026, 1, 1, tzinfo=UTC)
_SIZE = 24
_PAIRS = st.lists(st.tuples(st.integers(0, _SIZE), st.integers(0, _SIZE)), max_size=6)
Pairs = list[tuple[int, int]]


def at(number: int) -> datetime:
    return _ZERO + timedelta(hours=number)


def spans(pairs: Pairs) -> Spans:
    return Spans.of((at(low), at(high)) for low, high in pairs)


def hours(pairs: Pairs) -> set[int]:
    return {one for low, high in pairs for one in range(low, high)}


def held(found: Spans) -> set[int]:
    instants = np.array([to_datetime64(at(one)) for one in range(_SIZE)])
    return set(np.flatnonzero(found.hold(instants)).tolist())


@given(_PAIRS, _PAIRS)
def test_they_are_joined_taken_away_and_compared_as_sets(one: Pairs, other: Pairs) -> None:
    left, right = spans(one), spans(other)
    assert held(left | right) == hours(one) | hours(other)
    assert held(left - right) == hours(one) - hours(other)
    assert left.covers(right) is (hours(one) >= hours(other))
    assert bool(left) is bool(hours(one))
    for found in (left, left | right, left - right):
        assert_apart(found.parts)


@given(_PAIRS, st.tuples(st.integers(0, _SIZE), st.integers(0, _SIZE)))
def test_a_part_is_cut_out(one: Pairs, cut: tuple[int, int]) -> None:
    found = spans(one).within((at(cut[0]), at(cut[1])))
    assert held(found) == hours(one) & hours([cut])
    assert_apart(found.parts)


def assert_apart(parts: tuple[Span, ...]) -> None:
    assert all(start < end for start, end in parts)
    assert all(before[1] < after[0] for before, after in pairwise(parts))
