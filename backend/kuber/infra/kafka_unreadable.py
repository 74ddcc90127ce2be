"""What the cluster holds at a place that Kafka's library cannot read past, and how far it reaches.

The library tells of a batch that it cannot unpack, and fetches it again for ever. Of one whose
records make no sense it tells nothing. So the bytes are asked for without it, and where it is
silent a second reader of it shows whether it is to blame: answers come, and it makes nothing of
them. A cluster that is away or slow gives no answers, and nothing is held against its messages.
"""

import json
import socket
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import BufferedReader
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition

from kuber.infra.kafka import MAX_MESSAGE_BYTES, KafkaUnavailable

LARGEST_BATCH_BYTES = 32_000_000
"""A batch that is larger, as it comes or unpacked, is not read: it would fill the memory."""
READING: Mapping[str, str | int] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
    "fetch.wait.max.ms": 5,
    "fetch.max.bytes": LARGEST_BATCH_BYTES // 2,
    "receive.message.max.bytes": LARGEST_BATCH_BYTES,
    "queued.max.messages.kbytes": LARGEST_BATCH_BYTES // 1000,
    "allow.auto.create.topics": False,
}
"""How every reader reads; a second one has to fail at what the first one failed at."""
UNREADABLE = frozenset(
    {
        KafkaError._BAD_COMPRESSION,
        KafkaError._NOT_IMPLEMENTED,
        KafkaError._BAD_MSG,
        KafkaError.MSG_SIZE_TOO_LARGE,
    }
)
"""What the library says of the messages at an offset, not of the cluster."""

_ANSWER_WITHIN_S = 2.0
_TRIED_FOR_S = 3.0
_ANSWERS = 16
"""The library asks twelve times with a growing limit before it takes bytes for broken."""
_STANDSTILLS = 3
_ENVELOPE_BYTES = 1_000
"""Of an answer around a batch, at most."""
_OUT_OF_RANGE = 1
_HEADER = struct.Struct(">qiibIhiqqqhii")
"""Of a batch: offset, length, epoch, magic, CRC, attributes, last offset, times, writer."""


