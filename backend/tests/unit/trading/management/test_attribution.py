"""Several pipelines in one symbol of one account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.kernel.orders import Side
from kuber.trading.management.attribution import (
    Action,
    CloseAll,
    NotAdmitted,
    Open,
    Stake,
    admit,
    by_share,
)

LONG, OTHER_LONG = Stake("p1", "a", Side.BUY), Stake("p2", "b", Side.BUY)
SHORT, OTHER_SHORT = Stake("p3", "a", Side.SELL), Stake("p4", "b", Side.SELL)


@pytest.mark.parametrize(
    ("action", "stakes", "expected"),
    [
        (Action.SELL, (LONG,), CloseAll(("p1",))),
        (Action.BUY, (SHORT,), CloseAll(("p3",))),
        (Action.EXIT, (LONG,), CloseAll(("p1",))),
        (Action.FLAT, (SHORT,), CloseAll(("p3",))),
        (Action.EXIT, (LONG, OTHER_LONG), CloseAll(("p1",))),
        (Action.SELL, (LONG, OTHER_LONG), CloseAll(("p1",))),
        (Action.BUY, (), Open(Side.BUY)),
        (Action.SELL, (), Open(Side.SELL)),
    ],
)
def test_m11_the_other_side_closes_and_never_flips(
    action: Action, stakes: tuple[Stake, ...], expected: object
) -> None:
    assert admit(action, "a", stakes, may_short=True) == expected


def test_m11_a_short_is_opened_only_where_it_is_allowed() -> None:
    answer = admit(Action.SELL, "a", (), may_short=False)
    assert isinstance(answer, NotAdmitted)
    assert answer.code == "short_not_allowed"


def test_m11_there_may_be_nothing_to_close() -> None:
    answer = admit(Action.EXIT, "a", (OTHER_LONG,), may_short=True)
    assert isinstance(answer, NotAdmitted)
    assert answer.code == "nothing_to_close"


def test_m17_the_same_side_is_shared_and_the_opposite_names_its_owner() -> None:
    assert admit(Action.BUY, "a", (OTHER_LONG,), may_short=True) == Open(Side.BUY)
    for action, stake in ((Action.SELL, OTHER_LONG), (Action.BUY, OTHER_SHORT)):
        answer = admit(action, "a", (stake,), may_short=True)
        assert isinstance(answer, NotAdmitted)
        assert (answer.code, answer.owner) == ("opposite_position", "b")


@pytest.mark.parametrize(
    ("quantity", "held", "expected"),
    [
        (6, {"a": 4, "b": 8}, {"a": 2, "b": 4}),
        (5, {"a": 5, "b": 5}, {"a": 3, "b": 2}),
        (99, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        (0, {"a": 1}, {"a": 0}),
        (1, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 0, "c": 0}),
    ],
)
def test_m17_what_left_the_account_is_attributed_by_share(
    quantity: int, held: dict[str, int], expected: dict[str, int]
) -> None:
    assert by_share(quantity, held, 1) == expected


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(1, 1_000), min_size=1),
    st.integers(0, 6_000),
    st.sampled_from((1, 3, 10)),
)
def test_m17_shares_add_up_and_none_gives_more_than_it_holds(
    held: dict[str, int], quantity: int, lot: int
) -> None:
    shares = by_share(quantity, held, lot)
    assert sum(shares.values()) == min(quantity, sum(held.values()))
    assert all(0 <= shares[name] <= held[name] for name in held)
