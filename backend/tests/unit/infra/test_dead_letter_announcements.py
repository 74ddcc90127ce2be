"""What is announced of a dead letter: always small enough to be sent, always traceable."""

import json

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.dead_letters import (
    MOST_ANNOUNCED,
    NotReplayable,
    Rejected,
    announcement,
    replay,
)
from kuber.infra.kafka import IncomingMessage
from kuber.infra.models import DeadLetterRow
from kuber.infra.telemetry import process_name
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import new_id

KAFKA_TAKES = 1_000_000
TRACEPARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


def rejected(value: bytes, **headers: str) -> Rejected:
    message = IncomingMessage("signals.raw", 3, 42, 1, b"AAPL", value, headers)
    return Rejected(message, "bad_schema", "It is broken. " * 1000)


@pytest.mark.parametrize(
    "value",
    [
        b"\xff" * 990_000,
        b"\x01" * 990_000,
        "😀".encode() * 240_000,
        json.dumps({"text": 'a "quote" \\ ' * 60_000}).encode(),
    ],
    ids=["base64", "escaped", "four bytes a character", "JSON within JSON"],
)
def test_however_large_the_message_was_its_announcement_can_be_sent(value: bytes) -> None:
    letter, _ = announcement(rejected(value), new_id())
    assert letter.cut
    assert len(letter.payload) == MOST_ANNOUNCED
    assert len(orjson.dumps(letter)) < KAFKA_TAKES / 2


def test_a_short_message_is_announced_whole() -> None:
    letter, _ = announcement(rejected(b"{not json"), new_id())
    assert (letter.payload, letter.encoding, letter.cut) == ("{not json", "utf-8", False)


def test_an_announcement_carries_on_the_trace_of_its_message() -> None:
    _, headers = announcement(
        rejected(b"{", correlation_id="order 66".replace(" ", "-"), traceparent=TRACEPARENT),
        letter_id := new_id(),
    )
    assert headers == {
        "type": "DeadLetter",
        "schema_version": "1",
        "idempotency_key": str(letter_id),
        "correlation_id": "order-66",
        "service": process_name(),
        "traceparent": TRACEPARENT,
    }


@pytest.mark.parametrize("given", ["", "x" * 65, "two\x00words", "ä"])
def test_an_announcement_of_a_message_without_a_usable_trace_begins_one(given: str) -> None:
    _, headers = announcement(
        rejected(b"{", correlation_id=given, traceparent=f"{TRACEPARENT}-more"), new_id()
    )
    assert len(headers["correlation_id"]) == 36
    assert "traceparent" not in headers


async def test_a_message_that_kafka_does_not_take_again_is_said_to_be_so() -> None:
    letter = DeadLetterRow(
        id=new_id(), topic="signals.raw", key=b"AAPL", payload=b"x" * 1_100_000, headers={}
    )
    with pytest.raises(NotReplayable, match="too large"):
        await replay(AsyncSession(), SystemClock(), letter)
    assert letter.replayed_at is None
