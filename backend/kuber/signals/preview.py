"""What subscriptions would have started in the past, counted by PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId
from kuber.market.calendars import calendar_for
from kuber.market.terms.changes import calendars_of
from kuber.market.types import to_datetime64
from kuber.pipelines.types import Subscription

_COUNT = """
    select s.signal_type, count(*), coalesce(sum(t.named), 0), coalesce(sum(t.sure), 0),
           coalesce(sum(t.runs), 0)
    from unnest(cast(:types as text[]), cast(:thresholds as float[]), cast(:directions as text[]))
      as w(signal_type, threshold, directions)
    join signals s on s.signal_type = w.signal_type
    cross join lateral (
        select count(*) as named,
               count(*) filter (where i.confidence >= w.threshold) as sure,
               count(*) filter (where i.confidence >= w.threshold and ({open})) as runs
        from jsonb_to_recordset(s.tickers) as i(ticker text, signal text, confidence float)
        where i.ticker = any(cast(:tickers as text[])) and strpos(w.directions, i.signal) > 0
    ) t
    where s.occurred_at >= :since and (s.user_id is null or s.user_id = :user_id)
    group by s.signal_type
"""
_OPEN = """
    i.ticker = any(cast(:tickers_{n} as text[]))
    and s.occurred_at <@ cast(:hours_{n} as tstzmultirange)
"""


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Signals of one type: all on record, tickers of the scanner they named, those sure enough,
    and of these the ones that came in time."""

    recorded: int = 0
    named: int = 0
    sure: int = 0
    runs: int = 0


async def count_past(
    session: AsyncSession,
    user_id: UserId,
    tickers: Collection[str],
    subscriptions: Sequence[Subscription],
    since: datetime,
    hours_until: datetime | None,
) -> dict[str, TypeCount]:
    """Return the counts of each signal type that came since `since`.

    With `hours_until` only signals count that came while the market of their ticker was open.
    """
    values: dict[str, object] = {
        "types": [one.signal_type for one in subscriptions],
        "thresholds": [float(one.min_confidence) for one in subscriptions],
        "directions": [" ".join(one.directions) for one in subscriptions],
        "tickers": list(tickers),
        "since": since,
        "user_id": user_id,
    }
    is_open = "true"
    if hours_until is not None:
        calendars = await calendars_of(session, user_id, tickers)
        is_open = _hours(calendars, since, hours_until, values)
    rows = await session.execute(text(_COUNT.format(open=is_open)), values)
    return {row[0]: TypeCount(*(int(count) for count in row[1:])) for row in rows}


def _hours(
    calendars: Mapping[str, str], since: datetime, until: datetime, values: dict[str, object]
) -> str:
    """Return the condition that a ticker's market was open; put what it needs into `values`."""
    by_calendar: dict[str, list[str]] = defaultdict(list)
    for ticker, calendar in calendars.items():
        by_calendar[calendar].append(ticker)
    conditions = ["false"]
    for number, (code, members) in enumerate(by_calendar.items()):
        values[f"tickers_{number}"] = members
        values[f"hours_{number}"] = open_hours(code, since, until)
        conditions.append(_OPEN.format(n=number))
    return " or ".join(conditions)


def open_hours(code: str, since: datetime, until: datetime) -> str:
    """Return when a market trades between two moments, as text of a `tstzmultirange`.

    The same spans from which `TradingCalendar.is_open` answers the dispatcher.
    """
    first, last = to_datetime64(since), to_datetime64(until)
    hours = calendar_for(code).hours(first, last)
    within = (hours.closes > first) & (hours.opens <= last)
    spans = zip(hours.opens[within], hours.closes[within], strict=True)
    return "{" + ",".join(f"[{opens}Z,{closes}Z)" for opens, closes in spans) + "}"
