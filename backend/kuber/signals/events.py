"""What is announced about signals."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from kuber.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRaised(Event):
    """A market event or a delivery from outside, before anything was matched.

    On the wire it is a `SignalMessage`: `timestamp` in seconds since 1970, `tickers` a tuple of
    `{ticker, signal, confidence}`. A signal of one user carries the user in its header `user_id`.
    """

    topic: ClassVar[str] = "signals.raw"

    signal_id: UUID
    timestamp: float
    source: str
    signal_type: str
    tickers: tuple[dict[str, Any], ...]
    metadata: dict[str, Any]
    user_id: UUID | None = None

    def key(self) -> str:
        return str(self.tickers[0]["ticker"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalNormalized(Event):
    """An accepted signal and how many runs it started; for whoever follows signals."""

    topic: ClassVar[str] = "signals.normalized"

    signal_id: UUID
    timestamp: float
    source: str
    signal_type: str
    tickers: tuple[dict[str, Any], ...]
    metadata: dict[str, Any]
    user_id: UUID | None
    started: int
    skipped: int

    def key(self) -> str:
        return str(self.tickers[0]["ticker"])
