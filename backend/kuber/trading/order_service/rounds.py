"""Rounds over all instruments or one alone, each written in one transaction."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import structlog
from psycopg import Rollback

from kuber.exchange.events import Quote
from kuber.exchange.units import to_instant
from kuber.infra.db import RawConnection
from kuber.kernel.clock import Clock
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from kuber.market.feed.notifying import FOLLOW_CHANNEL
from kuber.trading.account_news import News
from kuber.trading.booking import AnswerRows
from kuber.trading.errors import LatchMoved
from kuber.trading.management.facts import CloseAsked
from kuber.trading.management.position import Reason
from kuber.trading.order_service import statements
from kuber.trading.order_service.admitting import NotTaken, examine
from kuber.trading.order_service.arrivals import Arrived
from kuber.trading.order_service.asides import Asides
from kuber.trading.order_service.corporate.carrying import carry_out
from kuber.trading.order_service.corporate.looking import ActionKeeper
from kuber.trading.order_service.entering import enter
from kuber.trading.order_service.equity import EquityKeeper, write_equity
from kuber.trading.order_service.figures import FILLS, ROUND_SECONDS, show
from kuber.trading.order_service.held import Hosted, Tracked
from kuber.trading.order_service.margins import accounts_with_shorts, called
from kuber.trading.order_service.reading import MOST, arrived, live_symbols, load
from kuber.trading.order_service.resets import read_anew
from kuber.trading.order_service.round import Round
from kuber.trading.order_service.scope import EVERYTHING, Scope, is_away
from kuber.trading.order_service.switches import Switches, read_switches
from kuber.trading.order_service.traded import Traded
from kuber.trading.order_service.writing import RoundWriter, forget_ended
from kuber.trading.order_types import SwitchState
from kuber.trading.switch_table import Switch

log = structlog.get_logger(__name__)

GAP = timedelta(seconds=10)
"""Prices that nobody looked at for so long may have passed a stop (M14)."""
_MARGINS_EVERY = timedelta(seconds=1)
_SHOWN_EVERY = timedelta(seconds=1)
QUARANTINE = timedelta(seconds=30)

Quotes = Mapping[str, Sequence[Quote]]
TradedFor = Callable[[UUID | None, Iterable[str]], Awaitable[dict[str, Traded | None]]]
"""Tells how symbols are traded as a user sees them, or, for None, by themselves; None where they
cannot be."""


class Rounds:
    """Hosts instruments and works them. What a round that fails worked on is read anew."""

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
        self._woken = True
        self._watched_at: datetime | None = None
        self._quarantine: dict[str, datetime] = {}
        self._left: dict[UUID, datetime] = {}
        """Intents that can be neither taken nor refused, and until when they are left alone."""
        self._failed: set[str] = set()
        """Instruments that the last round left out, or failed with."""
        self._unread: dict[str, Exception] = {}
        """Positions that could not be read, to be set aside."""
        self._since: int | None = None
        """Nobody looked at prices from then until now, None where somebody did."""
        self._asides = Asides()
        self._equity = EquityKeeper()
        self._actions = ActionKeeper()
        self._margins_at = self._shown_at = datetime.min.replace(tzinfo=UTC)
        self._evicted = False
        """Whether instruments with positions may be missing in `_hosted`."""
        self.entries_wait = True
        """Until the accounts are reconciled (M15)."""

    async def work(self, quotes: Quotes, scope: Scope = EVERYTHING) -> bool:
        """Do one round; return whether more has come than one round takes.

        An instrument that fails in memory is left out and is in `_failed`. Where the round is
        about one alone it raises what that fails with; else what the database raises.
        """
        now = self._clock.now()
        halted = self._halt_file() != self._switches.file
        woken = self._woken or halted or self._release(now) or scope.symbol is not None
        if scope.symbol is None:
            woken |= await self._actions.look(self._connection, self._hosted, now)
            self._woken = False
            self._failed = set()
        since = self._since = self._gap(now)
        rounds = {
            symbol: self._begin(hosted, now)
            for symbol, hosted in self._hosted.items()
            if self._may_work(symbol, scope, now)
            and (symbol in quotes or since is not None or hosted.wants_work(to_instant(now)))
        }
        more = False
        try:
            with ROUND_SECONDS.time():
                if scope.symbol is None:
                    await self._call_margins(rounds, now)
                    await self._equity.look(self._connection, self._hosted.values(), now)
                if not woken:
                    self._work(rounds, quotes, now, scope)
                if woken or not all(one.changes.nothing for one in rounds.values()):
                    held = quotes if woken else {}
                    more = await self._commit(rounds, held, now, scope, woken=woken)
        except BaseException:
            self._evict(rounds)
            if scope.symbol is None:
                self._failed |= rounds.keys()
                self._woken = True
            raise
        if scope.trial is not None:
            self._evict(rounds)
            return False
        if scope.symbol is None and not self._failed:
            self._watched_at = now
        self._tidy(rounds, now)
        return more

    async def _call_margins(self, rounds: dict[str, Round], now: datetime) -> None:
        """Close the largest short of each account that covers its shorts no more (M23)."""
        if now - self._margins_at < _MARGINS_EVERY:
            return
        self._margins_at = now
        accounts = accounts_with_shorts(self._hosted.values())
        for position_id in await called(self._connection, accounts, self._hosted.values()):
            for symbol, hosted in self._hosted.items():
                if position_id in hosted.tracked and self._may_work(symbol, EVERYTHING, now):
                    one = rounds.setdefault(symbol, self._begin(hosted, now))
                    one.tell(position_id, CloseAsked(Reason.MARGIN_CALL))

    def _may_work(self, symbol: str, scope: Scope, now: datetime) -> bool:
        return scope.covers(symbol) and self._quarantine.get(symbol, now) <= now

    def _gap(self, now: datetime) -> int | None:
        last = self._watched_at
        if last is None or now - last < GAP:
            return None
        for hosted in self._hosted.values():
            hosted.seen = None  # an old price decides nothing
        log.warning("positions_not_watched", since=last.isoformat(), until=now.isoformat())
        return to_instant(last)

    def _begin(self, hosted: Hosted, now: datetime) -> Round:
        return Round(
            hosted,
            now,
            self._switch_of,
            entries_wait=self.entries_wait,
            unwatched_since=self._since,
        )

    def _switch_of(self, tracked: Tracked) -> Switch:
        """Return what a position may do by the switches that are known now."""
        return self._switches.of(tracked)

    def _work(self, rounds: dict[str, Round], quotes: Quotes, now: datetime, scope: Scope) -> None:
        """Let time pass and prices in, everywhere; an instrument that fails is left out."""
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
                if scope.symbol is not None:
                    raise
                del rounds[symbol]
                self._evict((symbol,))
                self._failed.add(symbol)

    async def _commit(
        self, rounds: dict[str, Round], quotes: Quotes, now: datetime, scope: Scope, *, woken: bool
    ) -> bool:
        connection, before = self._connection, set(self._hosted)
        # Not in a pipeline: of a process that is stopped in one PostgreSQL does not say that it is
        # idle in a transaction, and would leave it its locks.
        async with connection.transaction() as transaction:
            await connection.execute(statements.ENTER_GATE.encode())
            writer = RoundWriter(connection, self._booking, now)
            came = Arrived()
            if woken:
                await self._read_switches(connection, now)
                for symbol in await read_anew(connection, self._hosted):
                    rounds.pop(symbol, None)
                came = await self._arrived(connection, now, scope)
                await self._host_for(connection, rounds, came, now, scope)
                writer.news += await self._carry_out(rounds, now)
                await self._admit(rounds, writer, came, now)
                came.hand_over(rounds)
                self._work(rounds, quotes, now, scope)
            await enter(connection, self._ledger, rounds.values(), now)
            await writer.write(list(rounds.values()), came.admitted_in(rounds))
            await write_equity(connection, writer.flat_accounts, now)
            await writer.done(came.outcomes_in(rounds))
            await writer.tell()
            await writer.confirm()
            if scope.trial is not None:
                raise Rollback(transaction)
            if self._hosted.keys() - before:
                await connection.execute(statements.FOLLOW, {"channel": FOLLOW_CHANNEL})
            await self._unchanged(connection)
        if scope.trial is None:
            FILLS.labels("simulation").inc(writer.executed)
        return came.more

    async def _carry_out(self, rounds: dict[str, Round], now: datetime) -> list[News]:
        """Do what splits and dividends want; where that fails, the next round leaves it alone."""
        try:
            return await carry_out(self._connection, self._actions.due, rounds, now)
        except Exception as error:
            if not is_away(error):
                self._actions.leave(now)
            raise

    async def _arrived(self, connection: RawConnection, now: datetime, scope: Scope) -> Arrived:
        came = Arrived()
        if scope.returning is not None:
            came.returning = await self._asides.take_back(connection, scope.returning)
        left = {id_ for id_, until in self._left.items() if until > now}
        wanted, asked, unread = await arrived(connection, left)
        for id_ in unread:
            self._left[id_] = now + QUARANTINE
        came.more = MOST in (len(wanted), len(asked))
        came.wanted = [
            one
            for one in wanted
            if self._may_work(one.order.symbol, scope, now) and scope.wants(str(one.order.id))
        ]
        came.asked = [one for one in asked if self._may_work(one.symbol or "", scope, now)]
        return came

    async def _host(
        self,
        connection: RawConnection,
        symbols: Iterable[str],
        scope: Scope = EVERYTHING,
        returning: Mapping[str, datetime] = MappingProxyType({}),
    ) -> None:
        missing = [symbol for symbol in symbols if symbol not in self._hosted]
        for symbol, traded in (await self._traded_for(None, missing)).items():
            if traded is None:
                continue
            only = scope.trial if symbol == scope.symbol else None
            hosted = await load(connection, traded, only=only, returning=returning)
            self._hosted[symbol] = hosted
            self._unread.update(hosted.unread)

    async def _host_for(
        self,
        connection: RawConnection,
        rounds: dict[str, Round],
        came: Arrived,
        now: datetime,
        scope: Scope,
    ) -> None:
        symbols = came.symbols
        if scope.symbol is not None:
            symbols.add(scope.symbol)
        elif self._evicted:
            await self._host(connection, await live_symbols(connection))
            self._evicted = False
        await self._host(connection, sorted(symbols), scope, came.returning)
        for symbol, hosted in self._hosted.items():
            wants = symbol in symbols or hosted.wants_work(to_instant(now))
            if wants and self._may_work(symbol, scope, now):
                one = rounds.setdefault(symbol, self._begin(hosted, now))
                if hosted.switched:
                    one.look_at_all()
                if hosted.returned:
                    one.take_back()

    async def _admit(
        self, rounds: Mapping[str, Round], writer: RoundWriter, came: Arrived, now: datetime
    ) -> None:
        for one in came.wanted:
            user_id, symbol = one.order.account.user_id, one.order.symbol
            stopped = self._switches.why_not(user_id, one.pipeline_id, one.created_at)
            if stopped is not None:
                writer.refuse(one.order, stopped)
                continue
            traded = (await self._traded_for(user_id, [symbol]))[symbol]
            there = rounds.get(symbol)
            stakes = [] if there is None else there.hosted.stakes_of(one.order.account.id)
            found = examine(one, traded, stakes, now)
            if isinstance(found, NotTaken) or there is None:
                reason = found.reason if isinstance(found, NotTaken) else "not_tradable"
                writer.refuse(one.order, reason)
                continue
            there.admit(found.tracked, found.order)
            came.admitted.append(found)

    def _evict(self, rounds: Iterable[str]) -> None:
        """Forget what was worked on: the database says how it stands."""
        for symbol in rounds:
            self._hosted.pop(symbol, None)
        self._evicted = True

    def _release(self, now: datetime) -> bool:
        """Let instruments be worked again that were left alone for long enough; return whether
        there are any."""
        over = [symbol for symbol, until in self._quarantine.items() if until <= now]
        for symbol in over:
            del self._quarantine[symbol]
        if over:
            self._evict(over)
        return bool(over)

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
            quarantined = sum(until > now for until in self._quarantine.values())
            show(self._hosted.values(), quarantined, len(self._asides.ids))
