"""Base of everything that is announced to other packages and other processes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from kuber.kernel.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(ABC):
    """A fact in the past tense; written to the outbox in the transaction that made it true.

    `topic` is the Kafka topic, `schema_version` grows with each incompatible change, and
    consumers drop an `event_id` that they have seen.
    """

    topic: ClassVar[str]
    schema_version: ClassVar[int] = 1

    occurred_at: datetime
    correlation_id: str
    event_id: UUID = field(default_factory=new_id)

    @abstractmethod
    def key(self) -> str:
        """Return the partition key: events with the same key keep their order."""
