"""What the record announces."""

from dataclasses import dataclass
from typing import ClassVar

from kuber.infra.db import JsonObject
from kuber.kernel.events import Event
from kuber.kernel.ids import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntryLinked(Event):
    """An entry got its place in the chain.

    Not sent by way of the outbox: the chain itself says what comes next, and what was sent last.
    `event_id` is the entry's, `occurred_at` its timestamp; `hash` and `previous_hash` are 64 hex
    digits.
    """

    topic: ClassVar[str] = "audit.event"

    chain_position: int
    event_type: str
    user_id: UserId | None
    data: JsonObject
    hash: str
    previous_hash: str

    def key(self) -> str:
        return "chain"
