"""What the producer says of a message that no waiting will deliver."""

import pytest

from kuber.infra.kafka import KafkaProducer, MessagesRefused, OutgoingMessage


def outgoing(size_bytes: int, topic: str = "audit.event") -> OutgoingMessage:
    return OutgoingMessage(topic, b"key", b"x" * size_bytes, {"type": "Test"})


async def test_a_message_over_the_limit_is_named_at_once_and_not_waited_for() -> None:
    producer = KafkaProducer("127.0.0.1:1", client_id="test")  # nobody listens there
    with pytest.raises(MessagesRefused) as caught:
        await producer.publish([outgoing(1_100_000)])
    assert list(caught.value.reasons) == [0]
    assert "message 0: " in str(caught.value)
    assert "too large" in str(caught.value).lower()
