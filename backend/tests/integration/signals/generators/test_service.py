"""`./kuber services generators` as a process of its own."""

import signal
from uuid import uuid4

from tests.fixtures.waiting import LIMIT_S, until
from tests.fixtures.workers import Installation, NewInstallation


def wait_for(installation: Installation, statement: str, expected: object) -> None:
    until(
        lambda: installation.query(statement) == expected,
        lambda: f"{expected} in place of {installation.query(statement)}",
    )


def test_the_service_takes_up_its_generators_beats_and_frees_them_when_it_stops(
    new_installation: NewInstallation,
) -> None:
    installation = new_installation()
    installation.query(
        "insert into signal_generators"
        " (id, name, kind, config, symbols, timeframe, created_at, updated_at)"
        " values (%s, 'Golden', 'golden_cross', '{}', '{AAPL,BTCUSD}', '1d', now(), now())",
        uuid4(),
    )
    held = "select count(*) from signal_generators where leased_until > now()"
    process = installation.services("generators")
    wait_for(installation, held, [(1,)])
    followed = "select symbol, timeframe from generator_cursors order by symbol"
    wait_for(installation, followed, [("AAPL", "1d"), ("BTCUSD", "1d")])
    beats = "select state, detail->'generators' from service_beats where service = 'generators'"
    wait_for(installation, beats, [("running", 1)])
    assert process.server.process is not None
    process.server.process.send_signal(signal.SIGTERM)
    assert process.server.process.wait(LIMIT_S) == 0
    assert installation.query(held) == [(0,)]
