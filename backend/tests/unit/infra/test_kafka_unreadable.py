"""What is asked of a broker about a batch, and what it means."""

import json
import socket
from types import SimpleNamespace
from typing import cast

import pytest
from confluent_kafka import Consumer

from kuber.infra import kafka_unreadable
from kuber.infra.kafka import KafkaUnavailable
from kuber.infra.kafka_unreadable import (
    LARGEST_BATCH_BYTES,
    Looker,
    Place,
    Standstills,
    fetch,
    last_of,
)
from tests.fakes.kafka_batches import at, batch, good, record, scripted_broker

PLACE = Place("t", 0)


@pytest.mark.parametrize("last", [5, 6, 7, 8, 20, 37])
def test_a_batch_reaches_as_far_as_the_broker_has_it_not_as_it_says(last: int) -> None:
    bad = at(5, batch(b"\xff" * 9, attributes=4, last=90))
    after = at(40, good(b"after what was compacted away"))
    with scripted_broker(dict.fromkeys(range(5, last + 1), bad) | {40: after}) as leader:
        found = fetch(leader, PLACE, 5)
        assert found is not None
        assert found.claimed_last == 95
        assert last_of(leader, PLACE, 5, found) == last
        stands = looker_at(leader).unreadable(PLACE, 5, "Invalid compressed data")
        assert stands is not None
        assert stands.last == last


def test_two_like_batches_in_a_row_are_two() -> None:
    bad = batch(b"\xff" * 9, attributes=4)
    with scripted_broker({5: at(5, bad), 6: at(6, bad)}) as leader:
        found = fetch(leader, PLACE, 5)
        assert found is not None
        assert last_of(leader, PLACE, 5, found) == 5


def test_the_end_of_a_partition_holds_nothing() -> None:
    with scripted_broker({5: at(5, good(b"x"))}) as leader:
        assert fetch(leader, PLACE, 6) is None
    with scripted_broker({}, error=1) as leader:  # an offset out of range
        assert fetch(leader, PLACE, 6) is None


def test_a_broker_that_says_no_or_nothing_is_no_broker_without_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_unreadable, "_ANSWER_WITHIN_S", 0.05)
    with scripted_broker({}, error=6) as leader, pytest.raises(KafkaUnavailable):
        fetch(leader, PLACE, 5)  # not the leader
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OSError, match="timed"):
        fetch(silent.getsockname(), PLACE, 5)


def looker_at(leader: tuple[str, int]) -> Looker:
    """Return a looker whose library knows that broker as the leader."""
    partition, broker = SimpleNamespace(leader=1), SimpleNamespace(host=leader[0], port=leader[1])
    topics = {PLACE.topic: SimpleNamespace(partitions={PLACE.partition: partition})}
    cluster = SimpleNamespace(topics=topics, brokers={1: broker})
    library = SimpleNamespace(list_topics=lambda *_, **__: cluster)
    return Looker(cast(Consumer, library), f"{leader[0]}:{leader[1]}", "group")


def test_a_batch_that_is_too_large_to_be_received_is_not_kept() -> None:
    large = at(5, batch(record(b""), length=LARGEST_BATCH_BYTES)) + bytes(LARGEST_BATCH_BYTES)
    with scripted_broker({5: large}) as leader:
        found = looker_at(leader).unreadable(PLACE, 5, None)
    assert found is not None
    assert (found.first, found.last, found.batch.content) == (5, 5, b"")
    assert found.why == "It has 32,000,012 bytes, too many to be received."


def test_a_complaint_about_a_place_where_nothing_stands_moves_nobody() -> None:
    with scripted_broker({}) as leader:
        assert looker_at(leader).unreadable(PLACE, 5, "Invalid compressed data") is None


def test_a_broker_with_which_the_library_cannot_talk_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_unreadable, "_TRIED_FOR_S", 0.3)
    with (
        scripted_broker({5: at(5, batch(b"\xff" * 30))}) as leader,
        pytest.raises(KafkaUnavailable, match="may be readable"),
    ):
        looker_at(leader).unreadable(PLACE, 5, None)


def statistics(offset: int, end: int, state: str = "active", queued: int = 0) -> dict[str, object]:
    partition = {
        "fetch_state": state,
        "next_offset": offset,
        "ls_offset": end,
        "hi_offset": end,
        "fetchq_cnt": queued,
    }
    own = {"0": partition, "-1": {}}
    made: dict[str, object] = json.loads(json.dumps({"topics": {"t": {"partitions": own}}}))
    return made


def found_after(*seen: dict[str, object], paused: bool = False, in_doubt: bool = False) -> object:
    standstills = Standstills()
    for one in seen:
        standstills.note(one, {PLACE} if paused else (), in_doubt)
    return standstills.found()


def test_a_partition_that_stands_before_its_end_is_found_and_no_other() -> None:
    stands = statistics(5, 9)
    assert found_after(*[stands] * 4) == [(PLACE, 5)]
    assert found_after(*[stands] * 3) == []
    assert found_after(stands, stands, statistics(6, 9), stands, stands) == []
    assert found_after(*[stands] * 4, paused=True) == []
    assert found_after(*[statistics(9, 9)] * 9) == []
    assert found_after(*[statistics(9, 9)] * 4, in_doubt=True) == [(PLACE, 9)]
    assert found_after(*[statistics(5, 9, "offset-query")] * 9) == []
    assert found_after(*[statistics(5, 9, queued=1)] * 9) == []


def test_the_next_place_is_suspect_at_once_and_forgotten_with_its_partition() -> None:
    standstills = Standstills()
    standstills.suspect(PLACE, 6)
    standstills.note(statistics(6, 9), (), in_doubt=False)
    assert standstills.found() == [(PLACE, 6)]
    assert standstills.found() == []
    standstills.suspect(PLACE, 6)
    standstills.forget(PLACE)
    standstills.note(statistics(6, 9), (), in_doubt=False)
    assert standstills.found() == []
