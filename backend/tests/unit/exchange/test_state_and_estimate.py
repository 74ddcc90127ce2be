"""A book written down, and the estimated entry of a scratch run."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kuber.exchange.behaviour import IDEAL, REALISTIC
from kuber.exchange.book import Book
from kuber.exchange.errors import BadState
from kuber.exchange.estimate import Estimate, estimate
from kuber.exchange.events import Holding, Submit
from kuber.exchange.state import BookState
from kuber.exchange.units import from_amount, from_price, to_price, to_quantity
from tests.fakes.orders import bracket, closing, fills, order, play, quote

SLIPPING = replace(IDEAL, slippage=1_000)


def test_m04_a_state_is_json_that_equal_books_share() -> None:
    def text() -> str:
        book = Book()
        play(book, quote(0, "100"), bracket("10", "95", "105", REALISTIC))
        return book.state().text

    assert text() == text()
    assert json.loads(text())["version"] == 1
    assert len(text()) < 4_000


@pytest.mark.parametrize("change", [lambda one: one.pop("limit"), lambda one: one.update(new=1)])
def test_m04_an_order_that_is_not_whole_makes_no_book(change: Callable[[Any], object]) -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "1", limit_price="99"),)))
    document = json.loads(book.state().text)
    change(document["orders"][0])
    with pytest.raises(BadState, match="not whole"):
        Book.of(BookState(json.dumps(document)))


def test_m04_a_restored_book_knows_marks_groups_and_holdings() -> None:
    book = Book()
    play(book, quote(0, "100"), Holding(0, "a", to_quantity("20")))
    play(book, Submit((closing("t", "sell", "10", trail_amount="5"),)), quote(1, "110"))
    play(book, bracket("5", "95", "130"))
    again = Book.of(book.state())
    assert again.holding("a") == to_quantity("25")
    assert sorted(fills(play(again, quote(2, "94")))) == [("stop", "5", "94"), ("t", "10", "94")]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version":2}', '{"version":1}', "null"])
def test_a_state_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadState):
        Book.of(BookState(text))


def test_m22_an_estimate_is_the_last_price_moved_by_slippage_and_says_that_it_is_one() -> None:
    wanted = order("o", "buy", "10")
    found = estimate(wanted, to_price("150.05"), REALISTIC)
    assert found is not None
    assert found.estimated
    assert f"{from_price(found.price):f}" == "150.2"  # 150.20005
    assert str(from_amount(found.fee)) == "0.05"
    sold = estimate(order("o", "sell", "10"), to_price("150.05"), SLIPPING)
    assert sold == Estimate(to_quantity("10"), to_price("149.9"), 0)


def test_an_estimate_stays_within_the_limit() -> None:
    limited = order("o", "buy", "10", limit_price="150.1")
    found = estimate(limited, to_price("150.05"), SLIPPING)
    assert found is not None
    assert found.price == to_price("150.1")
    assert estimate(limited, to_price("150.11"), SLIPPING) is None
    floor = order("o", "sell", "10", limit_price="150")
    assert estimate(floor, to_price("149.99"), SLIPPING) is None