class Place(NamedTuple):
    """A partition."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}, partition {self.partition}"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the cluster holds it; what its header says of itself need not be true.

    `content` is empty for more than 1,000,000 bytes. `stable_end` is the partition's, for readers
    of what is committed.
    """

    header: bytes
    content: bytes
    size: int
    stable_end: int

    @property
    def claimed_last(self) -> int:
        """The last offset that the batch says it has."""
        fields = _HEADER.unpack(self.header)
        return int(fields[0] + fields[6])

    @property
    def timestamp_ms(self) -> int:
        """The newest time that the batch says it has."""
        return int(_HEADER.unpack(self.header)[8])


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Offsets `first` to `last` of a partition, which cannot be read, and why."""

    first: int
    last: int
    why: str
    batch: Batch

    def in_figures(self) -> dict[str, object]:
        """Return what a log says of it."""
        return {
            "first": self.first,
            "last": self.last,
            "bytes": self.batch.size,
            "reason": self.why,
        }


class Looker:
    """Looks at single places for the reader that `consumer` is."""

    def __init__(self, consumer: Consumer, bootstrap: str, group: str) -> None:
        self._consumer = consumer
        self._bootstrap = bootstrap
        self._group = group

    def unreadable(self, place: Place, offset: int, complaint: str | None) -> Unreadable | None:
        """Return what stands at `offset` and cannot be read, None when nothing stands there.

        `complaint` is what the library says against it; without one it is tried a second time.
        Raises KafkaUnavailable, KafkaException or OSError when the cluster does not tell, or when
        something stands there and it is not sure that it cannot be read.
        """
        leader = self._leader(place)
        batch = fetch(leader, place, offset)
        if batch is None:
            return None
        why = complaint or _too_large(batch)
        if why is None and self._reads(place, offset) is False:
            why = "Kafka's library finds no message in it."
        if why is None or not _holds(leader, place, offset, batch):
            raise KafkaUnavailable(f"{place}: what stands at {offset} may be readable")
        return Unreadable(offset, last_of(leader, place, offset, batch), why, batch)

    def overstates(self, place: Place, offset: int) -> bool:
        """Say whether the batch at `offset` claims offsets past the partition's end."""
        batch = fetch(self._leader(place), place, offset)
        return batch is not None and batch.claimed_last >= batch.stable_end

    def _leader(self, place: Place) -> tuple[str, int]:
        cluster = self._consumer.list_topics(place.topic, timeout=_ANSWER_WITHIN_S)
        partition = cluster.topics[place.topic].partitions.get(place.partition)
        broker = cluster.brokers.get(partition.leader) if partition else None
        if broker is None:
            raise KafkaUnavailable(f"{place} has no leader")
        return broker.host, broker.port

    def _reads(self, place: Place, offset: int) -> bool | None:
        """Say whether a second reader gets anything from `offset` on; None when it is not known."""
        trial = _Trial(place, offset)
        reader = Consumer(
            {
                **READING,
                "bootstrap.servers": self._bootstrap,
                "group.id": f"{self._group}-look",
                "auto.offset.reset": "error",
                "fetch.error.backoff.ms": 10,
                "statistics.interval.ms": 100,
                "stats_cb": trial.note,
                "log_level": 0,
            }
        )
        try:
            reader.assign([TopicPartition(*place, offset)])
            until_s = monotonic() + _TRIED_FOR_S
            while trial.reads is None and monotonic() < until_s:
                message = reader.poll(0.1)
                if message is not None and message.partition() == place.partition:
                    error = message.error()
                    if error is not None and error.code() not in UNREADABLE:
                        return None
                    return error is None
            return trial.reads
        finally:
            reader.close()


class _Trial:
    """Follows the statistics of a second reader that has nothing but one place to read."""

    def __init__(self, place: Place, offset: int) -> None:
        self._place = place
        self._offset = offset
        self.reads: bool | None = None

    def note(self, statistics: str) -> None:
        figures = json.loads(statistics)
        state = _partitions(figures).get(self._place)
        if state is None or state["fetch_state"] != "active":
            return
        asked = sum(broker["req"].get("Fetch", 0) for broker in figures["brokers"].values())
        if state["next_offset"] > self._offset:
            self.reads = True
        elif asked > _ANSWERS and state["next_offset"] == self._offset:
            self.reads = False


class Standstills:
    """Partitions of which nothing comes although there is more, by the library's statistics."""

    def __init__(self) -> None:
        self._seen: dict[Place, tuple[int, int]] = {}

    def note(self, figures: Mapping[str, Any], paused: Collection[Place], in_doubt: bool) -> None:
        """Take the newest statistics; `in_doubt` says not to believe them about a topic's end."""
        for place, state in _partitions(figures).items():
            offset, end = state["next_offset"], max(state["ls_offset"], state["hi_offset"])
            more = in_doubt or end < 0 or offset < end
            idle = state["fetch_state"] == "active" and not state["fetchq_cnt"]
            if offset < 0 or not idle or not more or place in paused:
                self._seen.pop(place, None)
                continue
            before, times = self._seen.get(place, (-1, 0))
            self._seen[place] = (offset, times + 1 if before == offset else 0)

    def found(self) -> list[tuple[Place, int]]:
        """Return where something has stood for a while, and since then not been returned."""
        found = [
            (place, offset)
            for place, (offset, times) in self._seen.items()
            if times >= _STANDSTILLS
        ]
        for place, offset in found:
            self._seen[place] = (offset, 0)
        return found

    def stands(self, place: Place, offset: int) -> bool:
        """Say whether `place` still stands at `offset`, as far as is known."""
        seen = self._seen.get(place)
        return seen is None or seen[0] == offset

    def suspect(self, place: Place, offset: int) -> None:
        """Have it found at once should it stand still here, too: what cannot be read comes in
        rows."""
        self._seen[place] = (offset, _STANDSTILLS - 1)

    def forget(self, place: Place) -> None:
        self._seen.pop(place, None)


