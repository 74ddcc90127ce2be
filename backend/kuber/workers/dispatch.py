"""The dispatcher as a service: follows the subscriptions, consumes signals."""

import asyncio
from collections.abc import Callable

from kuber.infra.db import JsonObject, RawPool
from kuber.infra.heartbeats import Progress
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.kernel.clock import Clock
from kuber.signals.dispatcher import Dispatcher
from kuber.signals.subscriptions import SubscriptionWatch
from kuber.workers.consumer import ConsumerOptions, MessageLoop

_LOAD_WITHIN_S = 60.0


class DispatchService:
    """One dispatcher; several share the partitions of the topic."""

    name = "dispatcher"

    def __init__(
        self,
        make_consumer: Callable[[], KafkaConsumer],
        dispatcher: Dispatcher,
        watch: SubscriptionWatch,
        pool: RawPool,
        clock: Clock,
        options: ConsumerOptions,
    ) -> None:
        self._make_consumer = make_consumer
        self._dispatcher = dispatcher
        self._watch = watch
        self._pool = pool
        self._clock = clock
        self._options = options
        self.progress = Progress()
        self._consumer: KafkaConsumer | None = None
        self._watching: asyncio.Task[None] | None = None
        self._loop: MessageLoop | None = None

    async def initialize(self) -> None:
        """Load the subscriptions, then join the group: no signal meets an empty index."""
        loaded = asyncio.Event()
        self._watching = asyncio.create_task(self._watch.run(loaded))
        waiting = asyncio.create_task(loaded.wait())
        await asyncio.wait(
            (waiting, self._watching), timeout=_LOAD_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        if self._watching.done():
            await self._watching
        if not loaded.is_set():
            raise TimeoutError(f"the subscriptions were not loaded within {_LOAD_WITHIN_S:g} s")
        self._consumer = self._make_consumer()
        self._loop = MessageLoop(
            self._consumer,
            self._dispatcher.handle,
            self._pool,
            self._clock,
            self._options,
            self.progress,
        )

    async def run(self) -> None:
        """Consume until cancelled, or until the subscriptions cannot be followed any more."""
        assert self._loop is not None
        assert self._watching is not None
        consuming = asyncio.create_task(self._loop.run())
        try:
            await asyncio.wait((consuming, self._watching), return_when=asyncio.FIRST_COMPLETED)
        finally:
            consuming.cancel()
            done, _ = await asyncio.wait((consuming,))
        for task in (*done, self._watching):
            if task.done() and not task.cancelled():
                task.result()

    async def cleanup(self) -> None:
        """Leave the group and stop following."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        if self._consumer is not None:
            await self._consumer.close()
            self._consumer = None

    def status(self) -> JsonObject:
        """Return how many pipelines wait for signals, how many messages were done, what could not
        be read, and what Kafka refuses."""
        loop = self._loop
        problem = loop.problem if loop else None
        undecodable = loop.undecodable if loop else 0
        return (
            {
                "pipelines": len(self._watch.index),
                "messages": loop.handled if loop else 0,
                "put_away": loop.rejected if loop else 0,
            }
            | ({"undecodable": undecodable} if undecodable else {})
            | ({"waiting_for_kafka": problem} if problem else {})
        )
