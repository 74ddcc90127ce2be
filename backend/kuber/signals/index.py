"""Who wants which signal: from signal type and ticker to pipelines, ordered by threshold."""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.types import EVERY_DIRECTION_BUT_FLAT

_USUAL = frozenset(EVERY_DIRECTION_BUT_FLAT)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An active pipeline that starts by signals.

    `thresholds` maps signal types to the least confidence (0 to 100); `tickers` are its scanner's,
    each once, one tuple shared by all pipelines of that scanner.
    """

    pipeline_id: PipelineId
    user_id: UserId
    tier: Tier
    thresholds: dict[str, float]
    tickers: tuple[str, ...]
    market_hours_only: bool = False
    directions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By signal type, where they are others than all but FLAT."""

    def wants(self, signal_type: str, direction: str) -> bool:
        """Return whether the pipeline asks for signals of a type that point this way."""
        return direction in self.directions.get(signal_type, _USUAL)


class Entry(NamedTuple):
    """One subscriber of a signal type and ticker, with its threshold."""

    subscriber: Subscriber
    threshold: float


class _Bucket:
    """Subscribers of one signal type and ticker: by threshold, then by pipeline, thresholds beside
    them; a place is found by halving, however many share a threshold."""

    __slots__ = ("subscribers", "thresholds")

    def __init__(self) -> None:
        self.thresholds = array("d")
        self.subscribers: list[Subscriber] = []

    def put(self, threshold: float, subscriber: Subscriber) -> None:
        """Add, or replace who stands for the same pipeline at the same threshold."""
        at, found = self._find(threshold, subscriber.pipeline_id)
        if found:
            self.subscribers[at] = subscriber
        else:
            self.thresholds.insert(at, threshold)
            self.subscribers.insert(at, subscriber)

    def remove(self, threshold: float, pipeline_id: PipelineId) -> None:
        at, found = self._find(threshold, pipeline_id)
        assert found, "what is taken out was put in"
        self.thresholds.pop(at)
        self.subscribers.pop(at)

    def append(self, threshold: float, subscriber: Subscriber) -> None:
        """Add out of order, pipelines ascending; `sort` follows."""
        self.thresholds.append(threshold)
        self.subscribers.append(subscriber)

    def sort(self) -> None:
        order = sorted(range(len(self.subscribers)), key=self.thresholds.__getitem__)
        self.thresholds = array("d", (self.thresholds[at] for at in order))
        self.subscribers = [self.subscribers[at] for at in order]

    def _find(self, threshold: float, pipeline_id: PipelineId) -> tuple[int, bool]:
        """Return where the pipeline stands or belongs, and whether it is there."""
        first = bisect_left(self.thresholds, threshold)
        end = bisect_right(self.thresholds, threshold, first)
        at = bisect_left(self.subscribers, pipeline_id.int, first, end, key=_number)
        return at, at < end and self.subscribers[at].pipeline_id == pipeline_id


def _number(subscriber: Subscriber) -> int:
    return subscriber.pipeline_id.int


class SubscriptionIndex:
    """An inverted index in memory; 16 bytes for each subscription to one ticker."""

    def __init__(self, subscribers: Iterable[Subscriber] = ()) -> None:
        self._buckets: dict[str, dict[str, _Bucket]] = defaultdict(dict)
        self._subscribers: dict[PipelineId, Subscriber] = {}
        for subscriber in sorted(subscribers, key=_number):
            self._subscribers[subscriber.pipeline_id] = subscriber
            for bucket, threshold in self._places(subscriber):
                bucket.append(threshold, subscriber)
        for buckets in self._buckets.values():
            for bucket in buckets.values():
                bucket.sort()

    def __len__(self) -> int:
        """Return how many pipelines there are."""
        return len(self._subscribers)

    def put(self, subscriber: Subscriber) -> None:
        """Add a pipeline, or replace what is known of it; only what differs is touched."""
        old = self._subscribers.get(subscriber.pipeline_id)
        if old == subscriber:
            return
        if old is not None:
            self._leave(old, subscriber)
        self._subscribers[subscriber.pipeline_id] = subscriber
        for bucket, threshold in self._places(subscriber):
            bucket.put(threshold, subscriber)

    def remove(self, pipeline_id: PipelineId) -> None:
        """Forget a pipeline; nothing happens when it is not known."""
        subscriber = self._subscribers.pop(pipeline_id, None)
        if subscriber is not None:
            self._leave(subscriber, None)

    def _leave(self, old: Subscriber, new: Subscriber | None) -> None:
        """Take `old` out of every place that `new` does not have."""
        gone = old.tickers if new is None else tuple({*old.tickers}.difference(new.tickers))
        for signal_type, threshold in old.thresholds.items():
            kept = new is not None and new.thresholds.get(signal_type) == threshold
            buckets = self._buckets[signal_type]
            for ticker in gone if kept else old.tickers:
                bucket = buckets[ticker]
                bucket.remove(threshold, old.pipeline_id)
                if not bucket.subscribers:
                    del buckets[ticker]

    def entries(self, signal_type: str, ticker: str) -> list[Entry]:
        """Return every subscriber with its threshold, as of now, the lowest threshold first."""
        bucket = self._buckets.get(signal_type, {}).get(ticker)
        return [] if bucket is None else list(map(Entry, bucket.subscribers, bucket.thresholds))

    def _places(self, subscriber: Subscriber) -> Iterator[tuple[_Bucket, float]]:
        for signal_type, threshold in subscriber.thresholds.items():
            buckets = self._buckets[signal_type]
            for ticker in subscriber.tickers:
                bucket = buckets.get(ticker)
                if bucket is None:
                    bucket = buckets[ticker] = _Bucket()
                yield bucket, threshold
