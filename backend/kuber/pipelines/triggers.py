"""When a periodic pipeline is due, and what a trigger lacks to start anything: pure functions."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from kuber.kernel.errors import Problem
from kuber.kernel.weekdays import Weekday
from kuber.market.calendars import TradingCalendar, calendar_for
from kuber.market.instruments import traits_of
from kuber.pipelines.types import (
    ManualTrigger,
    PeriodicTrigger,
    SignalTrigger,
    Window,
)

_DAY_MINUTES = 1440
_HOUR_MINUTES = 60
_LOOK_AHEAD = timedelta(days=14)
_MOMENT = timedelta(microseconds=1)
_CLOCK_CHANGE = timedelta(hours=1)
_PAUSE = timedelta(minutes=1)
"""What lies at least between two starts of a continuous schedule."""

Markets = Mapping[str, str]
"""Calendars by symbol, where others than the symbols tell."""
_AS_SYMBOLS_TELL: Markets = MappingProxyType({})


def next_due(
    trigger: PeriodicTrigger, after: datetime, markets: Markets = _AS_SYMBOLS_TELL
) -> datetime | None:
    """Return when the schedule is due next, in UTC, strictly after `after`.

    With `window`, the first slot within it; with `market_hours_only`, the first at which the market
    of at least one symbol trades; None when there is none within two weeks. A continuous one has no
    slots: it is due a minute after `after`, or where it next may start.
    """
    if trigger.continuous:
        return _first_chance(trigger, after + _PAUSE, markets)
    last = after + _LOOK_AHEAD
    while after < last:
        due = _next_slot(trigger, after)
        if trigger.window is not None and not _within(trigger.window, trigger.timezone, due):
            after = max(due, _shortly_before(trigger.window, trigger.timezone, due))
            continue
        if not trigger.market_hours_only or open_symbols(trigger, due, markets):
            return due
        # No slot before the next opening can be one: on from the moment before it.
        opening = min(_calendar(symbol, markets).next_open(due) for symbol in trigger.symbols)
        after = max(due, opening - _MOMENT)
    return None


def due_after_failure(
    trigger: PeriodicTrigger, failed_at: datetime, markets: Markets = _AS_SYMBOLS_TELL
) -> datetime | None:
    """Return when a continuous schedule may start again whose last run failed."""
    return _first_chance(trigger, failed_at + timedelta(minutes=trigger.every_minutes), markets)


def may_start(trigger: PeriodicTrigger, at: datetime, markets: Markets = _AS_SYMBOLS_TELL) -> bool:
    """Return whether hours and market let the schedule start something at `at`."""
    if trigger.window is not None and not _within(trigger.window, trigger.timezone, at):
        return False
    return not trigger.market_hours_only or bool(open_symbols(trigger, at, markets))


def _first_chance(trigger: PeriodicTrigger, at: datetime, markets: Markets) -> datetime | None:
    """Return the first time from `at` on at which the schedule may start something."""
    if may_start(trigger, at, markets):
        return at
    slots = trigger.model_copy(update={"continuous": False, "every_minutes": 1})
    return next_due(slots, at, markets)


def next_look(trigger: PeriodicTrigger, after: datetime) -> datetime:
    """Return when to look again at a schedule for which `next_due` finds nothing: its first slot
    after the two weeks that were looked at, in UTC. The market may be open by then."""
    return _next_slot(trigger, after + _LOOK_AHEAD)


def open_symbols(
    trigger: PeriodicTrigger, at: datetime, markets: Markets = _AS_SYMBOLS_TELL
) -> list[str]:
    """Return the symbols whose market trades at `at`; the moment of the close is outside."""
    return [symbol for symbol in trigger.symbols if _calendar(symbol, markets).is_open(at)]


def _within(window: Window, timezone: str, at: datetime) -> bool:
    """Return whether the clock in `timezone` is within the window at `at`."""
    local = at.astimezone(ZoneInfo(timezone))
    begin, end = window.minutes
    minute, day = 60 * local.hour + local.minute, local.date()
    if begin < end:
        return begin <= minute < end and _is_day(window, day)
    since_yesterday = minute < end and _is_day(window, day - timedelta(days=1))
    return since_yesterday or (minute >= begin and _is_day(window, day))


def _shortly_before(window: Window, timezone: str, after: datetime) -> datetime:
    """Return a time up to which no slot after `after` is within the window, in UTC."""
    zone = ZoneInfo(timezone)
    first = after.astimezone(zone).date()
    days = (first + timedelta(days=number) for number in range(9))
    begins = (_at(day, window.minutes[0], zone) for day in days if _is_day(window, day))
    # Where clocks change, the beginning comes twice or lies in what they leave out.
    near = next(begin for begin in begins if begin + _CLOCK_CHANGE > after)
    return near - _CLOCK_CHANGE - _MOMENT


def _is_day(window: Window, day: date) -> bool:
    return [*Weekday][day.weekday()] in window.days


def _calendar(symbol: str, markets: Markets) -> TradingCalendar:
    return calendar_for(markets.get(symbol) or traits_of(symbol).calendar)


def _next_slot(trigger: PeriodicTrigger, after: datetime) -> datetime:
    """Return the first slot after `after`.

    Minutes are counted from midnight in the trigger's time zone. Up to an hour they are counted as
    they pass, also through a change of the clocks; longer ones go by the clock on the wall: a time
    that a change leaves out is due an hour later, one that comes twice is due the first time.
    """
    zone = ZoneInfo(trigger.timezone)
    day = after.astimezone(zone).date()
    for ahead in range(3):
        for due in _dues(day + timedelta(days=ahead), trigger.every_minutes, zone):
            if due > after:
                return due
    raise AssertionError("every schedule is due each day, at midnight at the latest")


def _dues(day: date, every_minutes: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when the schedule is due on a local day, in UTC, oldest first."""
    midnight = _at(day, 0, zone)
    if every_minutes > _HOUR_MINUTES:
        for minute in range(0, _DAY_MINUTES, every_minutes):
            yield _at(day, minute, zone)
        return
    due, end = midnight, _at(day + timedelta(days=1), 0, zone)
    while due < end:
        yield due
        due += timedelta(minutes=every_minutes)


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return local.astimezone(UTC)


