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
    """Subscribers of one signal type and ticker: thresholds ascending, slots beside them."""

    __slots__ = ("slots", "thresholds")

    def __init__(self) -> None:
        self.thresholds = array("d")
        self.slots = array("I")

    def add(self, threshold: float, slot: int) -> None:
        at = bisect_right(self.thresholds, threshold)
        self.thresholds.insert(at, threshold)
        self.slots.insert(at, slot)

    def remove(self, slot: int) -> None:
        at = self.slots.index(slot)
        self.thresholds.pop(at)
        self.slots.pop(at)

    def append(self, threshold: float, slot: int) -> None:
        """Add out of order; `sort` follows."""
        self.thresholds.append(threshold)
        self.slots.append(slot)

    def sort(self) -> None:
        order = sorted(range(len(self.slots)), key=self.thresholds.__getitem__)
        self.thresholds = array("d", (self.thresholds[at] for at in order))
        self.slots = array("I", (self.slots[at] for at in order))


class SubscriptionIndex:
    """An inverted index in memory; 12 bytes for each subscription to one ticker."""

    def __init__(self, subscribers: Iterable[Subscriber] = ()) -> None:
        self._buckets: dict[str, dict[str, _Bucket]] = defaultdict(dict)
        self._subscribers: list[Subscriber | None] = []
        self._slots: dict[PipelineId, int] = {}
        self._free: list[int] = []
        for subscriber in subscribers:
            slot = self._take_slot(subscriber)
            for bucket, threshold in self._places(subscriber):
                bucket.append(threshold, slot)
        for buckets in self._buckets.values():
            for bucket in buckets.values():
                bucket.sort()

    def __len__(self) -> int:
        """Return how many pipelines there are."""
        return len(self._slots)

    def put(self, subscriber: Subscriber) -> None:
        """Add a pipeline, or replace what is known of it."""
        self.remove(subscriber.pipeline_id)
        slot = self._take_slot(subscriber)
        for bucket, threshold in self._places(subscriber):
            bucket.add(threshold, slot)

    def remove(self, pipeline_id: PipelineId) -> None:
        """Forget a pipeline; nothing happens when it is not known."""
        slot = self._slots.pop(pipeline_id, None)
        if slot is None:
            return
        subscriber = self._subscribers[slot]
        assert subscriber is not None, "a slot that is taken has a subscriber"
        for signal_type in subscriber.thresholds:
            for ticker in subscriber.tickers:
                bucket = self._buckets[signal_type][ticker]
                bucket.remove(slot)
                if not bucket.slots:
                    del self._buckets[signal_type][ticker]
        self._subscribers[slot] = None
        self._free.append(slot)

    def match(self, signal_type: str, ticker: str, confidence: float) -> list[Subscriber]:
        """Return the subscribers whose threshold is at or below `confidence`."""
        bucket = self._buckets.get(signal_type, {}).get(ticker)
        if bucket is None:
            return []
        subscribers = self._subscribers
        reached = bisect_right(bucket.thresholds, confidence)
        return [subscribers[slot] for slot in bucket.slots[:reached]]  # type: ignore[misc]

    def entries(self, signal_type: str, ticker: str) -> Iterator[Entry]:
        """Yield every subscriber with its threshold, the lowest threshold first."""
        bucket = self._buckets.get(signal_type, {}).get(ticker)
        if bucket is None:
            return
        for slot, threshold in zip(bucket.slots, bucket.thresholds, strict=True):
            subscriber = self._subscribers[slot]
            assert subscriber is not None, "a bucket holds taken slots only"
            yield Entry(subscriber, threshold)

    def _take_slot(self, subscriber: Subscriber) -> int:
        assert subscriber.pipeline_id not in self._slots, "each pipeline has one slot"
        if self._free:
            slot = self._free.pop()
            self._subscribers[slot] = subscriber
        else:
            slot = len(self._subscribers)
            self._subscribers.append(subscriber)
        self._slots[subscriber.pipeline_id] = slot
        return slot

    def _places(self, subscriber: Subscriber) -> Iterator[tuple[_Bucket, float]]:
        for signal_type, threshold in subscriber.thresholds.items():
            buckets = self._buckets[signal_type]
            for ticker in subscriber.tickers:
                bucket = buckets.get(ticker)
                if bucket is None:
                    bucket = buckets[ticker] = _Bucket()
                yield bucket, threshold
