"""What Kafka does not take is told by the id that its consumers know."""

from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from kuber.infra.headers import EVENT_ID
from kuber.workers.relay import _set_aside

ROW, EVENT = UUID(int=1), UUID(int=2)


class NoDatabase:
    """Takes every statement."""

    async def execute(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    ("headers", "event_id"),
    [
        ({EVENT_ID: str(EVENT), "idempotency_key": "a-sender-s-own"}, str(EVENT)),
        ({"idempotency_key": str(EVENT)}, str(EVENT)),
        ({"idempotency_key": "a-sender-s-own"}, None),
    ],
)
async def test_a_message_that_is_set_aside_is_logged_with_its_event(
    headers: dict[str, str], event_id: str | None
) -> None:
    connection: Any = NoDatabase()
    row = (ROW, "signals.raw", "AAPL", "{}", headers, None, None)
    with capture_logs() as logs:
        await _set_aside(connection, row, "too large")
    assert [log["event_id"] for log in logs] == [event_id]
