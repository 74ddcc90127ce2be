"""Several tables of events read as one list."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.infra.past_events import MOST_CHARACTERS, Candidate, Place, Stretch, merged
from kuber.kernel.cursors import BadCursor, encode_cursor

START = datetime(2026, 1, 5, tzinfo=UTC)
# Few instants and ids, so that places of two tables are close and often share an instant.
places = st.builds(
    Place,
    st.integers(0, 5).map(lambda second: START + timedelta(seconds=second)),
    st.integers(0, 40).map(lambda number: UUID(int=number)),
)


def stretch_of(
    table: Sequence[Place], wanted: frozenset[Place], before: Place | None, limit: int, passed: int
) -> Stretch:
    """Do in memory what `newest` does in PostgreSQL, passing at most `passed` rows."""
    along = sorted((one for one in table if before is None or one < before), reverse=True)
    floor = along[passed - 1] if len(along) >= passed else None
    found = [one for one in along[:passed] if one in wanted][: limit + 1]
    candidates = [Candidate(one, 10, one.id) for one in found]
    return Stretch(candidates, found[-1] if len(found) > limit else floor)


@given(
    st.sets(places, max_size=60),
    st.randoms(use_true_random=False),
    st.integers(1, 5),
    st.integers(1, 7),
)
def test_page_after_page_shows_each_event_once_and_newest_first(
    every: set[Place], chance: st.DataObject, limit: int, passed: int
) -> None:
    tables: list[list[Place]] = [[], []]
    for one in every:
        tables[chance.randrange(2)].append(one)  # type: ignore[attr-defined]
    wanted = frozenset(one for one in every if one.id.int % 3)
    shown: list[Place] = []
    before: Place | None = None
    for _ in range(2 * len(every) + 2):
        stretches = [stretch_of(table, wanted, before, limit, passed) for table in tables]
        page, cursor = merged(stretches, limit)
        assert len(page) <= limit
        assert all(candidate.place in tables[number] for number, candidate in page)
        shown += [candidate.place for _, candidate in page]
        if cursor is None:
            break
        following = Place.of(cursor)
        assert before is None or following < before, "each page gets on"
        before = following
    else:
        pytest.fail("the list has no end")
    assert shown == sorted(wanted, reverse=True)


def test_a_page_ends_before_it_gets_too_large_and_the_next_goes_on() -> None:
    rows = [
        Candidate(Place(START - timedelta(seconds=number), UUID(int=1)), MOST_CHARACTERS // 2, 1)
        for number in range(3)
    ]
    page, cursor = merged([Stretch(rows, None)], 50)
    assert [candidate for _, candidate in page] == rows[:2]
    assert cursor == rows[1].place.cursor()


def test_one_event_is_shown_however_large_it_is() -> None:
    row = Candidate(Place(START, UUID(int=1)), 9 * MOST_CHARACTERS, 1)
    assert merged([Stretch([row], None)], 50) == ([(0, row)], None)


@pytest.mark.parametrize("at", ["yesterday", "", "0001-01-01T00:00:00+14:00"])
def test_a_cursor_of_another_list_is_refused(at: str) -> None:
    with pytest.raises(BadCursor):
        Place.of(encode_cursor(at, str(UUID(int=1))))
