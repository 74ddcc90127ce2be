"""The service that links the record and sends it to Kafka."""

import asyncio
from collections.abc import Callable

import structlog
from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow

from kuber.audit.linker import BATCH, Linker, NotTheLinker
from kuber.audit.publishing import ChainPublisher
from kuber.infra.db import IMPATIENT, JsonObject
from kuber.infra.heartbeats import Progress
from kuber.infra.kafka import KafkaProducer, KafkaUnavailable

log = structlog.get_logger(__name__)

LINK_EVERY_S = 0.25
PUBLISH_EVERY_S = 0.5
RETRY_S = 2.0
# The server's side: a machine that is gone, or a process that is stopped within a transaction,
# gives the lock back within half a minute.
_SESSION = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c idle_in_transaction_session_timeout=20000"
)


class AuditService:
    """Links what is pending four times a second; a second instance stands by.

    Kafka has its own task: while it is away the chain goes on.
    """

    name = "audit"

    def __init__(
        self, database_url: str, linker: Linker, producer: Callable[[], KafkaProducer]
    ) -> None:
        self.progress = Progress()
        self._database_url = database_url
        self._linker = linker
        self._make_producer = producer
        self._producer: KafkaProducer | None = None
        self._linked = 0
        self._published = 0
        self._links = False

    async def initialize(self) -> None:
        self._producer = self._make_producer()

    async def run(self) -> None:
        """Link and publish until cancelled; raises what PostgreSQL raises."""
        async with await self._connect("kuber-audit-linker") as connection:
            await self._take_the_lock(connection)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish())
                tasks.create_task(self._link(connection))

    async def cleanup(self) -> None:
        self._links = False
        await asyncio.to_thread(self._linker.rest)
        if self._producer is not None:
            await asyncio.to_thread(self._producer.close)

    def status(self) -> JsonObject:
        return {
            "links": self._links,
            "linked": self._linked,
            "published": self._published,
            "chain_position": self._linker.tip.position,
        }

    async def _connect(self, name: str) -> AsyncConnection[TupleRow]:
        return await AsyncConnection.connect(
            self._database_url,
            autocommit=True,
            application_name=name,
            options=_SESSION,
            **IMPATIENT,
        )

    async def _take_the_lock(self, connection: AsyncConnection[TupleRow]) -> None:
        while True:
            try:
                await self._linker.begin(connection)
            except NotTheLinker:
                self._links = False
                self.progress.made()  # standing by is this instance's work
                await asyncio.sleep(RETRY_S)
            else:
                self._links = True
                log.info("audit_linker_active", chain_position=self._linker.tip.position)
                return

    async def _link(self, connection: AsyncConnection[TupleRow]) -> None:
        while True:
            linked = await self._linker.link(connection)
            self._linked += linked
            self.progress.made()
            if linked < BATCH:
                await asyncio.sleep(LINK_EVERY_S)

    async def _publish(self) -> None:
        assert self._producer is not None, "initialize comes first"
        publisher = ChainPublisher(self._producer)
        while True:
            try:
                async with await self._connect("kuber-audit-publisher") as connection:
                    while True:
                        sent = await publisher.publish(connection)
                        self._published += sent
                        if not sent:
                            await asyncio.sleep(PUBLISH_EVERY_S)
            except (KafkaUnavailable, OperationalError) as error:
                log.warning("audit_not_published", reason=str(error))
                await asyncio.sleep(RETRY_S)
            except Exception:
                log.exception("audit_publishing_failed")  # the chain goes on all the same
                await asyncio.sleep(RETRY_S)
