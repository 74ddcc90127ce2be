"""What a signal means for each pipeline that subscribes to it: pure decisions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.market.calendars import calendar_for
from kuber.market.types import Instruments
from kuber.signals.index import Subscriber, SubscriptionIndex
from kuber.signals.tiers import TierPolicy
from kuber.signals.types import Outcome, Signal, SkipReason, TickerSignal

HISTORICAL_AFTER = timedelta(minutes=15)
"""A signal older than this is history: its run sees the market as it was then."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pipeline that a signal names a ticker of, before anything else is asked."""

    signal: Signal
    subscriber: Subscriber
    symbol: str
    confidence: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Match:
    """What came of a candidate; `reason` is None when a run was started."""

    candidate: Candidate
    outcome: Outcome
    reason: SkipReason | None
    detail: str
    run_id: RunId | None = None


def candidates(index: SubscriptionIndex, signal: Signal, item: TickerSignal) -> list[Candidate]:
    """Return everybody who subscribes to a signal's type and has one of its tickers in a scanner.

    By pipeline: whoever starts runs goes through them in one order, so that two dispatchers never
    wait for each other. A user's own signals reach nobody else.
    """
    found = [
        Candidate(signal, entry.subscriber, item.ticker, item.confidence, entry.threshold)
        for entry in index.entries(signal.signal_type, item.ticker)
        if signal.user_id in (None, entry.subscriber.user_id)
        and entry.subscriber.wants(signal.signal_type, item.signal)
    ]
    found.sort(key=lambda one: one.subscriber.pipeline_id.int)
    return found


@dataclass(frozen=True, slots=True)
class Screen:
    """The questions that need no lock: threshold, tier, instrument, market hours, budget."""

    tiers: TierPolicy
    instruments: Instruments
    over_daily_budget: dict[UserId, str]
    stopped: dict[PipelineId, str]
    """By a switch; each with the reason in words."""

    def refusal(self, one: Candidate) -> Match | None:
        """Return why `one` starts no run, None when it may."""
        checks: Sequence[tuple[SkipReason, Callable[[Candidate], str]]] = (
            (SkipReason.BELOW_THRESHOLD, _below),
            (SkipReason.TRADING_STOPPED, self._stopped),
            (SkipReason.TIER, self._tier),
            (SkipReason.MARKET_UNAVAILABLE, self._unavailable),
            (SkipReason.UNKNOWN_SYMBOL, self._unknown),
            (SkipReason.MARKET_CLOSED, self._closed),
            (SkipReason.BUDGET, self._budget),
        )
        for reason, check in checks:
            detail = check(one)
            if detail:
                return skipped(one, reason, detail)
        return None

    def _stopped(self, one: Candidate) -> str:
        return self.stopped.get(one.subscriber.pipeline_id, "")

    def _tier(self, one: Candidate) -> str:
        if self.tiers.allows(one.subscriber.tier, one.signal.signal_type):
            return ""
        return f"The tier {one.subscriber.tier} has no {one.signal.signal_type} signals."

    def _unavailable(self, one: Candidate) -> str:
        return self.instruments.why_none(one.subscriber.user_id, one.symbol)

    def _unknown(self, one: Candidate) -> str:
        if (one.subscriber.user_id, one.symbol) in self.instruments.found:
            return ""
        return f"There are no prices for {one.symbol}."

    def _closed(self, one: Candidate) -> str:
        if not one.subscriber.market_hours_only:
            return ""
        instrument = self.instruments.found[one.subscriber.user_id, one.symbol]
        at = one.signal.occurred_at
        if calendar_for(instrument.calendar).is_open(at):
            return ""
        return f"The market of {one.symbol} was closed at {at:%Y-%m-%d %H:%M} UTC."

    def _budget(self, one: Candidate) -> str:
        return self.over_daily_budget.get(one.subscriber.user_id, "")


def _below(one: Candidate) -> str:
    if one.confidence >= one.threshold:
        return ""
    return f"Confidence {one.confidence:g} is below the threshold of {one.threshold:g}."


def skipped(one: Candidate, reason: SkipReason, detail: str) -> Match:
    """Return the match of a candidate that starts no run."""
    return Match(one, Outcome.SKIPPED, reason, detail)


def started(one: Candidate, run_id: RunId) -> Match:
    """Return the match of a candidate whose run was queued."""
    detail = f"Confidence {one.confidence:g} reaches the threshold of {one.threshold:g}."
    return Match(one, Outcome.STARTED, None, detail, run_id)


def moment_of(signal: Signal, now: datetime) -> tuple[datetime, bool]:
    """Return a run's `as_of` and whether it moves on with the clock.

    A fresh signal is acted upon now; one that is history, as of then.
    """
    historical = now - signal.occurred_at > HISTORICAL_AFTER
    return (min(signal.occurred_at, now) if historical else now), not historical


def pipelines_of(found: Iterable[Candidate]) -> list[PipelineId]:
    """Return the pipelines, each once."""
    return list(dict.fromkeys(one.subscriber.pipeline_id for one in found))
