"""Entries with exits, and orders that cancel each other."""

from dataclasses import replace

import pytest

from kuber.exchange.behaviour import IDEAL, Children
from kuber.exchange.book import Book
from kuber.exchange.events import (
    Cancel,
    Cancelled,
    ChildrenDropped,
    Holding,
    In,
    Out,
    Reason,
    Reduced,
    Refused,
    Released,
    Replace,
    Replaced,
    ReplaceRefused,
    Submit,
)
from kuber.exchange.types import Effect
from kuber.exchange.units import QUANTITY_ONE, SECOND, from_quantity, to_price, to_quantity
from tests.fakes.orders import bracket, closing, fills, order, play, quote, sized

WHOLE = replace(IDEAL, children=Children.COMPLETE)


def ended(answers: list[Out]) -> list[tuple[str, Reason]]:
    return [(one.order, one.reason) for one in answers if isinstance(one, Cancelled)]


def released(answers: list[Out]) -> list[tuple[str, str]]:
    return [
        (one.order, f"{from_quantity(one.remaining):f}")
        for one in answers
        if isinstance(one, Released)
    ]


def refused(answers: list[Out]) -> list[str]:
    return [one.code for one in answers if isinstance(one, Refused)]


def pair(quantity: str = "10") -> Submit:
    return Submit(
        (
            closing("stop", "sell", quantity, stop_price="95", group="g"),
            closing("target", "sell", quantity, limit_price="105", group="g"),
        )
    )


def held(*events: In) -> Book:
    """Return a book in which ten shares have a stop at 95 and a target at 105."""
    book = Book()
    play(book, quote(0, "100"), Holding(0, "a", to_quantity("10")), pair(), *events)
    return book


def test_m22_exits_cover_what_was_filled_of_their_entry() -> None:
    book = Book()
    out = play(book, sized(0, "100", "40"), bracket("100", "95", "105"))
    assert released(out) == [("stop", "40"), ("target", "40")]
    out = play(book, sized(1, "100", "60"))
    assert released(out) == [("stop", "100"), ("target", "100")]
    assert fills(play(book, quote(2, "94"))) == [("stop", "100", "94")]
    assert book.holding("a") == 0
    assert book.working() == ()


def test_exits_of_an_entry_that_goes_on_never_sell_more_than_was_bought() -> None:
    book = Book()
    play(book, sized(0, "100", "40"), bracket("100", "95", "105", limit_price="100"))
    assert fills(play(book, sized(1, "106", "50"))) == [("target", "40", "106")]
    assert book.holding("a") == 0
    out = play(book, sized(2, "100", "10"))
    assert released(out) == [("stop", "10"), ("target", "10")]
    assert fills(play(book, quote(3, "94", "94", "101"))) == [("stop", "10", "94")]
    assert book.holding("a") == 0


def test_an_exit_that_has_sold_what_there_was_is_asked_by_no_quote() -> None:
    book = Book()
    play(book, sized(0, "100", "40"), bracket("100", "95", "105", limit_price="100"))
    play(book, quote(1, "106"))
    assert not book.acts_on(quote(2, "106"))
    assert book.acts_on(quote(2, "100"))


def test_exits_of_paper_live_only_after_a_complete_entry() -> None:
    book = Book()
    out = play(book, sized(0, "100", "40"), bracket("100", "95", "105", WHOLE))
    assert released(out) == []
    out = play(book, sized(1, "100", "60"))
    assert released(out) == [("stop", "100"), ("target", "100")]


def test_exits_of_paper_are_dropped_when_the_entry_ends_partly_filled() -> None:
    book = Book()
    play(book, sized(0, "100", "10"), bracket("100", "95", "105", WHOLE))
    out = play(book, Cancel("entry", SECOND))
    assert ChildrenDropped("entry") in out
    assert ended(out) == [
        ("entry", Reason.ASKED),
        ("stop", Reason.PARENT_ENDED),
        ("target", Reason.PARENT_ENDED),
    ]
    assert book.holding("a") == to_quantity("10")


def test_m12_exits_of_an_entry_that_ends_partly_filled_go_on_for_that_part() -> None:
    book = Book()
    play(book, sized(0, "100", "10"), bracket("100", "95", "105"))
    out = play(book, Cancel("entry", SECOND))
    assert ended(out) == [("entry", Reason.ASKED)]
    assert [one.remaining for one in out if isinstance(one, Reduced)] == 2 * [to_quantity("10")]
    assert fills(play(book, quote(2, "105"))) == [("target", "10", "105")]
    assert book.working() == ()


