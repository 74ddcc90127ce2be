"""The long-running order service: one acts, others stand by; woken by the database."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from psycopg import AsyncConnection
from psycopg import Error as DatabaseError

from kuber.infra.db import IMPATIENT, JsonObject, RawConnection
from kuber.infra.heartbeats import Progress
from kuber.infra.tasks import end_tasks
from kuber.market.feed.notifying import QUOTES_CHANNEL, quotes_of
from kuber.realtime.database_channels import DatabaseChannels
from kuber.trading.errors import BookLost, LatchMoved
from kuber.trading.order_service.prices import NewestQuotes, priced
from kuber.trading.order_service.service import OrderService
from kuber.trading.order_service.statements import ORDERS_CHANNEL
from kuber.trading.order_types import SwitchState

log = structlog.get_logger(__name__)

_LOCK = 0x6B756265725F6F
"""Advisory lock: orders leave from one process."""
_TRY_LOCK = "select pg_try_advisory_lock(%s)"
_STAND_BY_S = 1.0
_TICK_S = 1.0
_NEWEST_EVERY_S = 1.0
_WATCHED_EVERY_S = 5.0
_RECONCILE_AGAIN_S = 30.0
_FILE_EVERY_S = 0.25
"""How often the halt file is looked at: a halt acts within a second (T28)."""
# A process that was stopped within a transaction gives it up, and with it the lock.
_SESSION = "-c idle_in_transaction_session_timeout=5000"


class OrdersService:
    """Runs rounds: at once when intents, requests, switches or prices come, and each second."""

    name = "orders"

    def __init__(
        self,
        database_url: str,
        make: Callable[[RawConnection], OrderService],
        quotes: NewestQuotes,
        halt_file: Callable[[], SwitchState],
    ) -> None:
        """`make` makes the service on the connection that holds the lock; `halt_file` tells the
        switch that was set without the database."""
        self.progress = Progress()
        self._database_url = database_url
        self._make = make
        self._quotes = quotes
        self._halt_file = halt_file
        self._service: OrderService | None = None
        self._wake = asyncio.Event()
        self._asked = True
        self._rounds = 0

    async def initialize(self) -> None:
        """Everything is opened by `run`."""

    async def run(self) -> None:
        """Work until cancelled; raises psycopg.Error when the database is lost."""
        connection = await AsyncConnection.connect(
            self._database_url,
            autocommit=True,
            application_name="kuber-orders",
            options=_SESSION,
            **IMPATIENT,
        )
        channels = DatabaseChannels(self._database_url)
        channels.take(ORDERS_CHANNEL, self._heard, self._look)
        channels.take(QUOTES_CHANNEL, self._heard_quotes)
        channels.start()
        try:
            await self._stand_by(connection)
            self._service = self._make(connection)
            await self._service.open()
            await self._reconcile(self._service)
            looking = asyncio.create_task(self._watch_file())
            try:
                await self._work(self._service)
            finally:
                await end_tasks([looking])
        finally:
            self._service = None
            await channels.close()
            with suppress(DatabaseError):
                await connection.close()

    async def cleanup(self) -> None:
        """Everything is closed by `run`."""

    def status(self) -> JsonObject:
        """Return whether this instance acts, and on what."""
        service = self._service
        return {
            "role": "active" if service is not None else "standby",
            "rounds": self._rounds,
            "instruments": 0 if service is None else len(service.symbols),
            "entries_wait": service is None or service.entries_wait,
        }

    async def _reconcile(self, service: OrderService) -> None:
        """Reconcile, so that entries may leave; where that fails exits go on without them (M15)."""
        try:
            await service.reconcile()
        except DatabaseError:
            raise
        except Exception:
            log.exception("not_reconciled")

    async def _stand_by(self, connection: RawConnection) -> None:
        while True:
            row = await (await connection.execute(_TRY_LOCK, (_LOCK,))).fetchone()
            if row and row[0]:
                log.info("orders_active")
                return
            self.progress.made()
            await asyncio.sleep(_STAND_BY_S)

    async def _work(self, service: OrderService) -> None:
        loop = asyncio.get_running_loop()
        watched_at = newest_at = 0.0
        reconciled_at = loop.time()
        while True:
            if service.entries_wait and loop.time() - reconciled_at >= _RECONCILE_AGAIN_S:
                reconciled_at = loop.time()
                await self._reconcile(service)
            self._wake.clear()
            if self._asked:
                self._asked = False
                service.wake()
            if loop.time() >= newest_at:
                await self._take_newest(service)
                newest_at = loop.time() + _NEWEST_EVERY_S
            try:
                if await service.round():
                    service.wake()
            except (BookLost, LatchMoved) as error:
                log.warning("round_done_again", reason=str(error))
                continue
            self._rounds += 1
            self.progress.made()
            if loop.time() - watched_at >= _WATCHED_EVERY_S:
                await service.watched()
                watched_at = loop.time()
            with suppress(TimeoutError):
                async with asyncio.timeout(service.due_in_s(_TICK_S)):
                    await self._wake.wait()

    async def _watch_file(self) -> None:
        seen = self._halt_file()
        while True:
            await asyncio.sleep(_FILE_EVERY_S)
            if (found := self._halt_file()) is not seen:
                seen = found
                self._look()

    async def _take_newest(self, service: OrderService) -> None:
        """Take what is stored: of instruments that are new here, and of what was not heard."""
        if service.symbols:
            for symbol, quote in priced(await self._quotes(service.symbols)):
                service.take(symbol, quote)

    def _heard(self, _payload: str) -> None:
        self._look()

    def _look(self) -> None:
        self._asked = True
        self._wake.set()

    def _heard_quotes(self, payload: str) -> None:
        service = self._service
        if service is None:
            return
        for symbol, quote in priced(quotes_of(payload)):
            if service.take(symbol, quote):
                self._wake.set()
