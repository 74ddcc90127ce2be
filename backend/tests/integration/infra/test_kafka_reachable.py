"""A consumer can tell a cluster that is away from one that has no messages."""

import asyncio
from uuid import uuid4

from kuber.infra.embedded.process import free_port
from kuber.infra.kafka_consumer import KafkaConsumer
from tests.fixtures.waiting import LIMIT_S


async def becomes(consumer: KafkaConsumer, *, reachable: bool) -> None:
    """Poll, as the library asks for, until the consumer says so."""
    async with asyncio.timeout(LIMIT_S):
        while consumer.reachable is not reachable:
            await consumer.poll(1, 0.1)


async def test_a_cluster_that_is_away_is_not_reachable() -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    consumer = KafkaConsumer(nowhere, group=f"test-{uuid4()}", topics=["audit.event"])
    try:
        await becomes(consumer, reachable=False)
    finally:
        await consumer.close()


async def test_a_cluster_whose_coordinator_answers_is_reachable(kafka_bootstrap: str) -> None:
    consumer = KafkaConsumer(
        kafka_bootstrap, group=f"test-{uuid4()}", topics=["executions.reconcile"]
    )
    try:
        for _ in range(25):  # past the library's first look
            await consumer.poll(1, 0.1)
        await becomes(consumer, reachable=True)
    finally:
        await consumer.close()
