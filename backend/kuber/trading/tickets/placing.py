"""From a ticket to an order on record: checked, written, and told to the order service.

Nothing is written of a ticket that is refused. What is written has an id that follows from the
caller's own name for it, so that a ticket sent twice is one order.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.brokers.port import Account, BracketOrder, OrderStatus
from kuber.infra.db import Database, RawPool, raw_connection
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import OrderId, UserId
from kuber.ledger.report import balances_of
from kuber.ledger.types import CASH, Book
from kuber.ledger.units import ZERO
from kuber.market.symbols import BadSymbol, canonical_symbol
from kuber.trading.account_types import AccountStatus
from kuber.trading.accounts.errors import AccountWasReset
from kuber.trading.accounts.reading import account_of
from kuber.trading.accounts.schemas import DEFAULT_STOP
from kuber.trading.asking import call, wait_until
from kuber.trading.journal import Journal
from kuber.trading.models import AccountRow
from kuber.trading.order_service.held import VENUE
from kuber.trading.order_service.traded import Traded
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.quotes import Priced, prices_of
from kuber.trading.statements import INTENDED, WANTED_COLUMNS
from kuber.trading.switches.service import SwitchService
from kuber.trading.tickets.checking import Means, WantedOrder, opening
from kuber.trading.tickets.closing import (
    CLOSES,
    Closing,
    ask_to_close,
    asked_before,
    closed_by,
    closing_order,
)
from kuber.trading.tickets.errors import ReferenceTaken, TicketRefused
from kuber.trading.tickets.schemas import OrderTicket
from kuber.trading.types import OrderTerms, Ticket

ANSWERS_WITHIN_S = 3.0
"""So long a caller waits for the order service."""

_TICKETS = UUID("3c1f6c0e-2a37-5d0b-9a33-0d4f5b1e7c90")
_SIMULATED = "simulation"
_FIELDS = {
    "insufficient_buying_power": "quantity",
    "bad_quantity": "quantity",
    "out_of_bounds": "quantity",
    "bad_plan": "stop_loss",
    "short_not_allowed": "side",
    "opposite_position": "side",
    "entries_blocked": "account_id",
    "not_tradable": "symbol",
    "foreign_currency": "symbol",
}
"""Which field a refusal of the order service is about."""
_PLACE = f"""
    with wanted as (select * from jsonb_to_recordset(%(intents)s) as i({WANTED_COLUMNS})),
    {INTENDED}
    select is_new from intended
"""  # noqa: S608  put together from constants
_ASKED = "select asked from orders where id = %s"
_ANSWERED = "select exists (select from orders where id = :id and status <> 'intended')"

TradedFor = Callable[[UUID | None, Iterable[str]], Awaitable[dict[str, Traded | None]]]


@dataclass(frozen=True, slots=True)
class Placed:
    """The order that a ticket became, or the position that it closes."""

    order_id: UUID | None
    """None: the order that closes is not made yet."""
    closes: UUID | None = None


class Tickets:
    """Places orders by hand."""

    def __init__(
        self,
        database: Database,
        pool: RawPool,
        clock: Clock,
        traded_for: TradedFor,
        switches: SwitchService,
    ) -> None:
        """`traded_for` tells how symbols are traded as a user sees them."""
        self._database = database
        self._journal = Journal(pool, clock)
        self._clock = clock
        self._switches = switches
        self.traded_for = traded_for
        self.waits_s = ANSWERS_WITHIN_S

    async def place(
        self, user_id: UserId, ticket: OrderTicket, key: str | None, correlation_id: str
    ) -> Placed:
        """Place an order, and wait for a while until the order service has looked at it.

        `key` names the request; a ticket that was placed before under it or under its client order
        id is not placed again. Raises TicketRefused, ReferenceTaken, AccountNotFound,
        AccountWasReset, TradingStopped.
        """
        symbol = _symbol(ticket.symbol)
        name, asked = _name_of(user_id, ticket, key), _digest(ticket)
        traded = (await self.traded_for(user_id, [symbol]))[symbol]
        async with self._database.transaction() as session:
            row = await account_of(session, user_id, ticket.account_id)
            found = await self._before(session, name, asked)
            if found is None:
                _require_open(row)
                instrument = _tradable(symbol, traded, row)
                found = await self._new(
                    session, row, ticket, instrument, name, asked, correlation_id
                )
        return await self._awaited(found, name)

    async def _before(self, session: AsyncSession, name: UUID, asked: str) -> Placed | None:
        """Return what became of the ticket when it was sent before, None if it was not."""
        order_id = _order_id(name)
        connection = await raw_connection(session)
        row = await (await connection.execute(_ASKED, (order_id,))).fetchone()
        if row is not None:
            _require_same(row[0], asked)
            return Placed(order_id)
        closing = await asked_before(session, name)
        if closing is None:
            return None
        _require_same(closing.asked, asked)
        return Placed(None, closing.position_id)

    async def _new(
        self,
        session: AsyncSession,
        row: AccountRow,
        ticket: OrderTicket,
        traded: Traded,
        name: UUID,
        asked: str,
        correlation_id: str,
    ) -> Placed:
        now = self._clock.now()
        user_id = UserId(row.user_id)
        closing = await closed_by(session, row.id, traded.symbol, ticket)
        if closing:
            what = Closing(closing[0], asked)
            await ask_to_close(session, user_id, name, what, closing, correlation_id, now)
            return Placed(None, closing[0])
        price = (await prices_of(session, [traded.symbol], now)).get(traded.symbol)
        wanted = opening(ticket, traded, _needed(price, traded), await _means(session, row), now)
        _require_entries(row)
        await self._switches.require_entries(session, user_id)
        made = self._ticket(row, ticket, traded.symbol, wanted, name, asked, correlation_id)
        connection = await raw_connection(session)
        values = {"intents": Jsonb([self._journal.row(made)]), "now": now}
        done = await (await connection.execute(_PLACE.encode(), values)).fetchone()
        if done is None or not done[0]:  # somebody else has placed it meanwhile
            again = await self._before(session, name, asked)
            assert again is not None, "it is on record"
            return again
        await call(session)
        return Placed(made.id)

    def _ticket(
        self,
        row: AccountRow,
        ticket: OrderTicket,
        symbol: str,
        wanted: WantedOrder,
        name: UUID,
        asked: str,
        correlation_id: str,
    ) -> Ticket:
        origin = Origin(OriginKind.PERSON, (str(name),))
        order = BracketOrder(
            client_order_id=origin.order_id(),
            account=Account(UserId(row.user_id), row.id),
            symbol=symbol,
            side=ticket.side,
            quantity=wanted.quantity,
            reference_price=wanted.reference_price,
            stop_loss=wanted.stop_loss,
            targets=wanted.targets,
            currency=row.currency,
        )
        terms = OrderTerms(
            type=ticket.type,
            time_in_force=wanted.time_in_force,
            limit_price=ticket.limit_price,
            stop_price=ticket.stop_price,
            extended_hours=ticket.extended_hours,
            caller_reference=ticket.client_order_id,
            asked=asked,
        )
        return Ticket(order, origin, VENUE, row.mode, correlation_id, terms=terms)

    async def _awaited(self, placed: Placed, name: UUID) -> Placed:
        """Wait for the order service's answer, or for the order that closes."""
        if placed.closes is None:
            values = {"id": placed.order_id}
            await wait_until(self._database, _ANSWERED, values, self.waits_s)
            return placed
        await wait_until(self._database, CLOSES, {"request": name}, self.waits_s)
        async with self._database.transaction() as session:
            order_id = await closing_order(session, name)
        return Placed(order_id, placed.closes)


