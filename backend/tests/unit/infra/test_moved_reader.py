"""What the library had read when the reader was moved is not read a second time."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from confluent_kafka import KafkaError, TopicPartition

from kuber.infra import kafka_consumer
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.infra.kafka_unreadable import Batch, Place, Unreadable
from tests.fakes.kafka_batches import batch

BAD = KafkaError(KafkaError._BAD_COMPRESSION)


def came(partition: int, offset: int, error: KafkaError | None = None) -> Any:
    """Return what the library hands over."""
    values: dict[str, object] = {
        "topic": "t",
        "partition": partition,
        "offset": offset,
        "error": error,
        "timestamp": (1, 1),
        "key": None,
        "value": b"x",
        "headers": None,
    }
    return SimpleNamespace(**{name: answering(value) for name, value in values.items()})


def answering(value: object) -> Callable[[], object]:
    return lambda: value


class Library:
    """Has `queued` to hand over, once."""

    queued: ClassVar[list[Any]] = []

    def __init__(self, _: object) -> None:
        self.sought: list[tuple[int, int]] = []

    def subscribe(self, *_: object, **__: object) -> None: ...

    def resume(self, _: object) -> None: ...

    def poll(self, _: float) -> Any:
        return self.queued.pop(0) if self.queued else None

    def consume(self, limit: int, _: float) -> list[Any]:
        taken, self.queued[:] = self.queued[:limit], self.queued[limit:]
        return taken

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition("t", 0), TopicPartition("t", 1)]

    def seek(self, place: TopicPartition) -> None:
        self.sought.append((place.partition, place.offset))

    def close(self) -> None: ...


class Looking:
    """Finds that the one offset that it is asked about cannot be read."""

    def __init__(self, *_: object) -> None: ...

    def unreadable(self, _: Place, offset: int, why: str | None) -> Unreadable:
        return Unreadable(offset, offset, str(why), Batch(batch()[:61], b"", 61, 99))


async def test_what_comes_with_a_complaint_is_taken_once_and_other_partitions_are_not_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queued = [came(0, 4), came(0, 5, BAD), came(0, 5, BAD), came(1, 7), came(0, 6)]
    monkeypatch.setattr(Library, "queued", queued)
    monkeypatch.setattr(kafka_consumer, "Consumer", Library)
    monkeypatch.setattr(kafka_consumer, "Looker", Looking)
    consumer = KafkaConsumer("nowhere", group="g", topics=["t"])
    read = await consumer.poll(10, 0)
    assert [(one.partition, one.offset, one.undecodable is None) for one in read] == [
        (0, 4, True),
        (0, 5, False),
        (1, 7, True),
    ]
    queued += [came(0, 6)]  # again, from where the reader was moved to
    assert [(one.partition, one.offset) for one in await consumer.poll(10, 0)] == [(0, 6)]
    await consumer.close()
