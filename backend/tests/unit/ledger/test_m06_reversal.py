"""M6, M27: corrections are reversals that leave the books as if it had never been; resets stay."""

from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.ledger.errors import LedgerError, NotReversible
from kuber.ledger.facts import (
    AccountReset,
    Charged,
    Deposited,
    DividendPaid,
    Executed,
    Fact,
    Held,
    Reversed,
    SharesSplit,
    execution_transaction,
    reversal_of,
)
from kuber.ledger.rebuild import Balances, replayed
from kuber.ledger.types import FLAT, Book
from tests.fakes.ledger_account import BRIEF, DIVIDENDS, SPLITS, Account, D, executions

happenings = st.lists(
    st.one_of(executions(), executions(), SPLITS, DIVIDENDS), min_size=2, max_size=10
)


def without_means(account: Account) -> Balances:
    """Return all balances, with cash, holds and debt as one."""
    found = {key: amount for key, amount in account.balances().items() if amount}
    means = sum((found.pop((path, "USD"), D(0)) for path in ("cash", "reserved", "debt")), D(0))
    return {**found, ("means", "USD"): means}


def test_m06_a_consumed_lot_is_reversed_by_matching_the_rest_anew() -> None:
    account = Account(deposit="10000")
    wrong = account.buy("10", "100", "1")
    account.buy("10", "110", "1")
    account.sell("10", "120", "1")
    assert account.balance("realised_pnl") == -200
    account.reverse(wrong)
    assert account.balance("realised_pnl") == -100
    assert account.lots() == []
    assert account.balance("holding:AAPL", "AAPL") == 0
    assert account.balance("cost:AAPL") == 0
    assert account.balance("fees") == 2
    assert account.balance("cash") == D(10000) - 1101 + 1199


def test_m06_the_only_lot_of_a_sale_reversed_leaves_the_sale_as_a_short() -> None:
    account = Account(deposit="10000")
    wrong = account.buy("10", "100")
    account.sell("10", "120")
    account.reverse(wrong)
    assert account.lots() == [(D(-10), D(-1200))]
    assert account.balance("realised_pnl") == 0
    assert account.balance("cash") == 11200


@given(happenings, st.integers(0, 9), happenings)
@BRIEF
def test_m06_after_a_reversal_the_books_are_as_if_it_had_never_been(
    before: list[Fact], which: int, later: list[Fact]
) -> None:
    with_it, without_it = (Account(deposit="1000") for _ in range(2))
    which %= len(before)
    for fact in before:
        with_it.post(fact)
    with_it.reverse(with_it.transactions[1 + which])
    for fact in before[:which] + before[which + 1 :]:
        without_it.post(fact)
    for fact in later:
        with_it.post(fact)
        without_it.post(fact)
    assert without_means(with_it) == without_means(without_it)
    mine, theirs = (
        {key: one for key, one in account.state.positions.items() if one != FLAT}
        for account in (with_it, without_it)
    )
    assert mine == theirs


@given(happenings, st.lists(st.integers(0, 30), min_size=1, max_size=4))
@BRIEF
def test_m06_reversals_are_replayed_like_everything_else(
    history: list[Fact], chosen: list[int]
) -> None:
    account = Account(deposit="1000")
    for fact in history:
        account.post(fact)
    for number in chosen:
        with suppress(LedgerError):
            account.reverse(account.transactions[number % len(account.transactions)])
    again = replayed(account.postings)
    assert list(again.transactions) == account.transactions
    assert again.state == account.state


def test_m06_what_was_reversed_is_not_reversed_again_nor_is_a_reversal() -> None:
    account = Account(deposit="1000")
    wrong = account.buy("1", "100")
    reversal = account.reverse(wrong)
    for one in (wrong, reversal):
        with pytest.raises(NotReversible):
            account.reverse(one)
    with pytest.raises(NotReversible):
        account.post(Reversed(UUID(int=4711)))
    assert account.balance("cash") == 1000


def test_m06_the_id_of_a_reversal_follows_from_the_original() -> None:
    first, second = UUID(int=1), UUID(int=2)
    assert reversal_of(first) == reversal_of(first) != reversal_of(second)
    assert execution_transaction("alpaca", first, "e1") != execution_transaction(
        "alpaca", second, "e1"
    )


def test_m06_a_reversal_that_takes_more_than_there_is_becomes_debt() -> None:
    account = Account(deposit="100")
    wrong = account.sell("10", "50")
    account.buy("1", "600", symbol="MSFT")
    account.reverse(wrong)
    assert account.balance("debt") == -500
    assert account.balance("cash") == 0


def test_m06_deposits_charges_dividends_and_splits_are_reversed_too() -> None:
    account = Account(deposit="1000")
    twice = account.post(Deposited(D(500)))
    account.buy("13", "10")
    split = account.post(SharesSplit("AAPL", 1, 10, D(1), D(120)))
    dividend = account.post(DividendPaid("AAPL", D("0.5")))
    account.reverse(split)
    assert account.lots() == [(D(13), D(130))]
    assert account.balance("dividends") == D("-6.5")  # on as many shares as there were
    account.reverse(dividend)
    account.reverse(twice)
    assert without_means(account) == {
        ("deposits", "USD"): D(-1000),
        ("holding:AAPL", "AAPL"): D(13),
        ("market:AAPL", "AAPL"): D(-13),
        ("cost:AAPL", "USD"): D(130),
        ("means", "USD"): D(870),
    }
    usage = Account(book=Book.USAGE, deposit="1")
    usage.reverse(usage.post(Charged(D("0.3"))))
    assert usage.balance("cash") == 1


def test_m06_holds_and_resets_are_not_reversed() -> None:
    account = Account(deposit="1000")
    for fact in (Held(UUID(int=1), D(1)), AccountReset()):
        with pytest.raises(NotReversible, match="is not reversed"):
            account.reverse(account.post(fact))


def test_m27_a_reset_closes_everything_without_profit_and_erases_nothing() -> None:
    account = Account(deposit="1000")
    account.buy("2", "100", "1")
    account.sell("1", "120")
    account.sell("3", "10", symbol="MSFT")
    account.post(Held(UUID(int=1), D(50)))
    done = account.post(AccountReset())
    for path in ("cash", "reserved", "debt", "cost:AAPL", "cost:MSFT"):
        assert account.balance(path) == 0
    assert account.balance("holding:AAPL", "AAPL") == account.balance("holding:MSFT", "MSFT") == 0
    assert (account.lots(), account.lots("MSFT")) == ([], [])
    assert account.balance("realised_pnl") == -20
    assert account.balance("fees") == 1
    # 1000 paid in, 1 of fees, 20 of profit; 949 + 50 held in cash, 100 at cost, 30 owed in shares
    assert account.balance("reset") == 1000 - 1 + 20
    assert all(holds.open is None for holds in done.holds.values())


def test_m27_a_reset_forgives_debt() -> None:
    account = Account(deposit="100")
    account.buy("10", "30")
    account.post(AccountReset())
    assert (account.state.debt, account.balance("debt")) == (D(0), D(0))
    assert account.balance("reset") == 100


def test_m27_an_execution_after_the_reset_is_still_posted() -> None:
    account = Account(deposit="1000")
    wrong = account.buy("2", "100")
    account.post(AccountReset())
    account.post(Executed("AAPL", D(1), D(100)))
    assert account.lots() == [(D(1), D(100))]
    assert account.balance("debt") == -100
    account.reverse(wrong)
    assert account.lots() == [(D(1), D(100))]
    assert (account.balance("debt"), account.balance("cash")) == (D(0), D(100))
