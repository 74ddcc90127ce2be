"""A run's way to its user's lasting account: it commits intents, the order service sends them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from psycopg import Error as DatabaseError
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from kuber.brokers.port import Account, BracketOrder, OrderStatus, Position, Side
from kuber.infra.db import JsonObject, RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId, PipelineId, UserId, new_id
from kuber.ledger.report import balances_of, money_in
from kuber.ledger.types import Book, cost
from kuber.ledger.units import ZERO, exactly
from kuber.trading.errors import NoAccount, OrderNotWanted, OrderOutcomeUnknown
from kuber.trading.journal import Journal
from kuber.trading.lifecycle import recorded
from kuber.trading.order_service.held import VENUE
from kuber.trading.order_service.statements import ORDERS_CHANNEL
from kuber.trading.order_types import RequestKind
from kuber.trading.origins import Origin
from kuber.trading.requests import check_request
from kuber.trading.types import OrderReport, Standing, Ticket, TradeRequest

ANSWER_WITHIN_S = 5.0
"""So long a node waits for the order service to take its order; then it is tried again."""
_UNWANTED = "The run was cancelled before its order."
_FIRST_LOOK_S = 0.005
_LONGEST_LOOK_S = 0.2

# The account of a pipeline that names none is its owner's first open one of the mode.
_ACCOUNT = """
    select a.id, a.currency from accounts a
    left join pipelines p on p.id = %(pipeline)s
    where a.user_id = %(user)s and a.kind = 'lasting' and a.status = 'open' and a.mode = %(mode)s
      and (p.account_id is null or a.id = p.account_id)
    order by a.created_at, a.id limit 1
"""
# What the order service has not taken yet will be a position unless it is refused.
_POSITIONS = """
    select id, symbol, side, status, quantity, price, wanted, pipeline_id from (
        select p.id, p.symbol, p.side, p.status, p.quantity,
               coalesce(p.average_price, o.reference_price) as price, o.quantity as wanted,
               p.pipeline_id, p.created_at
        from positions p join orders o on o.id = p.entry_order_id
        where p.account_id = %(account)s and p.status <> 'closed' and p.entry_order_id <> %(own)s
        union all
        select null, o.symbol, o.side, 'opening', 0, o.reference_price, o.quantity, r.pipeline_id,
               o.created_at
        from orders o left join runs r on r.id = o.run_id
        where o.account_id = %(account)s and o.status = 'intended' and o.position_id is null
          and o.id <> %(own)s
    ) held
    order by created_at, id
"""
# The request for the first of them is named by the order that the node would have placed.
_CLOSE = """
    with unwanted as (
        select from runs where id = %(run)s and cancel_requested
    ), asked as (
        insert into order_requests (id, user_id, kind, target, args, correlation_id, requested_at)
        select w.id, %(user)s, %(kind)s, w.target, %(args)s, %(correlation)s, %(now)s
        from unnest(%(ids)s::uuid[], %(targets)s::uuid[]) as w(id, target)
        where not exists (select from unwanted)
        on conflict (id) do nothing
    )
    select exists (select from unwanted), pg_notify(%(channel)s, '')
