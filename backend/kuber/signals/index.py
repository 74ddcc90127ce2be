"""Who wants which signal: from signal type and ticker to pipelines, ordered by threshold."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An active pipeline that starts by signals.

    `thresholds` maps signal types to the least confidence (0 to 100); `tickers` are its scanner's,
    one tuple shared by all pipelines of that scanner.
    """

    pipeline_id: PipelineId
    user_id: UserId
    tier: Tier
    thresholds: dict[str, float]
    tickers: tuple[str, ...]
    market_hours_only: bool = False


class Entry(NamedTuple):
    """One subscriber of a signal type and ticker, with its threshold."""

    subscriber: Subscriber
    threshold: float


class _Bucket:
    """Subscribers of one signal type and ticker: thresholds ascending, subscribers beside them."""

    __slots__ = ("subscribers", "thresholds")

    def __init__(self) -> None:
        self.thresholds = array("d")
        self.subscribers: list[Subscriber] = []

    def add(self, threshold: float, subscriber: Subscriber) -> None:
        at = bisect_right(self.thresholds, threshold)
        self.thresholds.insert(at, threshold)
        self.subscribers.insert(at, subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        at = next(at for at, one in enumerate(self.subscribers) if one is subscriber)
        self.thresholds.pop(at)
        self.subscribers.pop(at)

    def append(self, threshold: float, subscriber: Subscriber) -> None:
        """Add out of order; `sort` follows."""
        self.thresholds.append(threshold)
        self.subscribers.append(subscriber)

    def sort(self) -> None:
        order = sorted(range(len(self.subscribers)), key=self.thresholds.__getitem__)
        self.thresholds = array("d", (self.thresholds[at] for at in order))
        self.subscribers = [self.subscribers[at] for at in order]


class SubscriptionIndex:
    """An inverted index in memory; 16 bytes for each subscription to one ticker."""

    def __init__(self, subscribers: Iterable[Subscriber] = ()) -> None:
        self._buckets: dict[str, dict[str, _Bucket]] = defaultdict(dict)
        self._subscribers: dict[PipelineId, Subscriber] = {}
        for subscriber in subscribers:
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
        """Add a pipeline, or replace what is known of it."""
        self.remove(subscriber.pipeline_id)
        self._subscribers[subscriber.pipeline_id] = subscriber
        for bucket, threshold in self._places(subscriber):
            bucket.add(threshold, subscriber)

    def remove(self, pipeline_id: PipelineId) -> None:
        """Forget a pipeline; nothing happens when it is not known."""
        subscriber = self._subscribers.pop(pipeline_id, None)
        if subscriber is None:
            return
        for signal_type in subscriber.thresholds:
            buckets = self._buckets[signal_type]
            for ticker in subscriber.tickers:
                buckets[ticker].remove(subscriber)
                if not buckets[ticker].subscribers:
                    del buckets[ticker]

    def match(self, signal_type: str, ticker: str, confidence: float) -> list[Subscriber]:
        """Return the subscribers whose threshold is at or below `confidence`."""
        bucket = self._buckets.get(signal_type, {}).get(ticker)
        if bucket is None:
            return []
        return bucket.subscribers[: bisect_right(bucket.thresholds, confidence)]

    def entries(self, signal_type: str, ticker: str) -> Iterator[Entry]:
        """Yield every subscriber with its threshold, the lowest threshold first."""
        bucket = self._buckets.get(signal_type, {}).get(ticker)
        if bucket is not None:
            yield from map(Entry, bucket.subscribers, bucket.thresholds)

    def _places(self, subscriber: Subscriber) -> Iterator[tuple[_Bucket, float]]:
        for signal_type, threshold in subscriber.thresholds.items():
            buckets = self._buckets[signal_type]
            for ticker in subscriber.tickers:
                bucket = buckets.get(ticker)
                if bucket is None:
                    bucket = buckets[ticker] = _Bucket()
                yield bucket, threshold
