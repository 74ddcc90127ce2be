"""What the process of the relay works with."""

import asyncio

from kuber.infra.kafka import CONFIRMED_BY, KafkaProducer
from kuber.infra.kafka_offsets import TopicOffsets
from kuber.infra.pulse import keep_beating
from kuber.startup import load_settings, observe, reveal, serve_metrics
from kuber.workers.relay import OutboxRelay


async def run_relay() -> None:
    """Publish the outbox to Kafka until cancelled."""
    settings = load_settings()
    observe(settings, "relay")
    serve_metrics(settings)
    bootstrap = settings.kafka_bootstrap
    producer = KafkaProducer(bootstrap, client_id="kuber-relay")
    offsets = [TopicOffsets(bootstrap, topic, group) for topic, group in CONFIRMED_BY.items()]
    pulse = asyncio.create_task(keep_beating(settings.pulse_file))
    try:
        await OutboxRelay(reveal(settings.database_url), producer, offsets).run()
    finally:
        pulse.cancel()
        producer.close()
        for one in offsets:
            one.close()