def require_taken(status: OrderStatus, reason: str) -> None:
    """Raise TicketRefused, with the code of the rule, when the order service refused an order."""
    if status is not OrderStatus.REJECTED:
        return
    code, colon, text = reason.partition(": ")
    if not colon:
        code, text = "order_rejected", reason or "The venue refused the order."
    remedy = "Change what it says, and place another order."
    raise TicketRefused(code, text, remedy, _FIELDS.get(code))


def _symbol(written: str) -> str:
    try:
        return canonical_symbol(written)
    except BadSymbol as error:
        remedy = "Write the symbol of one instrument, such as AAPL or BTCUSD."
        raise TicketRefused("bad_symbol", f"{error}.", remedy, "symbol") from error


def _name_of(user_id: UserId, ticket: OrderTicket, key: str | None) -> UUID:
    """Return what a ticket is called: by its client order id, else by the request's key."""
    if ticket.client_order_id is not None:
        return uuid5(_TICKETS, f"{ticket.account_id}/{ticket.client_order_id}")
    return uuid4() if key is None else uuid5(_TICKETS, f"{user_id}//{key}")


def _digest(ticket: OrderTicket) -> str:
    return hashlib.sha256(ticket.model_dump_json().encode()).hexdigest()


def _order_id(name: UUID) -> OrderId:
    return Origin(OriginKind.PERSON, (str(name),)).order_id()


def _require_same(before: str | None, now: str) -> None:
    if before != now:
        message = "Another order was placed under this name before."
        remedy = "Give each order a name of its own, or send the same order again."
        raise ReferenceTaken(message, [Problem(message, remedy, field="client_order_id")])


def _require_open(row: AccountRow) -> None:
    if row.status != AccountStatus.OPEN.value:
        message = "The account was reset, and another has taken its place."
        remedy = f"Use the account {row.replaced_by}."
        raise AccountWasReset(message, [Problem(message, remedy, field="account_id")])
    if row.mode != _SIMULATED:
        raise TicketRefused(
            "mode_unavailable",
            "Orders by hand are placed in simulation accounts only.",
            "Choose a simulation account.",
            "account_id",
        )


def _require_entries(row: AccountRow) -> None:
    if row.entries_blocked is not None:
        raise TicketRefused(
            "entries_blocked",
            f"Nothing is opened in this account: {row.entries_blocked}",
            "Look at the account's last reconciliation, and put the difference right.",
            "account_id",
        )


def _tradable(symbol: str, traded: Traded | None, row: AccountRow) -> Traded:
    if traded is None:
        raise TicketRefused(
            "not_tradable",
            f"{symbol} cannot be traded.",
            "Choose another instrument: of an index, a fund that follows it.",
            "symbol",
        )
    if traded.currency != row.currency:
        raise TicketRefused(
            "foreign_currency",
            f"{symbol} is traded in {traded.currency}, the account is kept in {row.currency}.",
            f"Choose an instrument that is traded in {row.currency}.",
            "symbol",
        )
    return traded


def _needed(price: Priced | None, traded: Traded) -> Priced:
    if price is None:
        raise TicketRefused(
            "no_price",
            f"There is no price of {traded.symbol}: it could not be watched.",
            "Put the symbol on your watchlist, and wait for its first price.",
            "symbol",
        )
    return price


async def _means(session: AsyncSession, row: AccountRow) -> Means:
    connection = await raw_connection(session)
    balances = (await balances_of(connection, Book.TRADING, [row.id])).get(row.id, {})
    stop = (row.simulation or {}).get("default_stop")
    return Means(
        balances.get((CASH, row.currency), ZERO),
        DEFAULT_STOP if stop is None else Decimal(str(stop)),
    )
