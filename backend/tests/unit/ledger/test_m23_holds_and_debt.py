"""M23, M6: money is held and given back once; what is missing becomes debt, never cut short."""

from datetime import timedelta
from uuid import UUID

import pytest

from kuber.ledger.errors import HoldEnded, InsufficientFunds
from kuber.ledger.facts import Charged, Deposited, Executed, Held, Released
from kuber.ledger.types import Book, HoldId, HoldPurpose, Kind, TransferState
from tests.fakes.ledger_account import AT, Account, D

ORDER, OTHER = UUID(int=1), UUID(int=2)


def fill(quantity: str, price: str, rest: str = "0", fee: str = "0") -> Executed:
    return Executed("AAPL", D(quantity), D(price), D(fee), order_id=ORDER, rest=D(rest))


def test_m06_a_hold_keeps_cash_and_is_rounded_up() -> None:
    account = Account(deposit="1000")
    account.post(Held(ORDER, D("512.500000001")))
    assert account.balance("cash") == D("487.49")
    assert account.balance("reserved") == D("512.51")


def test_m06_more_than_is_free_is_not_held() -> None:
    account = Account(deposit="1000")
    account.post(Held(ORDER, D(600)))
    with pytest.raises(InsufficientFunds, match=r"400\.01 USD are needed, and 400 are free"):
        account.post(Held(OTHER, D("400.001")))
    account.post(Held(OTHER, D(400)))


def test_m06_each_fill_ends_the_hold_and_makes_the_next_for_the_rest() -> None:
    account = Account(deposit="1000")
    account.post(Held(ORDER, D(1000)))
    first = account.post(fill("4", "99", rest="600", fee="1"))
    assert [one.hold for one in first.transfers if one.hold] == [HoldId(ORDER, 1), HoldId(ORDER, 2)]
    assert [one.state for one in first.transfers if one.hold] == ["voided", "pending"]
    assert (account.balance("cash"), account.balance("reserved")) == (D(3), D(600))
    account.post(fill("6", "98"))
    assert (account.balance("cash"), account.balance("reserved")) == (D(15), D(0))
    assert account.state.holds_of(ORDER).open is None


def test_m06_a_hold_that_is_made_anew_replaces_the_one_before() -> None:
    account = Account(deposit="1000")
    account.post(Held(ORDER, D(600)))
    account.post(Held(ORDER, D(900)))
    assert (account.balance("cash"), account.balance("reserved")) == (D(100), D(900))
    assert account.state.holds_of(ORDER).last == 2


def test_m06_a_hold_is_given_back_once() -> None:
    account = Account(deposit="1000")
    account.post(Held(ORDER, D(600)))
    account.post(Released(ORDER))
    assert account.balance("cash") == 1000
    with pytest.raises(HoldEnded):
        account.post(Released(ORDER))
    account.post(Held(ORDER, D(10)))
    assert account.state.holds_of(ORDER).last == 2


def test_m06_an_orders_hold_has_no_expiry() -> None:
    with pytest.raises(AssertionError, match="ends with the order"):
        Held(ORDER, D(1), expires_at=AT)
    account = Account(deposit="10")
    account.post(Held(ORDER, D(1)))
    with pytest.raises(HoldEnded, match="has not expired"):
        account.post(Released(ORDER, expired=True))


def test_m06_a_hold_expires_when_its_time_has_come_and_not_before() -> None:
    account = Account(book=Book.USAGE, deposit="10")
    soon = AT + timedelta(seconds=4)
    account.post(Held(ORDER, D(1), HoldPurpose.USAGE, soon))
    with pytest.raises(HoldEnded):
        account.post(Released(ORDER, expired=True))
    account.post(Deposited(D(1)))
    account.post(Released(ORDER, expired=True))
    assert account.balance("cash") == 11


def test_m06_a_charge_posts_its_hold_and_gives_the_rest_back() -> None:
    account = Account(book=Book.USAGE, deposit="1")
    account.post(Held(ORDER, D("0.05"), HoldPurpose.USAGE))
    done = account.post(Charged(D("0.031"), ORDER))
    assert [one.state for one in done.transfers if one.hold] == [TransferState.POSTED]
    assert account.balance("cash") == D("0.969")
    assert account.balance("spent") == D("0.031")


def test_m06_a_charge_above_its_hold_is_posted_whole() -> None:
    account = Account(book=Book.USAGE, deposit="1")
    account.post(Held(ORDER, D("0.90"), HoldPurpose.USAGE))
    account.post(Charged(D("1.25"), ORDER))
    assert account.balance("spent") == D("1.25")
    assert account.balance("debt") == D("-0.25")


def test_m06_a_late_charge_on_an_expired_hold_books_the_fact() -> None:
    account = Account(book=Book.USAGE, deposit="1")
    account.post(Held(ORDER, D(1), HoldPurpose.USAGE, AT + timedelta(seconds=1)))
    account.post(Released(ORDER, expired=True))
    account.post(Charged(D("0.4"), ORDER))
    assert (account.balance("spent"), account.balance("cash")) == (D("0.4"), D("0.6"))


def test_m06_a_late_fill_without_a_hold_books_the_fact() -> None:
    account = Account(deposit="1000")
    account.post(Held(ORDER, D(500)))
    account.post(Released(ORDER))
    account.post(Held(OTHER, D(900)))
    account.post(fill("5", "100"))
    assert account.lots() == [(D(5), D(500))]
    assert account.balance("debt") == -400
    assert account.balance("reserved") == 900


def test_m06_a_fill_dearer_than_its_hold_leaves_less_for_the_rest() -> None:
    account = Account(deposit="1000")
    account.post(Held(ORDER, D(1000)))
    account.post(fill("5", "150", rest="500"))
    assert (account.balance("cash"), account.balance("reserved")) == (D(0), D(250))
    assert account.balance("debt") == 0


def test_m23_a_gap_beyond_all_cash_is_posted_as_debt_and_not_cut_short() -> None:
    account = Account(deposit="600")
    account.sell("10", "100")
    account.post(Held(UUID(int=9), D(1500), HoldPurpose.MARGIN))
    account.buy("10", "300")  # the margin is still held
    assert account.balance("cash") == 0
    assert account.balance("debt") == D(100) - 3000
    assert account.balance("realised_pnl") == 2000
    account.post(Released(UUID(int=9)))
    assert account.balance("debt") == -1400
    assert account.balance("cash") == account.balance("reserved") == 0


def test_m23_what_comes_in_repays_debt_first() -> None:
    account = Account(deposit="100")
    account.buy("10", "30")
    assert account.balance("debt") == -200
    done = account.post(Deposited(D(150)))
    assert [one.kind for one in done.transfers] == [Kind.DEPOSIT, Kind.REPAYMENT]
    assert (account.balance("debt"), account.balance("cash")) == (D(-50), D(0))
    account.sell("10", "20")
    assert (account.balance("debt"), account.balance("cash")) == (D(0), D(150))


def test_m23_with_debt_nothing_can_be_held() -> None:
    account = Account(deposit="100")
    account.buy("10", "30")
    with pytest.raises(InsufficientFunds):
        account.post(Held(OTHER, D("0.01")))


def test_m23_a_rebate_is_a_fee_that_is_paid_to_the_account() -> None:
    account = Account(deposit="100")
    account.buy("1", "50", "-0.25")
    assert account.balance("cash") == D("50.25")
    assert account.balance("fees") == D("-0.25")
