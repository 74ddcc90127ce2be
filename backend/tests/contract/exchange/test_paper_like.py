"""A book that behaves as Alpaca's paper account: the acceptance inputs that need a book.

AAPL last 150.00, 149.99 to 150.01.
"""

from dataclasses import replace

from kuber.exchange.behaviour import PAPER_LIKE
from kuber.exchange.book import Book
from kuber.exchange.events import (
    Cancel,
    Cancelled,
    ChildrenDropped,
    Expired,
    Out,
    Refused,
    Released,
    Replace,
    Replaced,
    Submit,
    Tick,
)
from kuber.exchange.units import MILLION, SECOND, to_price, to_quantity
from tests.fakes.orders import bracket, closing, fills, order, play, quote

PAPER = replace(PAPER_LIKE, partial_rate=0)
AAPL = quote(0, "150", "149.99", "150.01")


def refused(answers: list[Out]) -> list[tuple[str, str]]:
    return [(one.code, one.text) for one in answers if isinstance(one, Refused)]


def holding(*quantity: str) -> Book:
    """Return a book in which ten shares are protected by a stop at 140."""
    book = Book()
    play(book, AAPL, Submit((order("in", "buy", "10", behaviour=PAPER),)))
    stop = closing("stop", "sell", "10", stop_price="140", behaviour=PAPER)
    play(book, Submit((stop,)))
    return book


def test_a_new_buy_against_a_resting_stop_is_a_wash_trade_that_names_it() -> None:
    out = refused(play(holding(), Submit((order("more", "buy", "1", behaviour=PAPER),))))
    assert [code for code, _ in out] == ["40310000"]
    assert "potential wash trade detected. use complex orders" in out[0][1]
    assert out[0][1].endswith("existing order stop")


def test_limits_of_one_account_that_do_not_cross_are_taken() -> None:
    book = Book()
    buy = order("buy", "buy", "1", limit_price="149", behaviour=PAPER)
    sell = order("sell", "sell", "1", limit_price="151", behaviour=PAPER)
    assert refused(play(book, AAPL, Submit((buy,)), Submit((sell,)))) == []
    crossing = replace(sell, id="low", limit_price=to_price("149"))
    assert [code for code, _ in refused(play(book, Submit((crossing,))))] == ["40310000"]


def test_a_wash_trade_is_a_matter_of_one_account() -> None:
    other = order("more", "buy", "1", behaviour=PAPER, account="b", owner="a")
    assert refused(play(holding(), Submit((other,)))) == []


def test_an_id_that_is_in_use_is_taken_once() -> None:
    again = order("stop", "buy", "1", behaviour=PAPER)
    expected = ("40010001", "client_order_id must be unique")
    assert refused(play(holding(), Submit((again,)))) == [expected]


def test_a_replacement_has_a_new_id_and_the_old_order_is_replaced() -> None:
    book = holding()
    change = Replace(
        id="stop", new_id="new", at=SECOND, expected_filled=0, stop_price=to_price("145")
    )
    assert play(book, change) == [Replaced("stop", "new")]
    assert book.working() == ("new",)


def test_shares_that_exits_hold_cannot_be_sold_before_those_have_ended() -> None:
    book = holding()
    close = closing("close", "sell", "10", behaviour=PAPER)
    ((code, text),) = refused(play(book, Submit((close,))))
    assert code == "40310000"
    assert text.startswith("insufficient qty available for order (requested: 10, available: 0)")
    assert text.endswith("held_for_orders: 10")
    assert isinstance(play(book, Cancel("stop", SECOND))[0], Cancelled)
    assert fills(play(book, Submit((replace(close, id="again"),)))) == [("again", "10", "149.99")]


def test_a_group_holds_its_shares_once() -> None:
    book = Book()
    play(book, AAPL, Submit((order("in", "buy", "10", behaviour=PAPER),)))
    group = {"group": "g", "behaviour": PAPER}
    pair = (
        closing("stop", "sell", "6", stop_price="140", **group),
        closing("target", "sell", "6", limit_price="160", **group),
    )
    assert refused(play(book, Submit(pair))) == []
    rest = closing("rest", "sell", "4", limit_price="170", behaviour=PAPER)
    assert refused(play(book, Submit((rest,)))) == []
    more = closing("more", "sell", "1", limit_price="170", behaviour=PAPER)
    assert [code for code, _ in refused(play(book, Submit((more,))))] == ["40310000"]


def test_an_entry_of_which_chance_filled_a_part_drops_its_exits_when_it_ends() -> None:
    partly = replace(PAPER, partial_rate=MILLION)
    book = Book()
    play(book, AAPL, bracket("10", "140", "160", partly))
    assert to_quantity("0") < book.holding("a") < to_quantity("10")
    out = play(book, Cancel("entry", SECOND))
    assert ChildrenDropped("entry") in out
    assert not any(isinstance(one, Released) for one in out)
    assert book.working() == ()


def test_the_legs_of_a_day_bracket_expire_at_the_close() -> None:
    book = Book()
    entry, stop, target = bracket("10", "140", "160", PAPER).orders
    for_a_minute = [replace(one, expires_at=60 * SECOND) for one in (entry, stop, target)]
    play(book, AAPL, Submit(tuple(for_a_minute)))
    out = play(book, Tick(60 * SECOND))
    assert out == [Expired("stop"), Expired("target")]
    assert book.working() == ()
    assert book.holding("a") == to_quantity("10")


def test_paper_fills_at_the_quote_without_slippage_or_fees_whatever_its_size() -> None:
    book = Book()
    out = play(book, AAPL, Submit((order("o", "buy", "1000000", behaviour=PAPER),)))
    assert fills(out) == [("o", "1000000", "150.01")]
    assert [one.fee for one in out if hasattr(one, "fee")] == [0]
