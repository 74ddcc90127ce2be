"""What users changed of instruments, at hand where prices are read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from time import monotonic

from cachetools import LRUCache
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId
from kuber.market.instruments import traits_of
from kuber.market.terms.repository import changes_of, markets_of
from kuber.market.terms.types import Change
from kuber.market.types import Instrument

_FRESH_S = 1.0
_KEPT_USERS = 10_000


async def calendar_of(session: AsyncSession, user_id: UserId, symbol: str) -> str:
    """Return the calendar by which bars of a canonical symbol close that this user imports from
    now on: of the market that the user chose, else of the one that the symbol tells.

    Stored bars keep the calendar that they were imported with.
    """
    return (await calendars_of(session, user_id, [symbol]))[symbol]


async def calendars_of(
    session: AsyncSession, user_id: UserId, symbols: Collection[str]
) -> dict[str, str]:
    """Return `calendar_of` of many symbols, in one query."""
    chosen = await markets_of(session, user_id)
    return {symbol: chosen.get(symbol) or traits_of(symbol).calendar for symbol in symbols}


@dataclass(frozen=True, slots=True)
class _Answer:
    changes: Mapping[str, Change]
    asked_at_s: float


class Changes:
    """What users changed, kept for a second: within it every process goes by a change."""

    def __init__(self, pool: RawPool) -> None:
        self._pool = pool
        self._answers: LRUCache[UserId, _Answer] = LRUCache(_KEPT_USERS)

    async def of(self, user_ids: Collection[UserId]) -> dict[UserId, Mapping[str, Change]]:
        """Return what each of these users changed, by symbol: at most one query."""
        now_s = monotonic()
        found: dict[UserId, Mapping[str, Change]] = {}
        for user_id in user_ids:
            answer = self._answers.get(user_id)
            if answer is not None and now_s - answer.asked_at_s <= _FRESH_S:
                found[user_id] = answer.changes
        missing = [user_id for user_id in user_ids if user_id not in found]
        if missing:
            for user_id, changes in (await changes_of(self._pool, missing)).items():
                self._answers[user_id] = _Answer(changes, now_s)
                found[user_id] = changes
        return found

    async def seen_by(self, user_id: UserId, instrument: Instrument) -> Instrument:
        """Return the instrument with what the user changed of it."""
        (seen,) = (await self.seen({(user_id, instrument.symbol): instrument})).values()
        return seen

    async def seen(
        self, found: Mapping[tuple[UserId, str], Instrument]
    ) -> dict[tuple[UserId, str], Instrument]:
        """Return instruments by (user, symbol) with what their users changed of them."""
        changes = await self.of({user_id for user_id, _ in found}) if found else {}
        return {
            key: changed(instrument, changes[key[0]].get(instrument.symbol))
            for key, instrument in found.items()
        }

    def forget_after_commit(self, session: AsyncSession, user_id: UserId) -> None:
        """Have this process ask anew once the transaction has changed something."""
        event.listen(
            session.sync_session,
            "after_commit",
            lambda _: self._answers.pop(user_id, None),
            once=True,
        )


def changed(instrument: Instrument, change: Change | None) -> Instrument:
    """Return the instrument with what its user decided of it."""
    if change is None:
        return instrument
    return replace(
        instrument,
        name=change.name or instrument.name,
        calendar=change.market or instrument.calendar,
        currency=change.currency or instrument.currency,
        tick=change.tick,
        quantity_step=change.quantity_step,
        shortable=change.shortable,
    )
