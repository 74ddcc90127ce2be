"""Reading and writing corporate actions and the splits of series. Private to the package."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

import numpy as np
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId, new_id
from kuber.market.actions.judging import AROUND
from kuber.market.actions.types import CorporateAction, ToldSplit
from kuber.market.series import RawBars
from kuber.market.types import Bars, Source, Timeframe, to_datetime, to_datetime64

_USER = bindparam("user_id", type_=Uuid)

_SPLITS = """
    SELECT symbol, ex_date, new_shares, old_shares, import_id FROM corporate_actions
    WHERE state = 'active' AND kind = 'split' AND user_id = :user_id
"""
_ALL_SPLITS = text(_SPLITS).bindparams(_USER)
_SPLITS_OF = text(f"{_SPLITS} AND symbol = any(cast(:symbols AS text[]))").bindparams(_USER)

_REPLACE = text("""
    UPDATE corporate_actions AS old
    SET state = 'replaced', replaced_by = :import_id, replaced_at = :now
    FROM unnest(cast(:symbols AS text[]), cast(:kinds AS text[]), cast(:dates AS date[]))
        AS new (symbol, kind, ex_date)
    WHERE old.state = 'active' AND old.user_id = :user_id AND old.symbol = new.symbol
        AND old.kind = new.kind AND old.ex_date = new.ex_date
""").bindparams(_USER)
_ADD = text("""
    INSERT INTO corporate_actions (id, user_id, symbol, kind, ex_date, new_shares, old_shares,
                                   amount, currency, state, import_id)
    SELECT id, :user_id, symbol, kind, ex_date, new_shares, old_shares, amount, currency,
           'active', :import_id
    FROM unnest(cast(:ids AS uuid[]), cast(:symbols AS text[]), cast(:kinds AS text[]),
                cast(:dates AS date[]), cast(:news AS numeric[]), cast(:olds AS numeric[]),
                cast(:amounts AS numeric[]), cast(:currencies AS text[]))
        AS new (id, symbol, kind, ex_date, new_shares, old_shares, amount, currency)
""").bindparams(_USER)

_SERIES = text("""
    SELECT id, symbol, timeframe, calendar, import_id, bar_count FROM bar_series
    WHERE state = 'active' AND user_id = :user_id AND symbol = any(cast(:symbols AS text[]))
    ORDER BY symbol, timeframe
""").bindparams(_USER)

# Of each day asked for, the bars before and behind it: two looks into the index.
_AROUND = text("""
    SELECT asked.place, b.opened_at, b.closed_at, b.open, b.close, b.adj_close
    FROM unnest(cast(:places AS int[]), cast(:series AS uuid[]), cast(:starts AS timestamptz[]))
        AS asked (place, series_id, starts_at)
    CROSS JOIN LATERAL (
        (SELECT opened_at, closed_at, open, close, adj_close FROM bars
         WHERE series_id = asked.series_id AND opened_at < asked.starts_at
         ORDER BY opened_at DESC LIMIT :most)
        UNION ALL
        (SELECT opened_at, closed_at, open, close, adj_close FROM bars
         WHERE series_id = asked.series_id AND opened_at >= asked.starts_at
         ORDER BY opened_at LIMIT :most)
    ) AS b
    ORDER BY asked.place, b.opened_at
""")

_KEPT = text("""
    SELECT opened_at, new_shares, old_shares, told_by FROM series_splits
    WHERE series_id = :series_id ORDER BY opened_at
""")
# Of the series that an import has replaced, whose bars outside of its span were taken over.
_KEPT_OUTSIDE = text("""
    SELECT s.opened_at, s.new_shares, s.old_shares, s.told_by
    FROM bar_series AS new
    JOIN bar_series AS old ON old.replaced_by = new.import_id AND old.symbol = new.symbol
        AND old.timeframe = new.timeframe AND old.calendar = new.calendar
        AND old.state = 'replaced'
    JOIN series_splits AS s ON s.series_id = old.id
    WHERE new.id = :series_id ORDER BY s.opened_at
""")
_BEHIND = text(
    "SELECT min(opened_at) FROM bars WHERE series_id = :series_id AND opened_at >= :last_at"
)
_KEEP = text("""
    INSERT INTO series_splits (series_id, opened_at, new_shares, old_shares, told_by)
    SELECT :series_id, * FROM unnest(cast(:opened AS timestamptz[]), cast(:news AS numeric[]),
                                     cast(:olds AS numeric[]), cast(:tellers AS uuid[]))
""").bindparams(bindparam("series_id", type_=Uuid))


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """A series that is read now; `import_id` is the import that made it."""

    id: UUID
    symbol: str
    timeframe: Timeframe
    calendar: str
    import_id: UUID
    bar_count: int


@dataclass(frozen=True, slots=True)
class KeptSplit:
    """A split that a series is adjusted for."""

    opened_at: datetime
    ratio: Fraction
    told_by: UUID


async def splits_of(
    session: AsyncSession, user_id: UserId, symbols: Collection[str] | None = None
) -> dict[str, tuple[ToldSplit, ...]]:
    """Return the splits that the user's files told of, of these symbols or of all."""
    if symbols is None:
        found = await session.execute(_ALL_SPLITS, {"user_id": user_id})
    else:
        found = await session.execute(_SPLITS_OF, {"user_id": user_id, "symbols": list(symbols)})
    by_symbol: dict[str, list[ToldSplit]] = {}
    for symbol, ex_date, new, old, told_by in found:
        ratio = Fraction(new) / Fraction(old)
        by_symbol.setdefault(symbol, []).append(ToldSplit(ex_date, ratio, told_by))
    return {symbol: tuple(splits) for symbol, splits in by_symbol.items()}


