"""An account of the ledger in memory: the rules alone, without a database."""

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st

from kuber.ledger.facts import (
    AccountReset,
    Deposited,
    DividendPaid,
    Executed,
    Fact,
    Held,
    Posting,
    Released,
    Reversed,
    SharesSplit,
)
from kuber.ledger.posting import Transaction, post, reverse
from kuber.ledger.rebuild import Balances, balances_of, past_of
from kuber.ledger.types import AccountState, Book, HoldPurpose, PositionKey

NIGHTLY = os.environ.get("KUBER_TEST_NIGHTLY") == "1"
THOROUGH = settings(max_examples=10_000 if NIGHTLY else 500, deadline=None)
"""For properties of the rules."""
BRIEF = settings(max_examples=1_000 if NIGHTLY else 60, deadline=None)
"""For those that replay whole histories."""

AT = datetime(2026, 1, 2, 15, tzinfo=UTC)
OWNER = UUID(int=7)
D = Decimal
ORDERS = [UUID(int=number) for number in range(1, 4)]
POSITIONS = [UUID(int=0), UUID(int=5)]
SYMBOLS = ["AAPL", "BTCUSDT"]


class Account:
    """Posts facts one after the other, and keeps them."""

    def __init__(
        self, currency: str = "USD", book: Book = Book.TRADING, deposit: str = "0"
    ) -> None:
        self.currency = currency
        self.book = book
        self.state = AccountState()
        self.transactions: list[Transaction] = []
        if D(deposit):
            self.post(Deposited(D(deposit)))

    @property
    def postings(self) -> list[Posting]:
        return [one.posting for one in self.transactions]

    def posting(self, fact: Fact) -> Posting:
        number = len(self.transactions) + 1
        at = AT + timedelta(seconds=number)
        return Posting(UUID(int=1000 + number), self.book, OWNER, self.currency, at, fact)

    def post(self, fact: Fact) -> Transaction:
        posting = self.posting(fact)
        if isinstance(fact, Reversed):
            past = past_of(self.postings, fact.original)
            return self._keep(reverse(self.state, posting, past))
        return self._keep(post(self.state, posting))

    def reverse(self, transaction: Transaction) -> Transaction:
        return self.post(Reversed(transaction.posting.id))

    def buy(self, quantity: str, price: str, fee: str = "0", symbol: str = "AAPL") -> Transaction:
        return self.post(Executed(symbol, D(quantity), D(price), D(fee)))

    def sell(self, quantity: str, price: str, fee: str = "0", symbol: str = "AAPL") -> Transaction:
        return self.post(Executed(symbol, -D(quantity), D(price), D(fee)))

    def lots(self, symbol: str = "AAPL") -> list[tuple[Decimal, Decimal]]:
        position = self.state.position(PositionKey(symbol))
        return [(lot.quantity, lot.cost) for lot in position.lots]

    def balances(self) -> Balances:
        return balances_of(move for one in self.transactions for move in one.transfers)

    def balance(self, path: str, unit: str | None = None) -> Decimal:
        return self.balances().get((path, unit or self.currency), D(0))

    def _keep(self, transaction: Transaction) -> Transaction:
        self.transactions.append(transaction)
        self.state = transaction.after(self.state)
        return transaction


def moved(transaction: Transaction, path: str) -> Decimal:
    """Return what a transaction moves into `path`, of all units."""
    return sum(
        (
            amount
            for (name, _), amount in balances_of(transaction.transfers).items()
            if name == path
        ),
        D(0),
    )


def amounts(places: int, most: int) -> st.SearchStrategy[Decimal]:
    """Amounts > 0 of at most so many decimal places."""
    return st.integers(1, most * 10**places).map(lambda units: D(units).scaleb(-places))


def executions(symbols: list[str] = SYMBOLS) -> st.SearchStrategy[Executed]:
    """Executions of either side, with and without an order that is filled in part."""
    quantities = st.one_of(st.integers(1, 200).map(D), amounts(9, 20))
    return st.builds(
        Executed,
        symbol=st.sampled_from(symbols),
        quantity=st.tuples(quantities, st.sampled_from([1, -1])).map(lambda two: two[0] * two[1]),
        price=st.one_of(amounts(2, 500), amounts(9, 3)),
        fee=st.one_of(st.just(D(0)), amounts(5, 2), amounts(3, 1).map(lambda fee: -fee)),
        position_id=st.sampled_from(POSITIONS),
        order_id=st.one_of(st.none(), st.sampled_from(ORDERS)),
        rest=st.one_of(st.just(D(0)), amounts(6, 4000)),
    )


SPLITS = st.builds(
    SharesSplit,
    symbol=st.sampled_from(SYMBOLS),
    new_shares=st.integers(1, 12),
    old_shares=st.integers(1, 12),
    step=st.sampled_from([D(1), D("0.000000001"), D("0.5")]),
    price=amounts(4, 300),
)
DIVIDENDS = st.builds(
    DividendPaid, symbol=st.sampled_from(SYMBOLS), amount=st.one_of(amounts(4, 5), amounts(8, 1))
)
HOLDS = st.one_of(
    st.builds(Held, key=st.sampled_from(ORDERS), amount=amounts(8, 3000)),
    st.builds(
        Held,
        key=st.just(UUID(int=9)),
        amount=amounts(2, 100),
        purpose=st.just(HoldPurpose.MARGIN),
        expires_at=st.just(AT + timedelta(seconds=20)),
    ),
    st.builds(Released, key=st.sampled_from(ORDERS)),
)


def facts(currency: str = "USD") -> st.SearchStrategy[Fact]:
    """Whatever can happen to an account, most of it executions."""
    whole = {"JPY": 0, "USD": 2}.get(currency, 6)
    return st.one_of(
        executions(),
        executions(),
        executions(),
        SPLITS,
        DIVIDENDS,
        HOLDS,
        HOLDS,
        st.builds(Deposited, amount=amounts(whole, 50_000)),
        st.sampled_from([AccountReset()] + [Deposited(D(5000))] * 4),
    )
