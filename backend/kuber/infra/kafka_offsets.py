"""How far a topic goes and how far a consumer group has come in it, asked without joining it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from kuber.infra.kafka import KafkaUnavailable

_ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Extent:
    """The part of a partition that the cluster holds, from `low` up to but not with `high`.

    `done` is the offset that the group will read next, 0 when it has committed none.
    """

    low: int
    high: int
    done: int

    @property
    def passed(self) -> int:
        """Offsets below this will not be read by the group any more.

        What the cluster has thrown away counts only once the group has read all that is left:
        until then there is work for it, and sending more would push out more.
        """
        return self.high if max(self.low, self.done) >= self.high else self.done


class TopicOffsets:
    """Asks a cluster for the extents of one topic's partitions, as one group sees them."""

    def __init__(self, bootstrap: str, topic: str, group: str) -> None:
        self.topic = topic
        # It never subscribes, so the group does not know of it.
        self._group = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )

    async def read(self) -> Mapping[int, Extent]:
        """Return the extents by partition; raises KafkaUnavailable."""
        return await asyncio.to_thread(self._read)

    def close(self) -> None:
        self._group.close()

    def _read(self) -> Mapping[int, Extent]:
        try:
            topic = self._group.list_topics(self.topic, timeout=_ANSWER_WITHIN_S)
            places = [
                TopicPartition(self.topic, number) for number in topic.topics[self.topic].partitions
            ]
            committed = self._group.committed(places, timeout=_ANSWER_WITHIN_S)
            return {place.partition: self._extent(place) for place in committed}
        except KafkaException as error:
            raise KafkaUnavailable(str(error.args[0])) from error

    def _extent(self, place: TopicPartition) -> Extent:
        held = self._group.get_watermark_offsets(place, timeout=_ANSWER_WITHIN_S, cached=False)
        if held is None:
            raise KafkaUnavailable(f"no answer about {place.topic}, partition {place.partition}")
        return Extent(*held, done=max(0, place.offset))
