"""Splits: orders, holdings and marks go onto the new basis; exits come earlier, not later."""

import pytest

from kuber.exchange.book import Book
from kuber.exchange.events import Adjust, Adjusted, Cancelled, Holding, Reason, Submit
from kuber.exchange.types import Spec
from kuber.exchange.units import SECOND, from_price, from_quantity, to_price, to_quantity
from tests.fakes.orders import bracket, closing, fills, order, play, quote, sized

TEN = Holding(0, "a", to_quantity("10"))


def split(numerator: int, denominator: int) -> Adjust:
    return Adjust(SECOND, numerator, denominator)


def told(answers: object) -> tuple[str, str, str]:
    assert isinstance(answers, Adjusted)
    price = answers.limit_price if answers.limit_price is not None else answers.stop_price
    assert price is not None
    return answers.order, f"{from_quantity(answers.remaining):f}", f"{from_price(price):f}"


def test_m25_a_stop_does_not_fire_on_the_day_of_a_split() -> None:
    book = Book()
    play(book, quote(0, "1190"), TEN, Submit((closing("s", "sell", "10", stop_price="1185"),)))
    assert [told(one) for one in play(book, split(10, 1))] == [("s", "100", "118.5")]
    assert fills(play(book, quote(2, "119.5"))) == []
    assert fills(play(book, quote(3, "118.5"))) == [("s", "100", "118.5")]
    assert book.holding("a") == 0


@pytest.mark.parametrize(
    ("side", "kind", "effect", "price"),
    [
        ("sell", "stop_price", "close", "33.34"),
        ("buy", "stop_price", "close", "33.33"),
        ("sell", "limit_price", "close", "33.33"),
        ("buy", "limit_price", "close", "33.34"),
        ("buy", "limit_price", "open", "33.33"),
        ("sell", "limit_price", "open", "33.34"),
    ],
)
def test_m25_exits_are_rounded_to_come_earlier_and_entries_to_pay_no_more(
    side: str, kind: str, effect: str, price: str
) -> None:
    book = Book()
    make = closing if effect == "close" else order
    play(book, Submit((make("o", side, "1", **{kind: "100"}),)))
    assert [told(one) for one in play(book, split(3, 1))] == [("o", "3", price)]


def test_m25_a_reverse_split_leaves_fractions_to_close_and_whole_lots_to_open() -> None:
    book = Book()
    play(book, Holding(0, "a", to_quantity("25")), Holding(0, "a", to_quantity("25"), "p"))
    exits = closing("out", "sell", "25", limit_price="12", position_id="p")
    play(book, Submit((exits,)), Submit((order("in", "buy", "25", limit_price="8"),)))
    out = play(book, split(1, 10))
    assert [told(one) for one in out] == [("out", "2.5", "120"), ("in", "2", "80")]
    assert book.holding("a") == book.holding("a", "p") == to_quantity("2.5")


def test_an_order_of_which_a_reverse_split_leaves_nothing_is_cancelled() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "5", limit_price="8"),)))
    assert play(book, split(1, 10)) == [Cancelled("o", Reason.SPLIT)]


def test_a_price_of_the_old_basis_fills_nothing_after_a_split() -> None:
    book = Book()
    play(book, quote(1, "100"), split(2, 1))
    assert fills(play(book, Submit((order("o", "buy", "5", at=1),)))) == []
    assert fills(play(book, quote(2, "50"))) == [("o", "5", "50")]


def test_a_trailing_stop_keeps_its_distance_through_a_split() -> None:
    book = Book()
    play(book, quote(0, "100"), TEN, Submit((closing("t", "sell", "10", trail_amount="10"),)))
    play(book, split(2, 1))
    assert fills(play(book, quote(2, "46"))) == []
    play(book, quote(3, "60"))
    assert fills(play(book, quote(4, "55.01"))) == []
    assert fills(play(book, quote(5, "55"))) == [("t", "20", "55")]


def test_a_bracket_that_is_filled_in_part_goes_on_after_a_split() -> None:
    book = Book()
    play(book, sized(0, "100", "4"), bracket("10", "90", "110", limit_price="100"))
    play(book, split(2, 1), sized(2, "50", "12"))
    assert book.holding("a") == to_quantity("20")
    assert fills(play(book, quote(3, "45"))) == [("stop", "20", "45")]
    assert book.working() == ()


def test_exits_cover_what_was_filled_before_a_split() -> None:
    book = Book()
    play(book, sized(0, "100", "4"), bracket("10", "90", "110", limit_price="100"))
    play(book, split(2, 1))
    out = play(book, quote(2, "45", "45", "60"))
    assert fills(out) == [("stop", "8", "45")]
    assert book.holding("a") == 0


def test_a_short_is_split_towards_nothing() -> None:
    book = Book()
    play(book, Holding(0, "a", -5), split(1, 2))
    assert book.holding("a") == -2


def test_a_price_never_falls_to_nothing() -> None:
    book = Book()
    fine = Spec(tick=to_price("0.01"), lot=to_quantity("1"))
    play(book, Submit((order("o", "buy", "5", limit_price="0.01", spec=fine),)))
    assert told(play(book, split(10, 1))[0]) == ("o", "50", "0.01")
