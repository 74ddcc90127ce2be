"""Keeps the dispatcher's index as the database has it: loaded at start, changed by notices."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.service import tiers_of
from kuber.infra.db import Database
from kuber.kernel.ids import PipelineId
from kuber.pipelines.subscriptions import CHANNEL, SignalPipeline, signal_pipelines
from kuber.pipelines.types import EVERY_DIRECTION_BUT_FLAT
from kuber.signals.index import Subscriber, SubscriptionIndex

log = structlog.get_logger(__name__)

TickersOf = Callable[[AsyncSession, Collection[UUID]], Awaitable[dict[UUID, tuple[str, ...]]]]
"""Reads the tickers of scanners."""

_GATHER_S = 0.05
"""How long notices are gathered: a change of many pipelines is read at once."""
_CHECK_EVERY_S = 10.0
"""How long silence is believed; then the connection must answer within the same time."""
_TCP = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}
"""A peer that is gone without a word is noticed by the kernel within about ten seconds."""


class SubscriptionWatch:
    """Fills `on_index` with a new index after each connection, and changes it by notices."""

    def __init__(
        self,
        database: Database,
        tickers_of: TickersOf,
        on_index: Callable[[SubscriptionIndex], None],
        check_every_s: float = _CHECK_EVERY_S,
    ) -> None:
        self._database = database
        self._tickers_of = tickers_of
        self._on_index = on_index
        self._check_every_s = check_every_s
        self.index = SubscriptionIndex()

    async def run(self, loaded: asyncio.Event) -> None:
        """Follow the database until cancelled; sets `loaded` once the first index is there.

        Listening begins before loading, so that no change falls between the two. Raises
        psycopg.Error when the connection is lost, also when it only fell silent: what was missed
        is made good by a new start, which loads everything again.
        """
        async with await psycopg.AsyncConnection.connect(
            make_conninfo(self._database.url, **_TCP),
            autocommit=True,
            application_name="kuber-subscriptions",
            connect_timeout=5,
        ) as connection:
            await connection.execute(f"listen {CHANNEL}".encode())
            await self.load()
            loaded.set()
            while True:
                waiting = connection.notifies(timeout=self._check_every_s, stop_after=1)
                changed = {notice.payload async for notice in waiting}
                if not changed:
                    await self._must_answer(connection)
                    continue
                changed |= {
                    notice.payload async for notice in connection.notifies(timeout=_GATHER_S)
                }
                await self.reload(changed)

    async def _must_answer(self, connection: psycopg.AsyncConnection) -> None:
        """Raise psycopg.Error unless PostgreSQL answers in time."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._check_every_s, _cut, connection.pgconn.socket)
        try:
            await connection.execute("select 1")
        finally:
            timer.cancel()

    async def load(self) -> None:
        """Build the index of all active pipelines."""
        async with self._database.transaction() as session:
            subscribers = await subscribers_of(
                session, await signal_pipelines(session), self._tickers_of
            )
        self.index = await asyncio.to_thread(SubscriptionIndex, subscribers)
        self._on_index(self.index)
        log.info("subscriptions_loaded", pipelines=len(self.index))

    async def reload(self, changed: Collection[str]) -> None:
        """Read again what notices (`pipeline:<id>`, `scanner:<id>`, `user:<id>`) name."""
        pipelines = {UUID(name.partition(":")[2]) for name in changed if name[:9] == "pipeline:"}
        async with self._database.transaction() as session:
            found = {
                item.pipeline_id: item
                for item in await signal_pipelines(session, pipeline_ids=list(pipelines))
            }
            for name in changed:
                kind, _, text = name.partition(":")
                if kind == "scanner":
                    more = await signal_pipelines(session, scanner_id=UUID(text))
                elif kind == "user":
                    more = await signal_pipelines(session, user_id=UUID(text))
                else:
                    continue
                found |= {item.pipeline_id: item for item in more}
            subscribers = await subscribers_of(session, list(found.values()), self._tickers_of)
        present = {subscriber.pipeline_id for subscriber in subscribers}
        for pipeline_id in ({*pipelines} | {*found}) - present:
            self.index.remove(PipelineId(pipeline_id))
        for subscriber in subscribers:
            self.index.put(subscriber)
            await asyncio.sleep(0)  # signals are matched in between
        log.info("subscriptions_changed", notices=len(changed), pipelines=len(self.index))


async def subscribers_of(
    session: AsyncSession, pipelines: list[SignalPipeline], tickers_of: TickersOf
) -> list[Subscriber]:
    """Return what the index knows of these pipelines; those without a ticker are left out."""
    scanners = {item.trigger.scanner_id for item in pipelines if item.trigger.scanner_id}
    tickers = await tickers_of(session, scanners) if scanners else {}
    tiers = await tiers_of(session, {item.user_id for item in pipelines})
    return [
        Subscriber(
            pipeline_id=item.pipeline_id,
            user_id=item.user_id,
            tier=tiers[item.user_id],
            thresholds={s.signal_type: s.min_confidence for s in item.trigger.subscriptions},
            tickers=tickers[item.trigger.scanner_id],
            market_hours_only=item.trigger.market_hours_only,
            directions={
                s.signal_type: frozenset(s.directions)
                for s in item.trigger.subscriptions
                if s.directions != EVERY_DIRECTION_BUT_FLAT
            },
        )
        for item in pipelines
        if item.user_id in tiers
        and item.trigger.scanner_id in tickers
        and tickers[item.trigger.scanner_id]
    ]


def _cut(descriptor: int) -> None:
    # Cancelling the statement instead would first ask the server, which does not answer.
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
