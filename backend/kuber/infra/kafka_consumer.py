"""Reading from Kafka: a member of a consumer group, over confluent-kafka."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from kuber.infra.kafka import IncomingMessage, KafkaUnavailable, Undecodable
from kuber.infra.kafka_unreadable import READING, UNREADABLE, Looker, Place, Standstills
from kuber.infra.telemetry import CONSUMER_ERRORS

log = structlog.get_logger(__name__)

_LOOK_AGAIN_S = 5.0
"""How long a complaint of the library stands before the cluster is asked whether it still holds."""
_ANSWER_WITHIN_S = 1.0
_SESSIONS_UNHEARD = 10


class KafkaConsumer:
    """A member of a consumer group; what was read is committed by the caller, never by itself.

    `max.poll.interval.ms` is ten session time-outs: call `keep_alive` while you work, or the broker
    evicts this consumer. It also bounds a join that the light broker dropped.

    What cannot be read is stepped over and returned as a message that is `undecodable`, once it is
    sure that the cluster holds it and the library makes nothing of it.
    """

    def __init__(
        self, bootstrap: str, *, group: str, topics: Sequence[str], session_ms: int = 6_000
    ) -> None:
        self._group = group
        self._topics = tuple(topics)
        self._consumer = Consumer(
            {
                **READING,
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "client.id": group,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": session_ms,
                "heartbeat.interval.ms": session_ms // 6,
                "max.poll.interval.ms": _SESSIONS_UNHEARD * session_ms,
                "topic.metadata.refresh.interval.ms": 10_000,
                "log_level": 3,
                "error_cb": self._complain,
                "statistics.interval.ms": 1_000,
                "stats_cb": self._note_statistics,
            }
        )
        self._reachable = True
        self._complaint: str | None = None
        self._complained_s = 0.0
        self._logged: set[str] = set()
        self._read: list[IncomingMessage] = []
        self._paused: set[Place] = set()
        self._taken_away: set[Place] = set()
        self._newest: dict[Place, int] = {}
        self._stuck: dict[Place, str] = {}
        self._silent: dict[Place, int] = {}
        self._standstills = Standstills()
        self._looker = Looker(self._consumer, bootstrap, group)
        # One thread of its own: the library's calls block, and must not overlap.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"kafka-{group}")
        self._consumer.subscribe(list(topics), on_revoke=self._forget)

    @property
    def reachable(self) -> bool:
        """Whether the group's coordinator answered when the library looked, a second ago or less.

        Without this, a cluster that is away cannot be told from one that has no messages. Other
        brokers do not count: the library keeps a silent one for connected for a minute and more.
        """
        return self._reachable

    @property
    def problem(self) -> str | None:
        """What keeps messages from coming: an unknown topic, a refusal, what cannot be read."""
        told = [f"{place}: {complaint}" for place, complaint in self._stuck.items()]
        told += [f"{place}: nothing comes from {at} on" for place, at in self._silent.items()]
        return self._complaint or next(iter(told), None)

    async def poll(self, limit: int, timeout_s: float) -> list[IncomingMessage]:
        """Return up to `limit` messages, as soon as there is one; none after `timeout_s`.

        Raises KafkaUnavailable for an error that does not mend itself by waiting.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._poll, limit, timeout_s)

    async def keep_alive(self) -> None:
        """Tell the group that this member lives, and take part in a rebalance; reads nothing."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._keep_alive)

    async def commit(self, messages: Sequence[IncomingMessage]) -> None:
        """Remember that `messages`, of the newest `poll`, and all before them are done.

        Partitions that were taken away since are left out: their offset is another member's to
        move. A commit that the cluster refuses is no error: the messages come again.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._commit, messages)

    async def close(self) -> None:
        """Leave the group."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._consumer.close)
        self._thread.shutdown()

    def _poll(self, limit: int, timeout_s: float) -> list[IncomingMessage]:
        self._resume(self._paused)
        if not self._read:
            self._keep([self._consumer.poll(timeout_s)])
        if self._read:
            if len(self._read) < limit:
                self._keep(self._consumer.consume(limit - len(self._read), 0))
        elif self._complaint and monotonic() - self._complained_s > _LOOK_AGAIN_S:
            self._look_again()
        for place, offset in self._standstills.found():
            self._look(place, offset, None)
        read, self._read = self._read, []
        self._taken_away.clear()
        return read

    def _keep_alive(self) -> None:
        try:
            fresh = [one for one in self._consumer.assignment() if _place(one) not in self._paused]
            self._consumer.pause(fresh)
            self._paused.update(map(_place, fresh))
            # Of a partition that came just now there may be a message: it is for the next `poll`.
            self._keep([self._consumer.poll(0)])
        except (KafkaException, KafkaUnavailable) as error:
            log.warning("consumer_not_kept_alive", group=self._group, reason=str(error))

    def _resume(self, places: set[Place]) -> None:
        self._consumer.resume([TopicPartition(*place) for place in places])
        self._paused -= places

    def _keep(self, messages: Iterable[Message | None]) -> None:
        """Take messages from the library, or what it has to say instead of them.

        Raises KafkaUnavailable for an error that the library does not mend.
        """
        moved: set[Place] = set()
        for message in messages:
            if message is None:
                continue
            topic, partition = message.topic(), message.partition()
            place = None if topic is None or partition is None else Place(topic, partition)
            if place is None or (message.error() is not None and not _blames_a_message(message)):
                self._take_error(message)
            elif place not in moved and self._take(message, place):
                moved.add(place)  # what comes with it was read before and comes again

    def _take_error(self, message: Message) -> None:
        error = message.error()
        assert error is not None, "a message has a place"
        self._complain(error)
        if error.fatal():
            raise KafkaUnavailable(str(error))

    def _take(self, message: Message, place: Place) -> bool:
        """Take a message, or a complaint about one; say whether the reader was moved."""
        error, offset = message.error(), message.offset()
        if error is not None:
            CONSUMER_ERRORS.labels(self._group, error.name()).inc()
            return self._look(place, -1 if offset is None else offset, error.str())
        incoming = _incoming(message)
        if self._thrown_back(incoming, place):
            return True
        self._content()
        self._read.append(incoming)
        return False

    def _look(self, place: Place, offset: int, complaint: str | None) -> bool:
        """Step over what stands at `offset` and say so if it is sure that it cannot be read.

        `complaint` is what the library said against it, None when it only makes no progress.
        """
        if place not in map(_place, self._consumer.assignment()):
            return False
        try:
            found = self._looker.unreadable(place, offset, complaint)
            if found is not None:
                self._consumer.seek(TopicPartition(*place, found.last + 1))
        except (KafkaException, KafkaUnavailable, OSError) as error:
            log.info("place_not_looked_at", group=self._group, reason=str(error))
            found = None
            if complaint is None:
                self._silent[place] = offset
        if found is None:
            if complaint is not None:
                self._stuck[place] = complaint
            return False
        self._mended(place)
        self._standstills.suspect(place, found.last + 1)
        log.warning("stepped_over", group=self._group, **_named(place), **found.in_figures())
        undecodable = Undecodable(found.last, found.why)
        batch = found.batch
        self._read.append(
            IncomingMessage(
                *place, found.first, batch.timestamp_ms, None, batch.content, {}, undecodable
            )
        )
        return True

    def _thrown_back(self, message: IncomingMessage, place: Place) -> bool:
        """Say whether the library went back because a batch claims offsets that do not exist.

        Then it is set behind that batch, whose messages it had read; else it would go round for
        ever. It goes back by right when the cluster has lost its messages and begins again.
        """
        newest = self._newest.get(place, -1)
        try:
            if message.offset <= newest and self._looker.overstates(place, newest):
                self._consumer.seek(TopicPartition(*place, newest + 1))
                log.warning("offsets_overstated", group=self._group, offset=newest, **_named(place))
                return True
        except (KafkaException, KafkaUnavailable, OSError) as error:
            log.info("place_not_looked_at", group=self._group, reason=str(error))
        self._newest[place] = message.offset
        self._mended(place)
        return False

    def _mended(self, place: Place) -> None:
        self._stuck.pop(place, None)
        self._silent.pop(place, None)

    def _forget(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Called by the library, from `_poll` or `_keep_alive`, when partitions are taken away.

        What was read of them and not yet handed out is the next member's; what was handed out is
        done by both, which changes nothing, but committed by the other alone.
        """
        gone = {*map(_place, partitions)}
        self._taken_away |= gone
        self._resume(self._paused & gone)  # else they would be paused when they come back
        self._read = [one for one in self._read if (one.topic, one.partition) not in gone]
        for place in gone:
            self._newest.pop(place, None)
            self._mended(place)
            self._standstills.forget(place)

    def _commit(self, messages: Sequence[IncomingMessage]) -> None:
        done: dict[Place, int] = {}
        for message in messages:
            place = Place(message.topic, message.partition)
            if place not in self._taken_away:
                done[place] = max(done.get(place, 0), message.next_offset)
        if not done:
            return
        offsets = [TopicPartition(*place, offset) for place, offset in done.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            raise KafkaUnavailable(str(error.args[0])) from error

    def _note_statistics(self, statistics: str) -> None:
        """Called by the library from within `_poll`, with its figures as JSON."""
        figures = json.loads(statistics)
        coordinator = figures.get("brokers", {}).get("GroupCoordinator", {})
        self._reachable = coordinator.get("state") == "UP"
        self._standstills.note(figures, self._paused, in_doubt=self._complaint is not None)
        stands = self._standstills.stands
        self._silent = {place: at for place, at in self._silent.items() if stands(place, at)}

    def _complain(self, error: KafkaError) -> None:
        """Count an error that the library goes on from; log each kind once until it is mended."""
        CONSUMER_ERRORS.labels(self._group, error.name()).inc()
        self._complaint, self._complained_s = error.str(), monotonic()
        if error.name() not in self._logged:
            self._logged.add(error.name())
            log.warning(
                "kafka_problem", group=self._group, error=error.name(), reason=self._complaint
            )

    def _content(self) -> None:
        if self._complaint is not None:
            log.info("kafka_problem_mended", group=self._group, reason=self._complaint)
            self._complaint = None
            self._logged.clear()

    def _look_again(self) -> None:
        """Ask whether a complaint still holds: the library never says that it does not."""
        self._complained_s = monotonic()
        try:
            there = self._consumer.list_topics(timeout=_ANSWER_WITHIN_S).topics
        except KafkaException:
            return
        if all(name in there and there[name].error is None for name in self._topics):
            self._content()


def _place(partition: TopicPartition) -> Place:
    return Place(partition.topic, partition.partition)


def _named(place: Place) -> dict[str, object]:
    return {"topic": place.topic, "partition": place.partition}


def _blames_a_message(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() in UNREADABLE


def _incoming(message: Message) -> IncomingMessage:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    key = message.key()
    return IncomingMessage(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp_ms=message.timestamp()[1],
        key=key.encode() if isinstance(key, str) else key,
        value=_bytes(message.value()),
        headers=_headers(message),
    )


def _headers(message: Message) -> dict[str, str]:
    """Return the headers of a message, none when a name is not UTF-8.

    The library returns a broken list then and leaves an exception behind, which the interpreter
    finds sooner or later, or never; through `partial` it is found at once.
    """
    try:
        pairs = partial(message.headers)() or []
    except (SystemError, UnicodeDecodeError):
        log.warning("headers_unreadable", topic=message.topic(), offset=message.offset())
        return {}
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return {str(name): _bytes(value).decode(errors="replace") for name, value in items}


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