@pytest.mark.parametrize("behaviour", [IDEAL, WHOLE])
def test_exits_end_with_an_entry_of_which_nothing_was_filled(behaviour: object) -> None:
    book = Book()
    play(book, bracket("100", "95", "105", behaviour))  # type: ignore[arg-type]
    out = play(book, Cancel("entry", SECOND))
    assert len(ended(out)) == 3
    assert not any(isinstance(one, ChildrenDropped) for one in out)
    assert book.working() == ()


def test_exits_meet_the_next_price_and_not_the_one_that_filled_their_entry() -> None:
    book = Book()
    out = play(book, quote(0, "100", "94", "100"), bracket("10", "95", "94.5"))
    assert fills(out) == [("entry", "10", "100")]
    assert fills(play(book, quote(1, "100", "96", "100"))) == [("target", "10", "96")]


def test_an_exit_does_not_see_a_late_quote_from_before_its_entry_was_filled() -> None:
    book = Book()
    entry, stop, target = bracket("10", "95", "105", limit_price="100", at=2).orders
    play(book, quote(0, "103"), Submit((replace(entry, crossing=True), stop, target)))
    seller = order("u", "sell", "10", limit_price="100", account="u", crossing=True, at=5)
    assert fills(play(book, Submit((seller,))))[0] == ("entry", "10", "100")
    assert fills(play(book, quote(4, "94"))) == []
    assert fills(play(book, quote(5, "93"))) == [("stop", "10", "93")]


def test_a_stop_that_was_hit_sells_what_the_entry_gets_later_at_once() -> None:
    book = Book()
    play(book, sized(0, "100", "40"), bracket("100", "95", "105", limit_price="100"))
    assert fills(play(book, quote(1, "94", "94", "101"))) == [("stop", "40", "94")]
    assert fills(play(book, sized(2, "96", "60"))) == [("entry", "60", "96")]
    assert fills(play(book, quote(3, "97", "96.5", "101"))) == [("stop", "60", "96.5")]
    assert book.working() == ()


def test_a_fill_of_one_reduces_the_other_and_the_last_ends_it() -> None:
    book = held()
    out = play(book, sized(1, "105", "4"))
    assert fills(out) == [("target", "4", "105")]
    assert out[-1] == Reduced("stop", to_quantity("6"))
    out = play(book, quote(2, "95"))
    assert fills(out) == [("stop", "6", "95")]
    assert ended(out) == [("target", Reason.GROUP_FILLED)]


def test_the_end_of_one_ends_its_group() -> None:
    book = held()
    assert ended(play(book, Cancel("target", SECOND))) == [
        ("target", Reason.ASKED),
        ("stop", Reason.GROUP_ENDED),
    ]
    assert book.working() == ()


def test_a_price_that_reaches_both_stops_out() -> None:
    out = play(held(), quote(1, "94", "106", "106"))
    assert [one[0] for one in fills(out)] == ["stop"]


def test_m13_two_groups_of_half_each_share_the_fills_of_one_entry() -> None:
    def half(group: str, target: str) -> tuple[object, ...]:
        family = {"parent": "entry", "group": group}
        return (
            closing(f"stop {group}", "sell", "50", stop_price="95", **family),
            closing(f"target {group}", "sell", "50", limit_price=target, **family),
        )

    book = Book()
    orders = (order("entry", "buy", "100"), *half("1", "105"), *half("2", "110"))
    out = play(book, sized(0, "100", "70"), Submit(orders))  # type: ignore[arg-type]
    assert released(out) == [
        ("stop 1", "50"),
        ("target 1", "50"),
        ("stop 2", "20"),
        ("target 2", "20"),
    ]
    play(book, sized(1, "100", "30"))
    assert fills(play(book, quote(2, "105"))) == [("target 1", "50", "105")]
    assert sorted(fills(play(book, quote(3, "95")))) == [("stop 2", "50", "95")]
    assert book.holding("a") == 0


