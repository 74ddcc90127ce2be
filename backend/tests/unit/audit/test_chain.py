"""Damage to the chain is found where it was done, wherever that is."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from kuber.audit.chain import Damage, Finding, StoredLink, Tip, Walk, entry_hash
from kuber.audit.types import NO_HASH


def chain(length: int) -> list[StoredLink]:
    links, before = [], NO_HASH
    for position in range(1, length + 1):
        middle = b',"data":{"number":%d},"previous_hash":"' % position
        end = b'","timestamp":"t","user_id":null}'
        hash_ = entry_hash(position, before, middle, end)
        links.append(StoredLink(position, hash_, before, middle, end))
        before = hash_
    return links


def walked(links: list[StoredLink], tip: Tip = Tip()) -> list[tuple[int | None, Damage]]:  # noqa: B008
    return [(one.chain_position, one.damage) for one in Walk(tip).follow(links)]


@dataclass(frozen=True)
class Case:
    links: list[StoredLink]
    at: int
    """Index of the place that is damaged; the one behind it exists."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    links = chain(draw(st.integers(2, 30)))
    return Case(links, draw(st.integers(0, len(links) - 2)))


@given(cases())
def test_an_untouched_chain_is_intact_in_one_piece_and_in_two(case: Case) -> None:
    assert walked(case.links) == []
    walk = Walk()
    assert list(walk.follow(case.links[: case.at])) == []
    assert list(Walk(walk.tip).follow(case.links[case.at :])) == []


@given(cases(), st.sampled_from(["middle", "end"]), st.integers(0, 10_000))
def test_one_changed_bit_of_an_entry_is_one_finding(case: Case, part: str, bit: int) -> None:
    link = case.links[case.at]
    text = bytearray(getattr(link, part))
    text[bit // 8 % len(text)] ^= 1 << bit % 8
    changed = bytes(text)
    replaced = link._replace(middle=changed) if part == "middle" else link._replace(end=changed)
    case.links[case.at] = replaced
    assert walked(case.links) == [(case.at + 1, Damage.ENTRY_CHANGED)]


@given(cases(), st.integers(0, 255))
def test_a_changed_hash_shows_at_its_place_and_at_the_next(case: Case, bit: int) -> None:
    link = case.links[case.at]
    hash_ = bytearray(link.hash)
    hash_[bit // 8] ^= 1 << bit % 8
    case.links[case.at] = link._replace(hash=bytes(hash_))
    assert walked(case.links) == [
        (case.at + 1, Damage.ENTRY_CHANGED),
        (case.at + 2, Damage.LINK_CHANGED),
    ]


@given(cases())
def test_a_deleted_place_is_named(case: Case) -> None:
    del case.links[case.at]
    assert walked(case.links) == [(case.at + 1, Damage.POSITION_MISSING)]


@given(cases())
def test_a_deleted_entry_is_named(case: Case) -> None:
    case.links[case.at] = case.links[case.at]._replace(middle=None, end=None)
    assert walked(case.links) == [(case.at + 1, Damage.ENTRY_MISSING)]


@given(cases())
def test_entries_that_changed_places_are_both_named(case: Case) -> None:
    first, second = case.links[case.at : case.at + 2]
    case.links[case.at] = first._replace(middle=second.middle)
    case.links[case.at + 1] = second._replace(middle=first.middle)
    assert walked(case.links) == [
        (case.at + 1, Damage.ENTRY_CHANGED),
        (case.at + 2, Damage.ENTRY_CHANGED),
    ]


@given(cases())
def test_an_entry_put_in_between_and_hashed_does_not_fit(case: Case) -> None:
    position, before = case.at + 2, case.links[case.at].hash
    middle, end = b',"data":{},"previous_hash":"', b'","timestamp":"t","user_id":null}'
    forged = StoredLink(position, entry_hash(position, before, middle, end), before, middle, end)
    later = [link._replace(position=link.position + 1) for link in case.links[case.at + 1 :]]
    found = walked([*case.links[: case.at + 1], forged, *later])
    assert found[0] == (position + 1, Damage.LINK_CHANGED)


def test_missing_places_are_told_as_a_range() -> None:
    links = chain(9)
    (found,) = Walk().follow(links[:2] + links[5:])
    assert found == Finding(3, Damage.POSITION_MISSING, "Places 3 to 5 are missing.")