async def add_actions(
    session: AsyncSession,
    user_id: UserId,
    import_id: UUID,
    actions: Sequence[CorporateAction],
    now: datetime,
) -> None:
    """Store what an import tells, in place of what was told of the same days before."""
    asked = {
        "user_id": user_id,
        "import_id": import_id,
        "now": now,
        "ids": [new_id() for _ in actions],
        "symbols": [one.symbol for one in actions],
        "kinds": [one.kind.value for one in actions],
        "dates": [one.ex_date for one in actions],
        "news": [None if one.ratio is None else one.ratio.numerator for one in actions],
        "olds": [None if one.ratio is None else one.ratio.denominator for one in actions],
        "amounts": [one.amount for one in actions],
        "currencies": [one.currency for one in actions],
    }
    await session.execute(_REPLACE, asked)
    await session.execute(_ADD, asked)


async def series_of_symbols(
    session: AsyncSession, user_id: UserId, symbols: Collection[str]
) -> list[StoredSeries]:
    """Return the series of the user's own that are read now."""
    found = await session.execute(_SERIES, {"user_id": user_id, "symbols": list(symbols)})
    return [
        StoredSeries(id_, symbol, Timeframe(timeframe), calendar, import_id, bar_count)
        for id_, symbol, timeframe, calendar, import_id, bar_count in found
    ]


async def bars_around(
    session: AsyncSession, asked: Sequence[tuple[StoredSeries, np.datetime64]]
) -> Mapping[int, RawBars]:
    """Return, by the place of each question, the bars of a series next to an instant."""
    if not asked:
        return {}
    found = await session.execute(
        _AROUND,
        {
            "places": list(range(len(asked))),
            "series": [series.id for series, _ in asked],
            "starts": [to_datetime(at) for _, at in asked],
            "most": AROUND,
        },
    )
    rows: dict[int, list[Sequence[object]]] = {}
    for place, *values in found:
        rows.setdefault(place, []).append(values)
    return {place: _raw(asked[place][0], values) for place, values in rows.items()}


def _raw(series: StoredSeries, rows: list[Sequence[object]]) -> RawBars:
    """Return bars of which only times, open and close are known."""
    opened, closed, open_, close, adjusted = zip(*rows, strict=True)
    opened_at, closed_at = (
        np.array([to_datetime64(at) for at in one], dtype="datetime64[us]")
        for one in (opened, closed)
    )
    opens, closes = np.array(open_, dtype=np.float64), np.array(close, dtype=np.float64)
    adj_close = np.array([np.nan if one is None else float(one) for one in adjusted])
    unknown = np.full(len(opens), np.nan)
    bars = Bars(
        series.symbol,
        series.timeframe,
        Source.IMPORTED,
        opened_at,
        closed_at,
        opens,
        unknown,
        unknown,
        closes,
        unknown,
    )
    return RawBars(bars, None if np.isnan(adj_close).all() else adj_close)


async def kept_splits(session: AsyncSession, series_id: UUID) -> tuple[KeptSplit, ...]:
    """Return the splits that a series is adjusted for, oldest first."""
    found = await session.execute(_KEPT, {"series_id": series_id})
    return tuple(_kept(*row) for row in found)


async def splits_taken_over(
    session: AsyncSession, series_id: UUID, first_at: datetime, last_at: datetime
) -> tuple[tuple[KeptSplit, ...], datetime | None]:
    """Return the splits of a replaced series among its bars that were taken over, before and
    behind a span; and the opening of the first of these bars behind the span.

    One at the border belongs to the span: the bar before it is a new one.
    """
    found = await session.execute(_KEPT_OUTSIDE, {"series_id": series_id})
    splits = [_kept(*row) for row in found]
    asked = {"series_id": series_id, "last_at": last_at}
    behind: datetime | None = await session.scalar(_BEHIND, asked)
    outside = (
        one
        for one in splits
        if one.opened_at < first_at or (behind is not None and one.opened_at > behind)
    )
    return tuple(outside), behind


async def keep_splits(
    session: AsyncSession, series_id: UUID, splits: Collection[KeptSplit]
) -> None:
    """Keep splits with a series that is being made."""
    if not splits:
        return
    await session.execute(
        _KEEP,
        {
            "series_id": series_id,
            "opened": [one.opened_at for one in splits],
            "news": [one.ratio.numerator for one in splits],
            "olds": [one.ratio.denominator for one in splits],
            "tellers": [one.told_by for one in splits],
        },
    )


def _kept(opened_at: datetime, new: int, old: int, told_by: UUID) -> KeptSplit:
    return KeptSplit(opened_at.astimezone(UTC), Fraction(new) / Fraction(old), told_by)
