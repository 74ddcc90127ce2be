"""Positions that are set aside: what fails alone is left alone, and tried again alone.

The mark is a row of its own, since the position's own row may be what cannot be written.
"""

from collections.abc import Iterator, KeysView, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from kuber.infra.db import RawConnection
from kuber.kernel.errors import KuberError
from kuber.kernel.ids import UserId
from kuber.notifications.outbox import NOTICE_INSERT, notice_json
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.account_news import News, tell_accounts
from kuber.trading.errors import PositionFailed

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(seconds=30)
MOST_REASON = 500
_KNOWN = """
    select s.position_id, p.symbol, s.next_try_at
    from positions_set_aside s join positions p on p.id = s.position_id
    where p.status <> 'closed'
"""
_MARK = """
    with marked as (
        insert into positions_set_aside as s (position_id, reason, since, tries, next_try_at)
        select id, %(reason)s, %(now)s, 0, %(next)s from positions
        where id = %(id)s and status <> 'closed'
        on conflict (position_id) do update set reason = excluded.reason, tries = s.tries + 1,
            next_try_at = excluded.next_try_at
        returning position_id, since, tries
    )
    select p.user_id, p.account_id, p.symbol, m.since, m.tries
    from marked m join positions p on p.id = m.position_id
"""
_TAKE_BACK = "delete from positions_set_aside where position_id = %s returning since"


class Asides:
    """The positions that are set aside, and when each is tried again."""

    def __init__(self) -> None:
        self._again: dict[str, tuple[str, datetime]] = {}

    @property
    def ids(self) -> KeysView[str]:
        """Which they are."""
        return self._again.keys()

    async def read(self, connection: RawConnection) -> None:
        """Read what was set aside before."""
        rows = await (await connection.execute(_KNOWN)).fetchall()
        self._again = {str(row[0]): (row[1], row[2]) for row in rows}

    def due(self, now: datetime) -> tuple[str, str] | None:
        """Return a position, with its symbol, that is to be tried again."""
        return next(((id_, one[0]) for id_, one in self._again.items() if one[1] <= now), None)

    def dues(self) -> Iterator[datetime]:
        """Yield when positions are tried again."""
        return (at for _, at in self._again.values())

    async def mark(
        self, connection: RawConnection, position_id: str, error: BaseException, now: datetime
    ) -> bool:
        """Set a position aside, or note that it failed again, in a transaction of its own; its
        owner is told once. Return whether there is such a position."""
        reason = reason_of(error)
        values = {
            "id": UUID(position_id),
            "reason": reason,
            "now": now,
            "next": now + AGAIN_AFTER,
        }
        async with connection.transaction():
            row = await (await connection.execute(_MARK, values)).fetchone()
            if row is None:
                return False
            user_id, account_id, symbol, since, tries = row
            if tries == 0:
                await _tell(connection, user_id, position_id, symbol, reason, since)
            await tell_accounts(connection, [News(account_id, "position_changed", position_id)])
        self._again[position_id] = (symbol, now + AGAIN_AFTER)
        log.error(
            "position_set_aside",
            position_id=position_id,
            symbol=symbol,
            tries=tries,
            exc_info=error,
            consequence="needs a person; its stop is not watched until it can be worked",
        )
        return True

    async def take_back(
        self, connection: RawConnection, position_id: str
    ) -> Mapping[str, datetime]:
        """Let a position be worked again, if this commits; return since when it was not."""
        row = await (await connection.execute(_TAKE_BACK, (UUID(position_id),))).fetchone()
        return {} if row is None else {position_id: row[0]}

    def done(self, position_id: str) -> None:
        """Forget a position that is worked again, or is gone."""
        self._again.pop(position_id, None)

    def postpone(self, position_id: str, now: datetime) -> None:
        """Try a position later."""
        symbol, _ = self._again[position_id]
        self._again[position_id] = (symbol, now + AGAIN_AFTER)


def reason_of(error: BaseException) -> str:
    """Return in words for its owner why something could not be worked."""
    if isinstance(error, PositionFailed) and error.__cause__ is not None:
        return reason_of(error.__cause__)
    if isinstance(error, KuberError):
        return f"{error.code}: {error.detail}"[:MOST_REASON]
    return f"{type(error).__name__}: see the log of the order service."


async def _tell(
    connection: RawConnection,
    user_id: UUID,
    position_id: str,
    symbol: str,
    reason: str,
    since: datetime,
) -> None:
    text = (
        f"It could not be worked ({reason}). Until it can, nobody watches its stop. It is tried"
        " again every 30 seconds; somebody who runs this installation has to look at it."
    )
    said: dict[str, Any] = {
        "position_id": position_id,
        "symbol": symbol,
        "title": "set aside: it needs a person",
        "text": text,
    }
    key = f"{position_id}:set_aside:{since:%Y-%m-%dT%H}"  # once an hour, however often it fails
    notice = Notice(UserId(user_id), NoticeKind.POSITION_ALARM, since, said, dedupe_key=key)
    values = {"notices": Jsonb(notice_json([notice]))}
    await connection.execute(NOTICE_INSERT.encode(), values)
