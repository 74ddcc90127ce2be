"""The rounds of the order service: what has come goes in, what came of it is committed."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from psycopg import InterfaceError, OperationalError

from kuber.exchange.events import Quote
from kuber.exchange.units import to_instant
from kuber.infra.db import RawConnection
from kuber.kernel.clock import Clock
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from kuber.market.feed.notifying import FOLLOW_CHANNEL
from kuber.trading.booking import AnswerRows
from kuber.trading.errors import BookLost, LatchMoved
from kuber.trading.management.facts import CloseAsked
from kuber.trading.management.position import Reason
from kuber.trading.order_service import statements
from kuber.trading.order_service.admitting import Admitted, NotTaken, examine, stake_of
from kuber.trading.order_service.asking import hand_over
from kuber.trading.order_service.corporate.carrying import carry_out
from kuber.trading.order_service.corporate.looking import ActionKeeper
from kuber.trading.order_service.entering import enter
from kuber.trading.order_service.equity import EquityKeeper, write_equity
from kuber.trading.order_service.figures import FILLS, ROUND_SECONDS, show
from kuber.trading.order_service.held import Hosted, Tracked
from kuber.trading.order_service.margins import accounts_with_shorts, called
from kuber.trading.order_service.reading import (
    MOST,
    Request,
    WantedEntry,
    arrived,
    live_symbols,
    load,
)
from kuber.trading.order_service.resets import read_anew
from kuber.trading.order_service.round import Round
from kuber.trading.order_service.switches import Switches, read_switches
from kuber.trading.order_service.traded import Traded
from kuber.trading.order_service.writing import RoundWriter, forget_ended
from kuber.trading.order_types import SwitchState
from kuber.trading.reconciliation.accounts import reconcile_at_start
from kuber.trading.reconciliation.comparing import Difference
from kuber.trading.switch_table import Switch

log = structlog.get_logger(__name__)

GAP = timedelta(seconds=10)
"""Prices that nobody looked at for so long may have passed a stop (M14)."""
_MARGINS_EVERY = timedelta(seconds=1)
_SHOWN_EVERY = timedelta(seconds=1)
_QUARANTINE = timedelta(seconds=30)

TradedFor = Callable[[UUID | None, Iterable[str]], Awaitable[dict[str, Traded | None]]]
"""Tells how symbols are traded as a user sees them, or, for None, by themselves; None where they
cannot be."""


class OrderService:
    """Hosts the simulated venue and the management of positions. One process at a time."""

    def __init__(
        self,
        connection: RawConnection,
        clock: Clock,
        traded_for: TradedFor,
        halt_file: Callable[[], SwitchState],
    ) -> None:
        """`connection` holds the lock that makes this the only one: with it the right to write is
        lost. `halt_file` tells the switch that was set without the database."""
        self._connection = connection
        self._clock = clock
        self._traded_for = traded_for
        self._halt_file = halt_file
        self._booking = AnswerRows(clock)
        self._ledger = Ledger(Book.TRADING)
        self._hosted: dict[str, Hosted] = {}
        self._switches = Switches()
        self._quotes: dict[str, list[Quote]] = {}
        self._woken = True
        self._watched_at: datetime | None = None
        self._quarantine: dict[str, datetime] = {}
        self._equity = EquityKeeper()
        self._actions = ActionKeeper()
        self._margins_at = self._shown_at = datetime.min.replace(tzinfo=UTC)
        self._evicted = False
        """Whether instruments with positions may be missing in `_hosted`."""
        self.entries_wait = True
        """Until the accounts are reconciled (M15)."""

    @property
    def symbols(self) -> frozenset[str]:
        """Instruments with positions or orders."""
        return frozenset(self._hosted)

    def wake(self) -> None:
        """Look for intents, requests and switches in the next round."""
        self._woken = True

    def take(self, symbol: str, quote: Quote) -> bool:
        """Take a price for the next round and return True, unless it is of an instrument without
        positions, or not newer than the last one."""
        hosted = self._hosted.get(symbol)
        if hosted is None or quote.at <= hosted.quoted_at:
            return False
        self._quotes.setdefault(symbol, []).append(quote)
        return True

    async def open(self) -> None:
        """Read what is live; what was committed is all there is."""
        connection = self._connection
        row = await (await connection.execute(statements.LATCH)).fetchone()
        self._watched_at = row[1] if row is not None else None
        await self._host(connection, await live_symbols(connection))

    def due_in_s(self, most_s: float) -> float:
        """Return for how long nothing falls due."""
        if self._woken or self._quotes:
            return 0.0
        now = to_instant(self._clock.now())
        dues = [one.due_at for one in self._hosted.values() if one.due_at is not None]
        return min([most_s, *((due - now) / 1_000_000 for due in dues if due > now)])

    async def round(self) -> bool:
        """Do one round; return whether there may be more to do at once.

        Raises BookLost, LatchMoved, and what the database raises when it is away. What fails
        otherwise fails alone: then each instrument has a round of its own, and one that fails
        again is left alone for a while.
        """
        try:
            return await self._round(None)
        except (BookLost, LatchMoved, OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("round_failed", consequence="each instrument has a round of its own")
        for symbol in await self._all_symbols():
            try:
                await self._round(frozenset({symbol}))
            except (BookLost, LatchMoved, OperationalError, InterfaceError):
                raise
            except Exception:
                log.exception("instrument_failed", symbol=symbol)
                self._quarantine[symbol] = self._clock.now() + _QUARANTINE
        return False

    async def _all_symbols(self) -> list[str]:
        wanted, asked = await arrived(self._connection)
        named = {one.order.symbol for one in wanted} | {one.symbol for one in asked if one.symbol}
        return sorted({*named, *await live_symbols(self._connection)})

    async def _round(self, only: frozenset[str] | None) -> bool:
        now = self._clock.now()
        halted = self._halt_file() != self._switches.file
        due = await self._actions.look(self._connection, self._hosted, now)
        woken, self._woken = self._woken or halted or due or only is not None, False
        quotes, self._quotes = self._quotes, {}
        since = self._gap(now)
        rounds = {
            symbol: self._begin(hosted, now, since)
            for symbol, hosted in self._hosted.items()
            if self._may_work(symbol, only, now)
            and (symbol in quotes or since is not None or hosted.wants_work(to_instant(now)))
        }
        more = False
        try:
            with ROUND_SECONDS.time():
                await self._call_margins(rounds, now, only)
                await self._equity.look(self._connection, self._hosted.values(), now)
                if not woken:
                    self._work(rounds, quotes, now)
                if woken or not all(one.changes.nothing for one in rounds.values()):
                    held = quotes if woken else {}
                    more = await self._commit(rounds, held, now, only, woken=woken)
        except BaseException:
            self._evict(rounds)
            self._woken = True
            raise
        self._watched_at = now
        self._tidy(rounds, now)
        return more

    async def _call_margins(
        self, rounds: dict[str, Round], now: datetime, only: frozenset[str] | None
    ) -> None:
        """Close the largest short of each account that covers its shorts no more (M23)."""
        if now - self._margins_at < _MARGINS_EVERY:
            return
        self._margins_at = now
        accounts = accounts_with_shorts(self._hosted.values())
        for position_id in await called(self._connection, accounts, self._hosted.values()):
            for symbol, hosted in self._hosted.items():
                if position_id in hosted.tracked and self._may_work(symbol, only, now):
                    one = rounds.setdefault(symbol, self._begin(hosted, now, None))
                    one.tell(position_id, CloseAsked(Reason.MARGIN_CALL))

    def _may_work(self, symbol: str, only: frozenset[str] | None, now: datetime) -> bool:
        allowed = only is None or symbol in only
        return allowed and self._quarantine.get(symbol, now) <= now

    async def reconcile(self) -> dict[UUID, list[Difference]]:
        """Compare the accounts of all positions with their ledgers, keep what was found, and let
        entries leave (M15). An account with a difference opens nothing until it is gone."""
        found = await reconcile_at_start(self._connection, self._clock.now())
        self.entries_wait = False
        self._look_everywhere()
        self.wake()
        return found

    async def watched(self) -> None:
        """Note that prices were looked at until now."""
        await self._connection.execute(statements.WATCHED, {"now": self._clock.now()})

    def _gap(self, now: datetime) -> int | None:
        last = self._watched_at
        if last is None or now - last < GAP:
            return None
        for hosted in self._hosted.values():
            hosted.seen = None  # an old price decides nothing
        log.warning("positions_not_watched", since=last.isoformat(), until=now.isoformat())
        return to_instant(last)

    def _begin(self, hosted: Hosted, now: datetime, since: int | None) -> Round:
        wait = self.entries_wait
        return Round(hosted, now, self._switch_of, entries_wait=wait, unwatched_since=since)

    def _switch_of(self, tracked: Tracked) -> Switch:
        """Return what a position may do by the switches that are known now."""
        return self._switches.of(tracked)

    def _work(
        self, rounds: dict[str, Round], quotes: Mapping[str, Sequence[Quote]], now: datetime
    ) -> None:
        """Let time pass and prices in, everywhere; an instrument that fails is left alone."""
        for symbol, one in list(rounds.items()):
            try:
                one.pass_hours(now)
                one.work()
                for quote in quotes.get(symbol, ()):
                    one.quote(quote)
                    one.work()
                one.pass_time()
                one.work()
            except Exception:
                log.exception("instrument_failed", symbol=symbol)
                self._set_aside(rounds, symbol, now)

    def _set_aside(self, rounds: dict[str, Round], symbol: str, now: datetime) -> None:
        del rounds[symbol]
        self._evict((symbol,))
        self._quarantine[symbol] = now + _QUARANTINE
        self._woken = True

    async def _commit(
        self,
        rounds: dict[str, Round],
        quotes: Mapping[str, Sequence[Quote]],
        now: datetime,
        only: frozenset[str] | None,
        *,
        woken: bool,
    ) -> bool:
        connection, before = self._connection, set(self._hosted)
        # Not in a pipeline: of a process that is stopped in one PostgreSQL does not say that it is
        # idle in a transaction, and would leave it its locks.
        async with connection.transaction():
            await connection.execute(statements.ENTER_GATE.encode())
            writer = RoundWriter(connection, self._booking, now)
            admitted: list[Admitted] = []
            outcomes: dict[UUID, str | None] = {}
            more = False
            if woken:
                await self._read_switches(connection, now)
                for symbol in await read_anew(connection, self._hosted):
                    rounds.pop(symbol, None)
                wanted, asked = await arrived(connection)
                more = MOST in (len(wanted), len(asked))
                wanted = [one for one in wanted if self._may_work(one.order.symbol, only, now)]
                asked = [one for one in asked if self._may_work(one.symbol or "", only, now)]
                await self._host_for(connection, rounds, wanted, asked, now, only)
                writer.news += await carry_out(connection, self._actions.due, rounds, now)
                admitted = await self._admit(rounds, writer, wanted, now)
                outcomes = self._ask(rounds, asked)
                self._work(rounds, quotes, now)
            await enter(connection, self._ledger, rounds.values(), now)
            await writer.write(list(rounds.values()), admitted)
            await write_equity(connection, writer.flat_accounts, now)
            await writer.done(outcomes)
            await writer.tell()
            await writer.confirm()
            if self._hosted.keys() - before:
                await connection.execute(statements.FOLLOW, {"channel": FOLLOW_CHANNEL})
            await self._unchanged(connection)
        FILLS.labels("simulation").inc(writer.executed)
        return more

    async def _read_switches(self, connection: RawConnection, now: datetime) -> None:
        switches = await read_switches(connection, self._switches, self._halt_file(), now)
        if switches != self._switches:
            self._switches = switches
            self._look_everywhere()

    def _look_everywhere(self) -> None:
        for hosted in self._hosted.values():
            hosted.switched = True

    async def _unchanged(self, connection: RawConnection) -> None:
        """Make sure that no switch was set since this round began to decide (T28)."""
        row = await (await connection.execute(statements.UNCHANGED)).fetchone()
        if (
            row is None
            or row[0] != self._switches.epoch
            or self._halt_file() != self._switches.file
        ):
            raise LatchMoved("A switch was set meanwhile: the round is done again.")

    async def _host(self, connection: RawConnection, symbols: Iterable[str]) -> None:
        missing = [symbol for symbol in symbols if symbol not in self._hosted]
        for symbol, traded in (await self._traded_for(None, missing)).items():
            if traded is not None:
                self._hosted[symbol] = await load(connection, traded)

    async def _host_for(
        self,
        connection: RawConnection,
        rounds: dict[str, Round],
        wanted: Sequence[WantedEntry],
        asked: Sequence[Request],
        now: datetime,
        only: frozenset[str] | None,
    ) -> None:
        if self._evicted:
            await self._host(connection, await live_symbols(connection))
            self._evicted = False
        symbols = {one.order.symbol for one in wanted} | {one.symbol for one in asked if one.symbol}
        await self._host(connection, sorted(symbols))
        for symbol, hosted in self._hosted.items():
            wants = symbol in symbols or hosted.wants_work(to_instant(now))
            if wants and self._may_work(symbol, only, now):
                one = rounds.setdefault(symbol, self._begin(hosted, now, None))
                if hosted.switched:
                    one.look_at_all()

    async def _admit(
        self,
        rounds: Mapping[str, Round],
        writer: RoundWriter,
        wanted: Sequence[WantedEntry],
        now: datetime,
    ) -> list[Admitted]:
        admitted = []
        for one in wanted:
            user_id, symbol = one.order.account.user_id, one.order.symbol
            stopped = self._switches.why_not(user_id, one.pipeline_id, one.created_at)
            if stopped is not None:
                writer.refuse(one.order, stopped)
                continue
            traded = (await self._traded_for(user_id, [symbol]))[symbol]
            there = rounds.get(symbol)
            stakes = (
                []
                if there is None
                else [
                    stake_of(other.position)
                    for other in there.hosted.of_account(one.order.account.id)
                ]
            )
            found = examine(one, traded, stakes, now)
            if isinstance(found, NotTaken) or there is None:
                reason = found.reason if isinstance(found, NotTaken) else "not_tradable"
                writer.refuse(one.order, reason)
                continue
            there.admit(found.tracked, found.order)
            admitted.append(found)
        return admitted

    def _ask(self, rounds: Mapping[str, Round], asked: Sequence[Request]) -> dict[UUID, str | None]:
        return {one.id: hand_over(one, rounds) for one in asked}

    def _evict(self, rounds: Iterable[str]) -> None:
        """Forget what was worked on: the database says how it stands."""
        for symbol in rounds:
            self._hosted.pop(symbol, None)
        self._evicted = True

    def _tidy(self, rounds: Mapping[str, Round], now: datetime) -> None:
        """Drop what is done where work was done."""
        for symbol, one in rounds.items():
            hosted = one.hosted
            forget_ended(hosted)
            hosted.rest()
            if hosted.idle:
                del self._hosted[symbol]
        if now - self._shown_at >= _SHOWN_EVERY:
            self._shown_at = now
            show(self._hosted.values(), sum(until > now for until in self._quarantine.values()))
