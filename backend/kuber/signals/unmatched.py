"""Why a signal matched none of a user's pipelines, as their triggers stand now: a pure decision."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from kuber.signals.index import Subscriber


class UnmatchedReason(StrEnum):
    """The last question that no pipeline passed."""

    NO_PIPELINE = "no_pipeline"
    SIGNAL_TYPE = "signal_type"
    TICKER = "ticker"
    DIRECTION = "direction"
    CHANGED_SINCE = "changed_since"


class Unmatched(NamedTuple):
    """Why nothing matched; `detail` is a sentence."""

    reason: UnmatchedReason
    detail: str


def why_unmatched(
    signal_type: str,
    tickers: Iterable[tuple[str, str]],
    active: int,
    subscribers: Sequence[Subscriber],
) -> Unmatched:
    """Return why no pipeline matched a signal of `tickers`, each with its direction.

    `active` counts the user's pipelines that start on signals, `subscribers` are those of them
    whose scanner holds a ticker.
    """
    named = dict(tickers)
    if not active:
        return Unmatched(
            UnmatchedReason.NO_PIPELINE, "None of your active pipelines starts on signals."
        )
    if not subscribers:
        return Unmatched(UnmatchedReason.TICKER, "The scanners of your pipelines hold no ticker.")
    of_type = [one for one in subscribers if signal_type in one.thresholds]
    if not of_type:
        return Unmatched(
            UnmatchedReason.SIGNAL_TYPE,
            f"None of your active pipelines subscribes to {signal_type} signals.",
        )
    held = [(one, named.keys() & set(one.tickers)) for one in of_type]
    if not any(found for _, found in held):
        return Unmatched(
            UnmatchedReason.TICKER,
            f"The scanners of your pipelines that subscribe to {signal_type} signals do not hold "
            f"{' or '.join(sorted(named))}.",
        )
    if not any(one.wants(signal_type, named[ticker]) for one, found in held for ticker in found):
        return Unmatched(
            UnmatchedReason.DIRECTION,
            f"Your pipelines that subscribe to {signal_type} signals want no signal that says "
            f"{' or '.join(sorted(set(named.values())))}.",
        )
    return Unmatched(
        UnmatchedReason.CHANGED_SINCE,
        "A pipeline that would match it now was switched on or changed after the signal came.",
    )
