"""What headers of a message may be carried on: whatever a stranger wrote into them, it fits."""

import re
from collections.abc import Mapping
from uuid import UUID

EVENT_ID = "kuber_event_id"
"""Header that names the row of the outbox where `idempotency_key` is somebody else's."""
_CORRELATION_ID = re.compile(r"[\x21-\x7e]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def correlation_id_of(headers: Mapping[str, str]) -> str | None:
    """Return the correlation id, None without one of 1 to 64 visible ASCII characters."""
    given = headers.get("correlation_id", "")
    return given if _CORRELATION_ID.fullmatch(given) else None


def traceparent_of(headers: Mapping[str, str]) -> str | None:
    """Return the W3C traceparent, None when there is none in its form."""
    given = headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else None


def event_id_of(headers: Mapping[str, str]) -> UUID | None:
    """Return the id of the outbox row that a message came from, None for others' messages."""
    try:
        return UUID(headers.get(EVENT_ID) or headers.get("idempotency_key", ""))
    except ValueError:
        return None
