"""Looks which actions have taken effect for positions that have not heard of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from kuber.infra.db import RawConnection
from kuber.market.actions.telling import ToldAction, told_between
from kuber.market.actions.types import ActionKind
from kuber.market.calendars import calendar_for
from kuber.market.instruments import traits_of
from kuber.market.types import to_datetime
from kuber.trading.order_service.corporate.types import Before, Due, Holding
from kuber.trading.order_service.held import Hosted
from kuber.trading.order_service.scope import is_away

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=30)
LEFT_FOR = timedelta(minutes=10)
REACHES_BACK_DAYS = 30
"""What is told later than so many days after its ex-date reaches no position."""

_HOLDINGS = """
    select p.id, p.symbol, p.user_id, p.account_id, a.currency, p.side, p.status, p.quantity,
           p.created_at, p.closed_at
    from positions p join accounts a on a.id = p.account_id
    where p.symbol = any(%(symbols)s) and p.mode = 'simulation' and a.kind = 'lasting'
      and a.status = 'open'
      and (p.status <> 'closed' or (p.opened_at is not null and p.closed_at >= %(since)s))
    order by p.created_at, p.id
"""
_DONE = """
    select position_id, kind, ex_date, told, number, outcome from position_actions
    where position_id = any(%(ids)s)
"""
_MOVED = """
    select w.position_id, w.since,
           sum(case when o.side = 'buy' then f.quantity else -f.quantity end)
    from unnest(%(ids)s::uuid[], %(since)s::timestamptz[]) as w(position_id, since)
    join orders o on o.position_id = w.position_id
    join fills f on f.order_id = o.id and f.time >= w.since
    group by 1, 2
"""


class _Key(NamedTuple):
    position_id: UUID
    kind: str
    ex_date: date


class ActionKeeper:
    """Looks now and then, and again at once as long as something is done about what is due."""

    def __init__(self) -> None:
        self.due: list[Due] = []
        """What was found at the last look, in the order in which it took effect."""
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._before: list[_Key] = []
        self._left: dict[_Key, datetime] = {}
        """What could not be done, and until when it is left alone."""
        self._singly = False
        """Whether one is done at a time, since together they failed."""
        self._turn = 0

    async def look(
        self, connection: RawConnection, hosted: Mapping[str, Hosted], now: datetime
    ) -> bool:
        """Return whether anything is due; the instruments that it is about want work then.

        Raises what the database raises when it is away. What cannot be read otherwise holds up
        nobody: it is looked at again later.
        """
        self.due = []
        if now - self._looked_at < EVERY:
            return False
        try:
            found = await due_at(connection, now)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("actions_not_read", again_in_s=EVERY.total_seconds())
            found = []
        self._left = {key: until for key, until in self._left.items() if until > now}
        found = [one for one in found if _key_of(one) not in self._left]
        keys = [_key_of(one) for one in found]
        if keys == self._before:  # nothing of it can be done now, or nothing is due
            self._looked_at, self._singly = now, False
        self._before = keys
        if self._singly:
            self._turn = (self._turn + 1) % max(len(found), 1)
            found = found[self._turn : self._turn + 1]
        self.due = found
        for symbol in {one.action.symbol for one in found} & hosted.keys():
            hosted[symbol].switched = True
        return bool(found)

    def leave(self, now: datetime) -> None:
        """Note that what is due failed, and nothing of it was done: each is done alone next, and
        what fails alone is left alone for a while."""
        if len(self.due) == 1:
            (one,) = self.due
            self._left[_key_of(one)] = now + LEFT_FOR
            log.error(
                "action_failed",
                position_id=str(one.holding.position_id),
                symbol=one.action.symbol,
                ex_date=one.action.ex_date.isoformat(),
                again_in_s=LEFT_FOR.total_seconds(),
            )
        self._singly = True
        self._before = []
        self.due = []


def _key_of(due: Due) -> _Key:
    return _Key(due.holding.position_id, due.action.kind.value, due.action.ex_date)


async def due_at(connection: RawConnection, now: datetime) -> list[Due]:
    """Return the actions that have taken effect for positions that have not heard of them."""
    day = now.date()
    first = day - timedelta(days=REACHES_BACK_DAYS)
    told = await told_between(connection, first, day + timedelta(days=1))
    if not told:
        return []
    since = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
    values = {"symbols": sorted({one.symbol for one in told}), "since": since}
    holdings = [Holding(*row) for row in await _rows(connection, _HOLDINGS, values)]
    found = list(_reached(told, holdings, now))
    return await _unheard(connection, found) if found else []


def _reached(
    told: Sequence[ToldAction], holdings: Sequence[Holding], now: datetime
) -> Iterator[Due]:
    """Yield what reaches which position. Of two words about the same day the first counts."""
    by_symbol: dict[str, list[Holding]] = {}
    for one in holdings:
        by_symbol.setdefault(one.symbol, []).append(one)
    seen = set[_Key]()
    for action in told:
        for one in by_symbol.get(action.symbol, ()):
            if action.user_id not in (None, one.user_id):
                continue
            at = effective_at(action)
            over = one.closed_at is not None and one.closed_at < at
            key = _Key(one.position_id, action.kind.value, action.ex_date)
            if at <= now and one.created_at < at and not over and key not in seen:
                seen.add(key)
                yield Due(action, one, at)


def effective_at(action: ToldAction) -> datetime:
    """Return when the ex-date begins where the instrument trades."""
    calendar = calendar_for(traits_of(action.symbol).calendar)
    return to_datetime(calendar.midnight(action.ex_date))


async def _unheard(connection: RawConnection, found: Sequence[Due]) -> list[Due]:
    ids = sorted({one.holding.position_id for one in found})
    rows = await _rows(connection, _DONE, {"ids": ids})
    done = {_Key(*row[:3]): Before(*row[3:]) for row in rows}
    wanted = []
    for one in found:
        before = done.get(_key_of(one))
        if before is None or before.told != one.action.text:
            wanted.append((one, before))
    if not wanted:
        return []
    asked = {(one.holding.position_id, one.effective_at) for one, _ in wanted}
    values = {"ids": [id_ for id_, _ in asked], "since": [at for _, at in asked]}
    moved = {(row[0], row[1]): row[2] for row in await _rows(connection, _MOVED, values)}
    full = (_with(one, before, moved) for one, before in wanted)
    return [one for one in full if _concerns(one)]


def _with(
    due: Due,
    before: Before | None,
    moved: Mapping[tuple[UUID, datetime], Decimal],
) -> Due:
    found = moved.get((due.holding.position_id, due.effective_at))
    return replace(due, moved=found, before=before)


def _concerns(due: Due) -> bool:
    """Return whether there is anything to do: a dividend is nothing to who held nothing, a split
    nothing to who is flat and held nothing then."""
    if due.before is not None or due.held:
        return True
    return due.action.kind is ActionKind.SPLIT and due.holding.open


async def _rows(
    connection: RawConnection, statement: str, values: Mapping[str, object]
) -> list[Any]:
    return await (await connection.execute(statement.encode(), values)).fetchall()
