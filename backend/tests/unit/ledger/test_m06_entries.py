"""M6: entries sum to zero, one rounding for each transaction, whatever happens to an account."""

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.ledger.errors import LedgerError
from kuber.ledger.facts import Charged, Deposited, Executed, Fact, from_json, to_json
from kuber.ledger.posting import Transaction
from kuber.ledger.rebuild import balances_of, replayed
from kuber.ledger.types import Book, Kind, PositionKey
from tests.fakes.ledger_account import (
    BRIEF,
    NIGHTLY,
    THOROUGH,
    Account,
    D,
    executions,
    facts,
    moved,
)

pytestmark = pytest.mark.timeout(3_600 if NIGHTLY else 300)
MINOR = {"USD": D("0.01"), "JPY": D(1), "USDT": D("0.000001"), "ETH": D("1e-18")}
currencies = st.sampled_from(sorted(MINOR))
histories = currencies.flatmap(
    lambda currency: st.tuples(st.just(currency), st.lists(facts(currency), max_size=12))
)


def account_of(currency: str, history: list[Fact]) -> Account:
    """Return an account to which all of it happened that can."""
    account = Account(currency)
    for fact in history:
        with suppress(LedgerError):
            account.post(fact)
    return account


def sums(transactions: list[Transaction]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for (_, unit), amount in balances_of(
        move for one in transactions for move in one.transfers
    ).items():
        found[unit] = found.get(unit, D(0)) + amount
    return found


def entries_sum_to_zero(account: Account) -> None:
    for transaction in account.transactions:
        assert not any(sums([transaction]).values())
        assert all(move.amount > 0 and move.debit != move.credit for move in transaction.transfers)
    assert not any(sums(account.transactions).values())


def residue_is_in_rounding(account: Account) -> None:
    minor = MINOR[account.currency]
    for transaction in account.transactions:
        for path in ("cash", "reserved", "debt"):
            assert moved(transaction, path) % minor == 0
        assert abs(moved(transaction, "rounding")) * 2 <= minor
        rounded = [one for one in transaction.transfers if one.kind is Kind.ROUNDING]
        assert len(rounded) <= 1


def executions_move_their_value_and_fee(account: Account) -> None:
    for transaction in account.transactions:
        fact = transaction.posting.fact
        if isinstance(fact, Executed):
            exact = -Fraction(fact.quantity) * Fraction(fact.price) - Fraction(fact.fee)
            paths = ("cash", "reserved", "debt", "rounding")
            assert sum(Fraction(moved(transaction, path)) for path in paths) == exact
            assert moved(transaction, "fees") == fact.fee
            assert moved(transaction, f"holding:{fact.symbol}") == fact.quantity


def what_is_served_agrees(account: Account) -> None:
    state, balances = account.state, account.balances()
    assert state.cash == account.balance("cash") >= 0
    assert state.debt == -account.balance("debt") >= 0
    assert not (state.cash and state.debt)
    held = [holds.open.amount for holds in state.holds.values() if holds.open]
    assert account.balance("reserved") == sum(held, D(0))
    for symbol in ("AAPL", "BTCUSDT"):
        mine = [one for key, one in state.positions.items() if key.symbol == symbol]
        assert balances.get((f"holding:{symbol}", symbol), 0) == sum(one.quantity for one in mine)
        assert account.balance(f"cost:{symbol}") == sum(one.cost for one in mine)


@given(histories)
@THOROUGH
def test_m06_whatever_happens_to_an_account_its_books_are_exact(
    case: tuple[str, list[Fact]],
) -> None:
    account = account_of(*case)
    entries_sum_to_zero(account)
    residue_is_in_rounding(account)
    executions_move_their_value_and_fee(account)
    what_is_served_agrees(account)


@given(histories)
@BRIEF
def test_m06_replayed_any_number_of_times_the_trial_balance_is_the_same(
    case: tuple[str, list[Fact]],
) -> None:
    account = account_of(*case)
    for _ in range(3):
        again = replayed(account.postings)
        assert list(again.transactions) == account.transactions
        assert not again.refused
        moves = [move for one in again.transactions for move in one.transfers]
        assert balances_of(moves) == account.balances()


@given(st.one_of(facts("USD"), executions()))
def test_m06_a_fact_is_kept_as_json_and_comes_back_the_same(fact: Fact) -> None:
    assert from_json(fact.kind, to_json(fact)) == fact


def test_m06_fees_in_fractions_of_a_cent_leave_their_residue_in_rounding() -> None:
    account = Account(deposit="100")
    for _ in range(3):
        account.buy("0.333333333", "10.00", "0.005")
    assert account.balance("cash") == D("100") - 3 * D("3.34")
    assert account.balance("cost:AAPL") == D("9.99999999")
    assert account.balance("fees") == D("0.015")
    assert account.balance("rounding") == D("0.00500001")
    account.sell("0.999999999", "10.00", "0.005")
    assert account.balance("cost:AAPL") == 0
    assert account.balance("holding:AAPL", "AAPL") == 0
    assert account.balance("realised_pnl") == 0


@pytest.mark.parametrize(
    ("currency", "quantity", "price", "cash"),
    [
        ("USD", "1", "0.005", "0.00"),
        ("USD", "1", "0.015", "0.02"),
        ("USD", "3", "0.005", "0.02"),
        ("JPY", "1", "0.5", "0"),
        ("JPY", "1", "1.5", "2"),
        ("USDT", "0.000000001", "1", "0"),
        ("ETH", "0.000000001", "0.000000001", "1e-18"),
        ("BTC", "1", "0.000000005", "0"),
    ],
)
def test_m06_cash_is_rounded_half_even_at_the_minor_unit(
    currency: str, quantity: str, price: str, cash: str
) -> None:
    account = Account(currency, deposit="10")
    account.buy(quantity, price)
    assert account.balance("cash") == D(10) - D(cash)


def test_m06_a_price_and_a_quantity_with_more_places_than_the_books_are_posted() -> None:
    account = Account(deposit="1")
    account.buy("0.000000001", "0.000000000499")  # 4.99e-19
    account.buy("0.000000001", "0.000000001501")  # 1.501e-18
    assert account.balance("cost:AAPL") == D("2e-18")
    assert account.balance("holding:AAPL", "AAPL") == D("0.000000002")


def test_m06_usage_is_kept_finer_than_cents() -> None:
    account = Account(book=Book.USAGE, deposit="1")
    for _ in range(1000):
        account.post(Charged(D("0.00012345")))
    assert account.balance("spent") == D("0.12345")
    assert account.balance("cash") == D("0.87655")
    assert account.balance("rounding") == 0


def test_m06_a_deposit_is_whole_minor_units() -> None:
    with pytest.raises(LedgerError, match="decimal places"):
        Account().post(Deposited(D("0.001")))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e20", "1e-19", "-1", "0"])
def test_m06_amounts_that_the_books_cannot_hold_are_refused(amount: str) -> None:
    with pytest.raises(LedgerError):
        Deposited(D(amount))


def test_m06_an_unknown_currency_is_refused() -> None:
    with pytest.raises(LedgerError, match="minor unit of 'XYZ'"):
        Account("XYZ").post(Deposited(D(1)))


def test_m06_largest_amounts_are_posted_exactly() -> None:
    account = Account("ETH", deposit="99999999999999999999")
    account.buy("9.999999999999999999", "9.999999999999999999")
    assert account.state.position(PositionKey("AAPL")).cost == D("99.999999999999999980")
