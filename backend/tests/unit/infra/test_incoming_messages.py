"""What the library hands over becomes a message, whatever its headers are."""

from typing import cast

import pytest
from confluent_kafka import Message

from kuber.infra.kafka_consumer import _incoming


class Handed:
    """What the library hands over; `pairs` are its headers, or what reading them raises."""

    def __init__(self, pairs: object, key: str | bytes | None = b"AAPL") -> None:
        self._pairs = pairs
        self._key = key

    def headers(self) -> object:
        if isinstance(self._pairs, Exception):
            raise self._pairs
        return self._pairs

    def topic(self) -> str:
        return "signals.raw"

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 41

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_702_234_567_000

    def key(self) -> str | bytes | None:
        return self._key

    def value(self) -> bytes:
        return b"{}"


@pytest.mark.parametrize(
    ("pairs", "read"),
    [
        (None, {}),
        ([], {}),
        ([("type", b"SignalRaised"), ("empty", None)], {"type": "SignalRaised", "empty": ""}),
        ({"type": "SignalRaised"}, {"type": "SignalRaised"}),
        ([("odd", b"\xff")], {"odd": "\ufffd"}),
        (SystemError("headers returned a result with an exception set"), {}),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), {}),
    ],
)
def test_headers_are_read_and_unreadable_ones_are_none(pairs: object, read: dict[str, str]) -> None:
    message = _incoming(cast(Message, Handed(pairs)))
    assert message.headers == read
    assert (message.partition, message.offset, message.value) == (3, 41, b"{}")


def test_a_key_may_be_missing() -> None:
    assert _incoming(cast(Message, Handed(None, key=None))).key is None