def fetch(leader: tuple[str, int], place: Place, offset: int) -> Batch | None:
    """Ask a broker for the batch at `offset`, or the next where there is none; None at the end.

    Raises OSError, KafkaUnavailable when the answer is none of those.
    """
    try:
        with (
            socket.create_connection(leader, _ANSWER_WITHIN_S) as connection,
            connection.makefile("rb") as answer,
        ):
            connection.sendall(_request(place, offset))
            return _batch(answer)
    except (struct.error, ValueError) as error:
        raise KafkaUnavailable(f"no answer about {place}: {error}") from error


def last_of(leader: tuple[str, int], place: Place, offset: int, batch: Batch) -> int:
    """Return the last offset at which the broker has `batch`, which it has at `offset`.

    The broker is asked, not the batch. Raises like `fetch`.
    """
    step = 1
    while _holds(leader, place, offset + step, batch):
        offset += step
        step *= 2
    beyond = offset + step
    while beyond - offset > 1:
        middle = (offset + beyond) // 2
        if _holds(leader, place, middle, batch):
            offset = middle
        else:
            beyond = middle
    return offset


def _holds(leader: tuple[str, int], place: Place, offset: int, batch: Batch) -> bool:
    found = fetch(leader, place, offset)
    return found is not None and found.header == batch.header


def _too_large(batch: Batch) -> str | None:
    if batch.size <= LARGEST_BATCH_BYTES - _ENVELOPE_BYTES:
        return None
    return f"It has {batch.size:,} bytes, too many to be received."


def _partitions(figures: Mapping[str, Any]) -> dict[Place, Mapping[str, Any]]:
    return {
        Place(name, int(number)): state
        for name, topic in figures.get("topics", {}).items()
        for number, state in topic["partitions"].items()
        if int(number) >= 0
    }


def _request(place: Place, offset: int) -> bytes:
    """Return a Fetch request, version 4, for one batch of what is committed."""
    topic = place.topic.encode()
    client = b"kuber-look"
    body = struct.pack(f">hhih{len(client)}s", 1, 4, 1, len(client), client)
    body += struct.pack(">iiiib", -1, 0, 0, 1, 1)  # no replica; at once; a batch comes whole anyway
    body += struct.pack(f">ih{len(topic)}s", 1, len(topic), topic)
    body += struct.pack(">iiqi", 1, place.partition, offset, 1)
    return struct.pack(">i", len(body)) + body


def _batch(answer: BufferedReader) -> Batch | None:
    """Read the answer as far as it is of use."""
    _unpack(answer, ">iiii")  # size, number of the request, throttling, topics
    (name_length,) = _unpack(answer, ">h")
    answer.read(name_length)
    _, _, error, _, stable_end, aborted = _unpack(answer, ">iihqqi")
    if error not in (0, _OUT_OF_RANGE):
        raise KafkaUnavailable(KafkaError(error).str())
    answer.read(16 * max(0, aborted))
    (size,) = _unpack(answer, ">i")
    if error or size <= 0:
        return None
    content = answer.read(min(size, MAX_MESSAGE_BYTES))
    if len(content) < min(size, MAX_MESSAGE_BYTES):
        raise ValueError("the answer ended too early")
    header = content[: _HEADER.size].ljust(_HEADER.size, b"\0")
    (length,) = struct.unpack_from(">i", header, 8)
    whole = 12 + length if _HEADER.size <= 12 + length <= size else size
    return Batch(header, content[:whole] if whole <= len(content) else b"", whole, stable_end)


def _unpack(answer: BufferedReader, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, answer.read(struct.calcsize(layout)))
