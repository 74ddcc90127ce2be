"""What Kafka's library cannot read does not keep the signals behind it, and people are told."""

import json
import subprocess
import sys
from uuid import uuid4

from tests.fakes.kafka import signal
from tests.fakes.kafka_batches import BAD_IN_SILENCE, SAID_TO_BE_BAD, good, send
from tests.fixtures.waiting import LIMIT_S, until
from tests.fixtures.workers import Installation
from tests.integration.signals.test_dispatch import signals


def test_signals_behind_what_cannot_be_read_are_recorded_and_it_is_a_dead_letter(
    signalled: Installation,
) -> None:
    trader, mark = signalled.sign_up(), f"behind {uuid4()}"
    behind = good(json.dumps(signal(source=mark)).encode())
    bad = (SAID_TO_BE_BAD["zstd"], BAD_IN_SILENCE["endless record"])
    told, silent, last = send(signalled.kafka_bootstrap, "signals.raw", 4, *bad, behind)
    until(lambda: signals(trader, source=mark), "the signal behind")
    assert letters(signalled) == [
        ("signals.raw", 4, told, "undecodable"),
        ("signals.raw", 4, silent, "undecodable"),
    ]
    [(kept, detail)] = signalled.query(
        "select payload, detail from dead_letters where message_offset = %s", told
    )
    assert bytes(kept)[8:] == bad[0][8:]  # type: ignore[call-overload]
    assert str(detail).startswith(f"Offset {told} of the topic cannot be read: Decompression")
    until(lambda: told_of_services(signalled) == 2, "both in the dispatcher's beat")
    listed = subprocess.run(
        (sys.executable, "-m", "kuber.cli", "dead-letters", "list"),
        env=signalled.environment(),
        cwd=signalled.home,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=True,
    )
    assert listed.stdout.count("undecodable") == 2
    assert last == silent + 1


def letters(made: Installation) -> list[tuple[object, ...]]:
    return made.query(
        "select topic, partition, message_offset, reason from dead_letters order by message_offset"
    )


def told_of_services(made: Installation) -> object:
    [(detail,)] = made.query("select detail from service_beats where service = 'dispatcher'")
    assert isinstance(detail, dict)
    return detail.get("undecodable")
