"""What changed places in the chain is named at each of its places, and nothing else is."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.audit.chain import MOST_SUSPECTS, Damage, StoredLink, Walk, entry_hash
from kuber.audit.reordering import with_reordering
from tests.unit.audit.test_chain import Case, cases, chain

Move = Callable[[StoredLink, StoredLink], StoredLink]
Found = list[tuple[int | None, Damage]]


def entry_moved(here: StoredLink, there: StoredLink) -> StoredLink:
    return here._replace(middle=there.middle, end=there.end)


def link_moved(here: StoredLink, there: StoredLink) -> StoredLink:
    return there._replace(position=here.position)


def hashes_moved(here: StoredLink, there: StoredLink) -> StoredLink:
    return here._replace(hash=there.hash, previous_hash=there.previous_hash)


MOVES = [entry_moved, link_moved, hashes_moved]


def found(links: list[StoredLink]) -> Found:
    walk = Walk()
    findings = list(walk.follow(links))
    return [(one.chain_position, one.damage) for one in with_reordering(findings, walk)]


def moved(links: list[StoredLink], places: list[int], move: Move) -> list[StoredLink]:
    """Put at each of `places` what stands at the one before it in the list."""
    result = list(links)
    for here, there in zip(places, [*places[1:], places[0]], strict=True):
        result[here - 1] = move(links[here - 1], links[there - 1])
    return result


def reordered(places: list[int]) -> Found:
    return [(place, Damage.REORDERED) for place in sorted(places)]


@given(
    st.integers(2, 40).flatmap(
        lambda length: st.tuples(
            st.just(length),
            st.lists(st.integers(1, length), min_size=2, max_size=length, unique=True),
        )
    ),
    st.sampled_from(MOVES),
)
def test_whatever_changed_places_is_named_at_each_of_them(
    drawn: tuple[int, list[int]], move: Move
) -> None:
    length, places = drawn
    assert found(moved(chain(length), places, move)) == reordered(places)


@pytest.mark.parametrize("move", MOVES)
def test_a_long_stretch_that_was_moved_on_is_named(move: Move) -> None:
    places = list(range(20, 20 + MOST_SUSPECTS))
    assert found(moved(chain(MOST_SUSPECTS + 40), places, move)) == reordered(places)


@pytest.mark.parametrize("move", MOVES)
def test_other_damage_beside_it_keeps_its_name(move: Move) -> None:
    links = moved(chain(30), [7, 9], move)
    links[19] = links[19]._replace(middle=b',"data":{},"previous_hash":"')
    links[24] = links[24]._replace(middle=None, end=None)
    assert found(links) == [
        (7, Damage.REORDERED),
        (9, Damage.REORDERED),
        (20, Damage.ENTRY_CHANGED),
        (25, Damage.ENTRY_MISSING),
    ]


@pytest.mark.parametrize("move", MOVES)
def test_one_that_was_changed_as_well_does_not_close_the_ring(move: Move) -> None:
    links = moved(chain(30), [7, 9], move)
    links[6] = links[6]._replace(middle=b',"data":{},"previous_hash":"')
    damage = {damage for _, damage in found(links)}
    assert Damage.REORDERED not in damage
    assert Damage.ENTRY_CHANGED in damage


def test_a_seam_that_moving_back_does_not_close_is_still_named() -> None:
    links = moved(chain(30), [7, 9], entry_moved)
    links[7] = links[7]._replace(previous_hash=bytes(31) + b"x")
    assert (8, Damage.LINK_CHANGED) in found(links)


@given(cases(), st.integers(1, 4))
def test_what_was_put_in_between_is_named_at_its_own_place(case: Case, count: int) -> None:
    before = case.links[: case.at + 1]
    for number in range(count):
        position, previous = case.at + 2 + number, before[-1].hash
        middle, end = b',"data":{"forged":%d},"previous_hash":"' % number, b'","timestamp":"t"}'
        hash_ = entry_hash(position, previous, middle, end)
        before.append(StoredLink(position, hash_, previous, middle, end))
    later = [one._replace(position=one.position + count) for one in case.links[case.at + 1 :]]
    behind = [(one.position, Damage.ENTRY_CHANGED) for one in later]
    # With the last entry alone behind several, it may as well be a copy that stands there.
    first = before[-1].position + 1 if len(later) == 1 and count > 1 else case.at + 2
    assert found([*before, *later]) == [(first, Damage.LINK_CHANGED), *behind]


@pytest.mark.parametrize("place", [9, 30])
@pytest.mark.parametrize("change", [False, True])
def test_a_copy_of_an_earlier_link_is_nothing_put_in(place: int, change: bool) -> None:
    links = chain(30)
    links[place - 1] = links[place - 2]._replace(position=place)
    if change:
        links[place - 2] = links[place - 2]._replace(middle=b',"data":{},"previous_hash":"')
    assert (place, Damage.LINK_CHANGED) in found(links)
    assert (place - 1, Damage.LINK_CHANGED) not in found(links)
