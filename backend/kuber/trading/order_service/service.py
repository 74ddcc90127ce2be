"""The order service: one process at a time hosts the simulated venue and manages positions.

What fails, fails alone: where a round fails each of its instruments has a round of its own, and
where that fails the position (or the intent) that it fails with is found and set aside.
"""

from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from kuber.exchange.events import Quote
from kuber.exchange.units import to_instant
from kuber.infra.db import RawConnection
from kuber.kernel.clock import Clock
from kuber.trading.errors import PositionFailed
from kuber.trading.order_service import statements
from kuber.trading.order_service.asides import reason_of
from kuber.trading.order_service.isolating import culprits
from kuber.trading.order_service.reading import arrived, live_positions, live_symbols
from kuber.trading.order_service.rounds import QUARANTINE, Quotes, Rounds, TradedFor
from kuber.trading.order_service.scope import Scope, is_away
from kuber.trading.order_service.writing import RoundWriter
from kuber.trading.order_types import SwitchState
from kuber.trading.reconciliation.accounts import reconcile_at_start
from kuber.trading.reconciliation.comparing import Difference

log = structlog.get_logger(__name__)

_MOST_TURNS = 200
"""So many positions and intents of an instrument are set aside at once, at most."""


class OrderService(Rounds):
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
        super().__init__(connection, clock, traded_for, halt_file)
        self._quotes: dict[str, list[Quote]] = {}

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
        await self._asides.read(connection)
        await self._host(connection, await live_symbols(connection))

    def due_in_s(self, most_s: float) -> float:
        """Return for how long nothing falls due."""
        if self._woken or self._quotes:
            return 0.0
        now = self._clock.now()
        dues = [one.due_at for one in self._hosted.values() if one.due_at is not None]
        dues += map(to_instant, (*self._asides.dues(), *self._quarantine.values()))
        at = to_instant(now)
        return min([most_s, *((due - at) / 1_000_000 for due in dues if due > at)])

    async def round(self) -> bool:
        """Do one round; return whether there may be more to do at once.

        Raises BookLost, LatchMoved, and what the database raises when it is away.
        """
        quotes, self._quotes = self._quotes, {}
        more = False
        try:
            more = await self.work(quotes)
        except Exception as error:
            if is_away(error):
                self._keep(quotes)
                raise
            log.exception("round_failed", consequence="each instrument has a round of its own")
            came, asked, _ = await arrived(self._connection)
            self._failed |= {one.order.symbol for one in came}
            self._failed |= {one.symbol for one in asked if one.symbol}
            self._woken = False
        failed = sorted(self._failed)
        for symbol in failed:
            await self._isolate(symbol, quotes)
        if failed:
            self._watched_at = self._clock.now()
        await self._set_aside_unread()
        await self._try_again()
        return more

    def _keep(self, quotes: Quotes) -> None:
        """Put prices back that were not worked; what came meanwhile comes after them."""
        later, self._quotes = self._quotes, {name: list(some) for name, some in quotes.items()}
        for symbol, some in later.items():
            self._quotes.setdefault(symbol, []).extend(some)

    async def _isolate(self, symbol: str, quotes: Quotes) -> None:
        """Do a round of one instrument, without the positions and intents that it fails with."""
        vanished = False
        for _ in range(_MOST_TURNS):
            self._evict((symbol,))
            try:
                await self.work(quotes, Scope(symbol))
                return
            except PositionFailed as error:
                found: Mapping[str, Exception] | None = {error.name: error}
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("instrument_failed", symbol=symbol)
                found = await self._search(symbol, quotes)
            if found == {} and not vanished:  # all of them together do not fail any more
                vanished = True
            elif not found or not await self._leave_all(found):
                break
        log.error("instrument_left_alone", symbol=symbol, seconds=QUARANTINE.total_seconds())
        self._quarantine[symbol] = self._clock.now() + QUARANTINE

    async def _search(self, symbol: str, quotes: Quotes) -> Mapping[str, Exception] | None:
        """Return the positions and intents with which a round of an instrument fails."""

        async def failure_with(names: frozenset[str]) -> Exception | None:
            self._evict((symbol,))
            try:
                await self.work(quotes, Scope(symbol, trial=names))
            except Exception as error:
                if is_away(error):
                    raise
                return error
            return None

        wanted, _, _ = await arrived(self._connection)
        intents = [str(one.order.id) for one in wanted if one.order.symbol == symbol]
        positions = await live_positions(self._connection, symbol)
        return await culprits([*positions, *intents], failure_with)

    async def _leave_all(self, found: Mapping[str, Exception]) -> bool:
        """Set positions aside and refuse intents; return whether that could be done."""
        try:
            for name, error in found.items():
                if not await self._asides.mark(self._connection, name, error, self._clock.now()):
                    await self._refuse(name, error)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("not_set_aside", names=list(found))
            return False
        return True

    async def _refuse(self, name: str, error: Exception) -> None:
        """Refuse an intent with which a round fails, in a transaction of its own."""
        now = self._clock.now()
        self._left[UUID(name)] = now + QUARANTINE
        log.error("intent_refused", order_id=name, exc_info=error)
        async with self._connection.transaction():
            wanted, _, _ = await arrived(self._connection)
            writer = RoundWriter(self._connection, self._booking, now)
            for one in wanted:
                if str(one.order.id) == name:
                    writer.refuse(one.order, f"cannot_be_worked: {reason_of(error)}")
            await writer.write(())
            await writer.tell()

    async def _set_aside_unread(self) -> None:
        """Keep on record which positions could not be read; they are left alone already."""
        unread, self._unread = self._unread, {}
        if unread and await self._leave_all(unread):
            gone = unread.keys() - self._asides.ids
            self._evict([name for name, one in self._hosted.items() if gone & one.aside.keys()])

    async def _try_again(self) -> None:
        """Work one of the positions again that were set aside, alone."""
        now = self._clock.now()
        due = self._asides.due(now)
        if due is None:
            return
        position_id, symbol = due
        if self._quarantine.get(symbol, now) > now:
            self._asides.postpone(position_id, now)
            return
        self._evict((symbol,))
        try:
            await self.work({}, Scope(symbol, returning=position_id))
        except Exception as error:
            self.wake()
            if is_away(error):
                raise
            if not await self._leave_all({position_id: error}):
                self._asides.postpone(position_id, now)
            return
        self._asides.done(position_id)
        log.info("position_worked_again", position_id=position_id, symbol=symbol)

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