def test_m13_a_stop_moves_by_replacement_and_stays_in_its_group() -> None:
    book = held()
    moved = Replace(
        id="stop", new_id="even", at=SECOND, expected_filled=0, stop_price=to_price("100")
    )
    assert play(book, moved)[0] == Replaced("stop", "even")
    out = play(book, quote(2, "99"))
    assert fills(out) == [("even", "10", "99")]
    assert ended(out) == [("target", Reason.GROUP_FILLED)]


def test_exits_follow_an_entry_that_was_replaced() -> None:
    book = Book()
    play(book, quote(0, "100"), bracket("10", "85", "105", limit_price="90"))
    change = Replace(
        id="entry", new_id="new", at=SECOND, expected_filled=0, limit_price=to_price("91")
    )
    play(book, change)
    out = play(book, quote(2, "91"))
    assert fills(out) == [("new", "10", "91")]
    assert released(out) == [("stop", "10"), ("target", "10")]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"expected_filled": 1}, "changed"),
        ({"id": "nobody"}, "not_working"),
        ({"new_id": "stop"}, "duplicate"),
        ({"remaining": 11 * QUANTITY_ONE}, "more_than_the_group"),
        ({"remaining": 0}, "bad_quantity"),
        ({"stop_price": to_price("90")}, "no_such_price"),
        ({"limit_price": to_price("90.001")}, "bad_price"),
    ],
)
def test_a_replacement_that_cannot_be_is_refused_and_changes_nothing(
    terms: dict[str, object], reason: str
) -> None:
    book = held()
    usual: dict[str, object] = {"id": "target", "new_id": "n", "at": 0, "expected_filled": 0}
    before = book.state()
    out = play(book, Replace(**{**usual, **terms}))  # type: ignore[arg-type]
    assert [one.reason for one in out if isinstance(one, ReplaceRefused)] == [reason]
    assert book.state() == before


def test_a_target_made_smaller_leaves_the_rest_to_the_stop() -> None:
    book = held()
    less = Replace(id="target", new_id="less", at=0, expected_filled=0, remaining=4 * QUANTITY_ONE)
    play(book, less)
    assert fills(play(book, quote(1, "105"))) == [("less", "4", "105")]
    assert fills(play(book, quote(2, "95"))) == [("stop", "6", "95")]


def test_a_submission_is_taken_whole_or_not_at_all() -> None:
    book = Book()
    wrong = bracket("10", "95.001", "105")
    codes = [(one.order, one.code) for one in play(book, wrong) if isinstance(one, Refused)]
    assert codes == [
        ("entry", "submitted_together"),
        ("stop", "bad_price"),
        ("target", "submitted_together"),
    ]
    assert book.working() == ()


@pytest.mark.parametrize(
    "change",
    [
        {"account": "b"},
        {"quantity": 3 * QUANTITY_ONE},
        {"effect": Effect.OPEN},
        {"position_id": "other"},
    ],
)
def test_orders_of_a_group_share_what_they_close(change: dict[str, object]) -> None:
    stop, target = pair().orders
    out = play(Book(), Submit((stop, replace(target, **change))))  # type: ignore[arg-type]
    assert {one.code for one in out if isinstance(one, Refused)} >= {"bad_family"}


def test_exits_may_follow_their_entry_until_it_is_filled_in_part() -> None:
    book = Book()
    entry, stop, target = bracket("10", "95", "105", limit_price="100").orders
    play(book, quote(0, "103"), Submit((entry,)))
    assert refused(play(book, Submit((replace(stop, group=None),)))) == []
    play(book, sized(1, "100", "4"))
    assert refused(play(book, Submit((replace(target, group=None),)))) == ["no_parent"]


def test_an_exit_has_no_exits_and_belongs_to_the_account_of_its_entry() -> None:
    entry, stop, target = bracket("10", "95", "105").orders
    grandchild = closing("more", "buy", "10", limit_price="90", parent="stop")
    foreign = replace(target, account="b")
    for wrong in ((entry, stop, target, grandchild), (entry, stop, foreign)):
        out = play(Book(), Submit(wrong))
        assert {one.code for one in out if isinstance(one, Refused)} >= {"bad_family"}


def test_a_closed_position_ends_its_exits_when_they_would_trade() -> None:
    book = held(Submit((closing("out", "sell", "10"),)))
    assert book.holding("a") == 0
    out = play(book, quote(1, "95"))
    assert fills(out) == []
    assert [one[0] for one in ended(out)] == ["stop", "target"]