"""
_CLOSED_BY = "select args->>'quantity' from order_requests where id = %s and kind = %s"
_WAKE = "select pg_notify(%s, '')"


class IntentRecord(Protocol):
    """Where intents go; the log of a run."""

    async def intend(self, order_id: OrderId, row: JsonObject) -> Standing:
        """Return how the intent stands once it is durable, with all before it."""
        ...

    async def flush(self) -> None:
        """Return once all before is durable."""
        ...


Carry = Callable[[Callable[[], Coroutine[Any, Any, OrderReport]]], Awaitable[OrderReport]]
"""Carries an order to its answer."""


class AccountDesk:
    """The way of one node of a run of the present to the account that its pipeline trades in.

    `record` has intents recorded together with what the run's nodes have done so far; `carry` sees
    an order to its answer, whatever becomes of the node that waits for it.
    """

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        origin: Origin,
        user_id: UserId,
        pipeline_id: PipelineId,
        mode: str,
        record: IntentRecord,
        carry: Carry,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._origin = origin
        self._user_id = user_id
        self._pipeline_id = pipeline_id
        self._mode = mode
        self._record = record
        self._carry = carry
        self._journal = Journal(pool, clock)
        self._found: tuple[UUID, str] | None = None

    async def equity(self) -> Decimal:
        """Return cash, free or reserved, and positions at cost, less debt."""
        account_id, currency = await self._account()
        async with self._pool.connection() as connection:
            found = await balances_of(connection, Book.TRADING, [account_id])
        balances = found.get(account_id, {})
        with exactly():
            at_cost = sum(
                (
                    amount
                    for (path, unit), amount in balances.items()
                    if unit == currency and path.startswith(cost(""))
                ),
                ZERO,
            )
            return money_in(balances, currency) + at_cost

    async def positions(self) -> tuple[Position, ...]:
        """Return the account's positions, also those that are being entered, less this node's own:
        a node that is tried again after its order thus decides as it did before."""
        return tuple(
            Position(symbol, sign * held, average, own=own)
            for _, symbol, sign, held, average, own in await self._open()
        )

    async def execute(self, request: TradeRequest) -> OrderReport:
        """Commit the intent and return how the order stands once the order service has taken it;
        safe to repeat. It is filled later, whatever becomes of the run.

        Against an open position of this pipeline it closes that, whole (M11). Raises RefusedOrder,
        NoAccount, OrderNotWanted, OrderOutcomeUnknown.
        """
        check_request(request)
        return await self._carry(lambda: self._place(request))

    async def _place(self, request: TradeRequest) -> OrderReport:
        try:
            account_id, currency = await self._account()
            closed = await self._closed_before(request)
            if closed is not None:
                return closed
            if await self._journal.find(self._origin.order_id()) is None:
                against = await self._against(request)
                if against:
                    await self._record.flush()
                    return await self._close(request, against)
                if request.closes:
                    return self._nothing_to_close(request)
            ticket = self._ticket(request, account_id, currency)
            standing = await self._record.intend(ticket.id, self._journal.row(ticket))
            if standing is Standing.CANCELLED:
                raise OrderNotWanted(_UNWANTED)
            return await self._taken(ticket.id)
        except (DatabaseError, PoolTimeout) as error:
            raise OrderOutcomeUnknown(
                "What became of the order could not be read; it is looked at again."
            ) from error

    async def _account(self) -> tuple[UUID, str]:
        """Return id and currency of the account; a run stays with the one that it read first."""
        if self._found is None:
            values = {
                "pipeline": self._pipeline_id,
                "user": self._user_id,
                "mode": self._mode,
            }
            rows = await self._rows(_ACCOUNT, values)
            if not rows:
                raise NoAccount("There is no open account in which this pipeline may trade.")
            self._found = rows[0][0], rows[0][1]
        return self._found

    async def _open(self) -> list[tuple[UUID | None, str, int, Decimal, Decimal, bool]]:
        """Return id, symbol, sign, quantity, average and whether it is this pipeline's of each
        position; one that the order service has not made yet has no id."""
        account_id, _ = await self._account()
        values = {"account": account_id, "own": self._origin.order_id()}
        found = []
        for id_, symbol, side, status, held, average, wanted, owner in await self._rows(
            _POSITIONS, values
        ):
            quantity = wanted if status == "opening" and not held else held
            sign = 1 if side == Side.BUY else -1
            if quantity:
                found.append((id_, symbol, sign, quantity, average, owner == self._pipeline_id))
        return found

    async def _against(self, request: TradeRequest) -> list[tuple[UUID, Decimal]]:
        """Return this pipeline's positions the other way; raises OrderOutcomeUnknown while one
        may come of an order that was not taken yet."""
        side = 1 if request.side is Side.BUY else -1
        against = []
        for id_, symbol, sign, held, _, own in await self._open():
            if not own or symbol != request.symbol or sign == side:
                continue
            if id_ is None:
                raise OrderOutcomeUnknown(
                    f"An order of this pipeline on {symbol} waits for the order service; what"
                    " becomes of it is awaited first."
                )
            against.append((id_, held))
        return against

    async def _closed_before(self, request: TradeRequest) -> OrderReport | None:
        """Return what the node was told when it had positions closed, None when it had not.

        They may be closed by now: an order would open a position the other way.
        """
        values = (self._origin.order_id(), RequestKind.CLOSE_POSITION.value)
        rows = await self._rows(_CLOSED_BY, values)
        return self._being_closed(request, rows[0][0]) if rows else None

    async def _close(
        self, request: TradeRequest, against: list[tuple[UUID, Decimal]]
    ) -> OrderReport:
        quantity = format(recorded(sum((held for _, held in against), Decimal(0))), "f")
        values = {
            "run": self._origin.run_id,
            "user": self._user_id,
            "kind": RequestKind.CLOSE_POSITION.value,
            "args": Jsonb({"reason": "signal", "quantity": quantity}),
            "correlation": request.correlation_id,
            "now": self._clock.now(),
            "ids": [self._origin.order_id(), *(new_id() for _ in against[1:])],
            "targets": [id_ for id_, _ in against],
            "channel": ORDERS_CHANNEL,
        }
        ((unwanted, _),) = await self._rows(_CLOSE, values)
        if unwanted:
            raise OrderNotWanted(_UNWANTED)
        return self._being_closed(request, quantity)

    def _nothing_to_close(self, request: TradeRequest) -> OrderReport:
        reason = f"The position in {request.symbol} was closed meanwhile; nothing was ordered."
        return OrderReport(self._origin.order_id(), OrderStatus.CANCELLED, reason)

    def _being_closed(self, request: TradeRequest, quantity: str) -> OrderReport:
        reason = f"The open position of {quantity} {request.symbol} is being closed."
        return OrderReport(self._origin.order_id(), OrderStatus.SUBMITTED, reason)

    def _ticket(self, request: TradeRequest, account_id: UUID, currency: str) -> Ticket:
        order = BracketOrder(
            client_order_id=self._origin.order_id(),
            account=Account(self._user_id, account_id),
            symbol=request.symbol,
            side=request.side,
            quantity=recorded(request.quantity),
            reference_price=recorded(request.reference_price),
            stop_loss=request.stop_loss,
            targets=request.targets,
            currency=currency,
        )
        return Ticket(order, self._origin, VENUE, self._mode, request.correlation_id)

    async def _taken(self, order_id: OrderId) -> OrderReport:
        """Wake the order service, and return the order once it was taken or refused."""
        await self._rows(_WAKE, (ORDERS_CHANNEL,))
        pause_s, waited_s = _FIRST_LOOK_S, 0.0
        while True:
            report = await self._journal.report(order_id)
            if report.status is not OrderStatus.INTENDED:
                return report
            if waited_s >= ANSWER_WITHIN_S:
                raise OrderOutcomeUnknown(
                    "The order service has not taken the order yet; it is asked again. Orders that"
                    " it finds too late are not sent."
                )
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, _LONGEST_LOOK_S)

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()
