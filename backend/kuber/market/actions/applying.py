"""Applying the splits that files told of to the series that a user has stored."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId
from kuber.market.actions.judging import Basis, Judgement, SplitSeen, judge
from kuber.market.actions.repository import (
    KeptSplit,
    StoredSeries,
    bars_around,
    keep_splits,
    kept_splits,
    series_of_symbols,
    splits_of,
    splits_taken_over,
)
from kuber.market.actions.types import Prices, ToldSplit
from kuber.market.actions.versions import make_version
from kuber.market.calendars import calendar_for
from kuber.market.types import Timeframe, to_datetime

Spans = Mapping[str, tuple[datetime, datetime]]
"""First opening and last close of the bars that a file brought, by symbol."""


@dataclass(frozen=True, slots=True)
class SeriesJudgement:
    """What becomes of the splits of a symbol for one of its series."""

    symbol: str
    timeframe: Timeframe
    found: Judgement


@dataclass(frozen=True, slots=True)
class Importing:
    """An import that is under way: of whom, and what it brings."""

    user_id: UserId
    import_id: UUID
    now: datetime
    prices: Prices | None
    """What the user says of the prices."""
    spans: Spans
    """Of the series that it made."""
    splits_of: Collection[str]
    """Symbols of whose splits its file tells."""


async def judge_stored(
    session: AsyncSession,
    user_id: UserId,
    told: Mapping[str, tuple[ToldSplit, ...]],
    prices: Prices | None,
) -> list[SeriesJudgement]:
    """Return what would become of splits for the series that are stored."""
    series = await series_of_symbols(session, user_id, told)
    seen = await _see(session, series, told)
    return [
        SeriesJudgement(one.symbol, one.timeframe, judge(splits, prices))
        for one, splits in zip(series, seen, strict=True)
    ]


async def bars_to_copy(session: AsyncSession, user_id: UserId, symbols: Collection[str]) -> int:
    """Return how many bars new versions of all series of these symbols would take at most."""
    return sum(one.bar_count for one in await series_of_symbols(session, user_id, symbols))


async def apply_splits(
    session: AsyncSession, importing: Importing, heard: Callable[[], Awaitable[None]]
) -> list[SeriesJudgement]:
    """Apply what is told of splits, in the transaction of an import whose actions are stored and
    whose series are active.

    Its own series keep their splits; of others whose splits change it makes new versions.
    """
    symbols = {*importing.spans, *importing.splits_of}
    told = await splits_of(session, importing.user_id, symbols)
    series = [
        one
        for one in await series_of_symbols(session, importing.user_id, symbols)
        if one.import_id == importing.import_id or one.symbol in importing.splits_of
    ]
    seen = await _see(session, series, told)
    judged = []
    for one, splits in zip(series, seen, strict=True):
        own = one.import_id == importing.import_id
        found = await (_of_own if own else _of_other)(session, one, splits, importing, heard)
        judged.append(SeriesJudgement(one.symbol, one.timeframe, found))
    return judged


async def _of_own(
    session: AsyncSession,
    series: StoredSeries,
    seen: Sequence[SplitSeen],
    importing: Importing,
    _heard: Callable[[], Awaitable[None]],
) -> Judgement:
    """Judge a series with the bars that it has taken over. When these and those of the file
    contradict each other, the file's are judged by themselves, and the others keep their splits."""
    first_at, last_at = importing.spans[series.symbol]
    kept, behind = await splits_taken_over(session, series.id, first_at, last_at)
    found = judge(seen, importing.prices)
    if found.basis is not Basis.JUMPS or (found.prices is Prices.ADJUSTED and kept):
        new = [one for one in seen if _within(one, first_at, behind)]
        found = judge(new, importing.prices, [one for one in seen if one not in new])
    judged = {one.opened_at: one for one in _to_keep(found, importing.import_id)}
    both = {one.opened_at: one for one in kept} | judged
    await keep_splits(session, series.id, both.values())
    return found


async def _of_other(
    session: AsyncSession,
    series: StoredSeries,
    seen: Sequence[SplitSeen],
    importing: Importing,
    heard: Callable[[], Awaitable[None]],
) -> Judgement:
    """Judge all splits of a series anew. Where nobody can tell, those that it keeps stay."""
    found = judge(seen, importing.prices)
    before = set(await kept_splits(session, series.id))
    after = set(_to_keep(found, importing.import_id))
    if found.prices is None:
        after |= {one for one in before if one.opened_at not in {new.opened_at for new in after}}
    if {(one.opened_at, one.ratio) for one in before} != {
        (one.opened_at, one.ratio) for one in after
    }:
        await make_version(session, series.id, importing.import_id, after, importing.now, heard)
    return found


def _within(one: SplitSeen, first_at: datetime, behind: datetime | None) -> bool:
    opened_at = one.opened_at
    if opened_at is None:
        return True
    at = to_datetime(opened_at)
    return first_at <= at and (behind is None or at <= behind)


def _to_keep(found: Judgement, import_id: UUID) -> tuple[KeptSplit, ...]:
    """Return the splits to keep; two with no bar between them are one."""
    kept: dict[datetime, KeptSplit] = {}
    for one in found.splits:
        if one.kept and one.opened_at is not None:
            at, told_by = to_datetime(one.opened_at), one.split.told_by or import_id
            ratio = one.split.ratio * (kept[at].ratio if at in kept else 1)
            kept[at] = KeptSplit(at, ratio, told_by)
    return tuple(kept.values())


async def _see(
    session: AsyncSession,
    series: Sequence[StoredSeries],
    told: Mapping[str, tuple[ToldSplit, ...]],
) -> list[list[SplitSeen]]:
    """Return, for each series, its splits and the bars around them."""
    wanted = [(one, split) for one in series for split in told.get(one.symbol, ())]
    # A calendar that is made for the first time takes a while.
    starts = await asyncio.to_thread(_starts, wanted)
    asked = [(one, at) for (one, _), at in zip(wanted, starts, strict=True)]
    around = await bars_around(session, asked)
    seen: dict[UUID, list[SplitSeen]] = {one.id: [] for one in series}
    for place, ((one, split), at) in enumerate(zip(wanted, starts, strict=True)):
        seen[one.id].append(SplitSeen(split, at, around.get(place)))
    return [seen[one.id] for one in series]


def _starts(wanted: Sequence[tuple[StoredSeries, ToldSplit]]) -> list[np.datetime64]:
    return [calendar_for(one.calendar).midnight(split.ex_date) for one, split in wanted]
