"""Stops and trailing stops against quotes."""

from dataclasses import replace

import pytest

from kuber.exchange.behaviour import IDEAL, PAPER_LIKE, TriggerBy
from kuber.exchange.book import Book
from kuber.exchange.events import (
    Halt,
    Holding,
    MarketPhase,
    Out,
    Phase,
    Resume,
    Submit,
    Trailed,
    Triggered,
)
from kuber.exchange.units import SECOND, from_price, to_price, to_quantity
from tests.fakes.orders import closing, fills, order, play, quote

TEN = Holding(0, "a", to_quantity("10"))


def protected(**terms: object) -> Book:
    """Return a book with ten shares and an order that sells them, at a price of 100."""
    book = Book()
    play(book, quote(0, "100"), TEN, Submit((closing("s", "sell", "10", **terms),)))
    return book


def trailed(answers: list[Out]) -> list[tuple[str, str]]:
    return [
        (f"{from_price(one.mark):f}", f"{from_price(one.stop):f}")
        for one in answers
        if isinstance(one, Trailed)
    ]


@pytest.mark.parametrize(("price", "filled"), [("95.01", []), ("95", [("s", "10", "95")])])
def test_a_sell_stop_waits_for_its_price(price: str, filled: list[tuple[str, str, str]]) -> None:
    assert fills(play(protected(stop_price="95"), quote(1, price))) == filled


@pytest.mark.parametrize(("price", "filled"), [("104.99", []), ("105", [("b", "10", "105")])])
def test_a_buy_stop_waits_for_its_price(price: str, filled: list[tuple[str, str, str]]) -> None:
    book = Book()
    play(book, quote(0, "100"), Submit((order("b", "buy", "10", stop_price="105"),)))
    assert fills(play(book, quote(1, price))) == filled


def test_m14_a_stop_that_was_jumped_fills_at_the_quote_and_not_at_its_price() -> None:
    out = play(protected(stop_price="95"), quote(1, "90", "89.5", "90.5"))
    assert Triggered("s", SECOND, to_price("90")) in out
    assert fills(out) == [("s", "10", "89.5")]


def test_a_stop_beyond_the_price_at_its_arrival_triggers_at_once() -> None:
    book = Book()
    out = play(book, quote(0, "94"), TEN, Submit((closing("s", "sell", "10", stop_price="95"),)))
    assert fills(out) == [("s", "10", "94")]


def test_a_stop_watches_only_prices_that_are_newer_than_itself() -> None:
    book = Book()
    late = closing("s", "sell", "10", stop_price="95", at=5)
    assert fills(play(book, quote(0, "94"), TEN, Submit((late,)), quote(4, "94"))) == []
    assert fills(play(book, quote(5, "93"))) == [("s", "10", "93")]


def test_a_stop_limit_becomes_a_limit_order() -> None:
    book = protected(stop_price="95", limit_price="94")
    assert fills(play(book, quote(1, "93"))) == []
    assert fills(play(book, quote(2, "93.99"))) == []
    assert fills(play(book, quote(3, "94"))) == [("s", "10", "94")]


@pytest.mark.parametrize(
    ("by", "filled"), [(TriggerBy.LAST, []), (TriggerBy.QUOTE, [("s", "10", "94")])]
)
def test_a_stop_watches_the_price_that_was_chosen(
    by: TriggerBy, filled: list[tuple[str, str, str]]
) -> None:
    book = protected(stop_price="95", behaviour=replace(IDEAL, trigger_by=by))
    assert fills(play(book, quote(1, "96", "94", "96"))) == filled


@pytest.mark.parametrize(
    ("stop", "limit"), [("40", "41.6"), ("49.99", "51.98"), ("50", "51.25"), ("60", "61.5")]
)
def test_a_buy_stop_of_paper_becomes_a_stop_limit(stop: str, limit: str) -> None:
    above = f"{from_price(to_price(limit) + to_price('0.01')):f}"
    paper = replace(PAPER_LIKE, partial_rate=0)
    book = Book()
    play(book, quote(0, "10"), Submit((order("b", "buy", "1", stop_price=stop, behaviour=paper),)))
    assert fills(play(book, quote(1, above))) == []
    assert fills(play(book, quote(2, limit))) == [("b", "1", limit)]


def test_a_sell_stop_of_paper_stays_a_market_order() -> None:
    paper = replace(PAPER_LIKE, partial_rate=0)
    book = protected(stop_price="95", behaviour=paper)
    assert fills(play(book, quote(1, "50"))) == [("s", "10", "50")]


def test_a_trailing_stop_follows_the_best_price_and_never_loosens() -> None:
    book = Book()
    out = play(book, quote(0, "100"), TEN)
    out += play(book, Submit((closing("s", "sell", "10", trail_amount="5"),)))
    assert trailed(out) == [("100", "95")]
    assert trailed(play(book, quote(1, "110"))) == [("110", "105")]
    assert trailed(play(book, quote(2, "106"))) == []
    assert fills(play(book, quote(3, "105"))) == [("s", "10", "105")]


def test_a_trailing_stop_that_buys_follows_downwards() -> None:
    book = Book()
    short = Holding(0, "a", to_quantity("-10"))
    play(book, quote(0, "100"), short, Submit((closing("s", "buy", "10", trail_percent=50_000),)))
    assert trailed(play(book, quote(1, "90"))) == [("90", "94.5")]
    assert fills(play(book, quote(2, "94.49"))) == []
    assert fills(play(book, quote(3, "94.5"))) == [("s", "10", "94.5")]


def test_a_trailing_stop_is_rounded_towards_the_price() -> None:
    book = Book()
    out = play(book, quote(0, "100.01"), TEN)
    out += play(book, Submit((closing("s", "sell", "10", trail_percent=12_345),)))
    assert trailed(out) == [("100.01", "98.78")]  # 98.7753...


def test_stops_sleep_outside_of_the_session_and_wake_at_the_first_price() -> None:
    book = protected(stop_price="95")
    for phase in (MarketPhase.POST, MarketPhase.CLOSED, MarketPhase.PRE):
        assert fills(play(book, Phase(SECOND, phase), quote(1, "80"))) == []
    assert fills(play(book, Phase(2 * SECOND, MarketPhase.OPEN))) == []
    assert fills(play(book, quote(2, "81"))) == [("s", "10", "81")]


def test_a_trailing_stop_does_not_move_outside_of_the_session() -> None:
    book = protected(trail_amount="5")
    assert trailed(play(book, Phase(SECOND, MarketPhase.PRE), quote(1, "120"))) == []
    assert fills(play(book, Phase(2 * SECOND, MarketPhase.OPEN), quote(3, "96"))) == []


def test_nothing_is_triggered_or_filled_while_trading_is_halted() -> None:
    book = protected(stop_price="95")
    assert play(book, Halt(SECOND), quote(1, "90")) == []
    assert fills(play(book, Resume(2 * SECOND))) == []
    assert fills(play(book, quote(3, "89"))) == [("s", "10", "89")]