def trigger_problems(
    trigger: ManualTrigger | PeriodicTrigger | SignalTrigger,
    now: datetime,
    markets: Markets = _AS_SYMBOLS_TELL,
) -> list[Problem]:
    """Return what has to be filled in before a pipeline can start by this trigger."""
    match trigger:
        case ManualTrigger():
            return [
                Problem(
                    "The pipeline starts by hand only, so there is nothing to switch on.",
                    "Run it whenever you like, or let it start on a schedule or on signals first.",
                    field="trigger.kind",
                )
            ]
        case PeriodicTrigger() if not trigger.symbols:
            return [
                Problem(
                    "The schedule has no symbol.",
                    "Name the symbols that it runs on.",
                    field="trigger.symbols",
                )
            ]
        case PeriodicTrigger() if next_due(trigger, now, markets) is None:
            return [
                Problem(
                    "In the next two weeks the schedule is never due within its hours or while the "
                    "market is open.",
                    "Choose a shorter interval, other hours, or run outside market hours.",
                    field="trigger.every_minutes",
                )
            ]
        case SignalTrigger():
            problems = []
            if trigger.scanner_id is None:
                problems.append(
                    Problem(
                        "No scanner is chosen.",
                        "Choose the scanner whose tickers may start the pipeline.",
                        field="trigger.scanner_id",
                    )
                )
            if not trigger.subscriptions:
                problems.append(
                    Problem(
                        "The pipeline subscribes to no signal.",
                        "Add at least one signal type.",
                        field="trigger.subscriptions",
                    )
                )
            return problems
    return []
