"""The reset of a simulation account with everything that is open in it, in one transaction (M27).

Lots end as they stand, positions are closed, orders cancelled, pipelines move to the account that
takes its place. The order service finds out from the record: what it worked out from what was there
before is not committed, since versions of positions and answers of orders have moved on, and the
orders leave the books as soon as these are read anew.
"""

from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.brokers.port import OrderStatus
from kuber.exchange.units import to_instant
from kuber.infra.db import RawConnection, raw_connection
from kuber.infra.outbox import announce_events
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.trading.account_news import News, money_moved, tell_accounts
from kuber.trading.accounts.choosing import first_open_account
from kuber.trading.accounts.schemas import AccountOut
from kuber.trading.accounts.service import MODE, AccountService
from kuber.trading.asking import call
from kuber.trading.booking import AnswerRows
from kuber.trading.lifecycle import Step
from kuber.trading.management.emptying import emptied
from kuber.trading.order_service import statements
from kuber.trading.order_service.reading import open_orders_of_account, positions_of_account
from kuber.trading.order_service.rows import position_row
from kuber.trading.order_service.telling import closed_event

_WHY = "reset"
_ENDED = """
    update orders set remaining = 0, waits_for = null, reserved = 0 where id = any(%(ids)s)
"""
# What cannot be read ends all the same: the columns beside it say that it did.
_END_UNREAD = """
    update positions set status = 'closed', closed_at = %(now)s, exit_reason = %(why)s,
        quantity = 0, protected_by = 'nothing', unprotected = 0, unprotected_since = null,
        next_look_at = null, version = version + 1
    where account_id = %(account_id)s and status <> 'closed' returning id
"""
# Pipelines that name no account use the first: where that is reset and others are older than what
# takes its place, they name it from then on.
_FOLLOW = """
    update pipelines set account_id = %(new)s
    where user_id = %(user_id)s and deleted_at is null
      and (account_id = %(old)s
           or (account_id is null and mode = %(mode)s and %(was_first)s and exists (
                   select from accounts where user_id = %(user_id)s and mode = %(mode)s
                     and kind = 'lasting' and status = 'open' and id <> %(new)s)))
"""


class Resets:
    """Resets accounts. Works in the caller's transaction and never commits."""

    def __init__(self, accounts: AccountService, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._answers = AnswerRows(clock)

    async def reset(self, session: AsyncSession, user_id: UserId, account_id: UUID) -> AccountOut:
        """Close what is open in a simulation account, and open another in its place.

        Raises AccountNotFound, AccountWasReset, NotSimulated.
        """
        connection = await raw_connection(session)
        await connection.execute(statements.SHUT_GATE.encode())  # before any lock of a row
        was_first = await first_open_account(session, user_id, MODE) == account_id
        new = await self._accounts.reset(session, user_id, account_id)
        news = await self._close_positions(connection, account_id)
        news += await self._cancel_orders(connection, account_id)
        await connection.execute(
            _FOLLOW.encode(),
            {
                "user_id": user_id,
                "old": account_id,
                "new": new.id,
                "mode": MODE,
                "was_first": was_first,
            },
        )
        news.append(money_moved(account_id))
        await tell_accounts(connection, news)
        await call(session)
        return new

    async def _close_positions(self, connection: RawConnection, account_id: UUID) -> list[News]:
        now = self._clock.now()
        found = await positions_of_account(connection, account_id)
        for _, tracked in found:
            tracked.keep(emptied(tracked.position, to_instant(now)))
        rows = [position_row(tracked, symbol) for symbol, tracked in found]
        if rows:
            cursor = await connection.execute(statements.POSITIONS.encode(), {"rows": Jsonb(rows)})
            assert await cursor.fetchone() == (len(rows),), "gate and locks keep others away"
        values = {"now": now, "why": _WHY, "account_id": account_id}
        unread = await (await connection.execute(_END_UNREAD, values)).fetchall()
        held = [(symbol, one) for symbol, one in found if one.position.bought]
        await announce_events(connection, [closed_event(one, symbol, now) for symbol, one in held])
        ids = [one.position.id for _, one in found] + [str(id_) for (id_,) in unread]
        return [News(account_id, "position_closed", id_) for id_ in ids]

    async def _cancel_orders(self, connection: RawConnection, account_id: UUID) -> list[News]:
        found = await open_orders_of_account(connection, account_id)
        step = Step(OrderStatus.CANCELLED, _WHY, ())
        rows = [self._answers.row(intent, step, life.answers) for intent, life in found]
        if not rows:
            return []
        cursor = await connection.execute(statements.ANSWERS.encode(), {"rows": Jsonb(rows)})
        assert await cursor.fetchone() == (len(rows),), "gate and locks keep others away"
        ids = [intent.id for intent, _ in found]
        await connection.execute(_ENDED.encode(), {"ids": ids})
        return [News(account_id, "order_updated", str(id_)) for id_ in ids]
