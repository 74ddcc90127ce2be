"""The service that takes order intents of outside agents from Kafka."""

from collections.abc import Callable

from kuber.infra.db import JsonObject, RawPool
from kuber.infra.heartbeats import Progress
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.kernel.clock import Clock
from kuber.workers.consumer import ConsumerOptions, Handler, MessageLoop


class IntentsService:
    """One consumer of `decisions.order_intent`; several share its partitions."""

    name = "intents"

    def __init__(
        self,
        make_consumer: Callable[[], KafkaConsumer],
        handler: Handler,
        pool: RawPool,
        clock: Clock,
    ) -> None:
        self.progress = Progress()
        self._make_consumer = make_consumer
        self._handler = handler
        self._pool = pool
        self._clock = clock
        self._consumer: KafkaConsumer | None = None
        self._loop: MessageLoop | None = None

    async def initialize(self) -> None:
        """Join the group."""
        self._consumer = self._make_consumer()
        self._loop = MessageLoop(
            self._consumer,
            self._handler,
            self._pool,
            self._clock,
            ConsumerOptions(self.name),
            self.progress,
        )

    async def run(self) -> None:
        """Consume until cancelled."""
        assert self._loop is not None, "initialize comes first"
        await self._loop.run()

    async def cleanup(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            await self._consumer.close()
            self._consumer = None

    def status(self) -> JsonObject:
        """Return how many messages were done and put away, and what Kafka refuses."""
        loop = self._loop
        problem = loop.problem if loop else None
        return {
            "messages": loop.handled if loop else 0,
            "put_away": loop.rejected if loop else 0,
        } | ({"waiting_for_kafka": problem} if problem else {})
