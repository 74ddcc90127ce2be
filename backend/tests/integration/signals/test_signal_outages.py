"""Kafka, Redis and PostgreSQL go away and come back; signals are late, never lost, never double."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from kuber.infra.db import Database
from kuber.infra.embedded.process import ForegroundServer
from kuber.infra.outbox import announce
from kuber.signals.events import SignalRaised
from tests.fakes.kafka import new_broker, publish, read_all, signal
from tests.fixtures.waiting import LIMIT_S, until
from tests.fixtures.workers import Installation, NewInstallation, OwnValkey, Program, own_valkey
from tests.integration.signals.test_dispatch import settle, signals, subscribed

MANY = 60
CONNECTED = """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'kuber-services'
"""


class Restarted:
    """A server that is started again at the same address."""

    def __init__(self, make: Callable[[], ForegroundServer]) -> None:
        self._make = make
        self._running: ForegroundServer | None = None

    def start(self) -> None:
        self._running = self._make().__enter__()
        self._running.wait_ready(LIMIT_S)

    def kill(self) -> None:
        assert self._running is not None
        assert self._running.process is not None
        self._running.process.kill()
        self._running.process.wait()


@dataclass
class Outage:
    """An installation whose broker and Valkey a test may kill and start again."""

    installation: Installation
    relay: Program
    kafka: Restarted
    valkey: OwnValkey


@pytest.fixture(scope="module")
def outage(
    new_installation: NewInstallation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outage]:
    home = tmp_path_factory.mktemp("outage")
    broker = new_broker(home)
    kafka = Restarted(broker.make)
    kafka.start()
    with own_valkey(home) as valkey:
        made = new_installation(kafka=broker.bootstrap)
        made.redis_url = valkey.url
        api, worker = made.api(), made.worker(wait=False)
        dispatcher = made.services("dispatcher", wait=False)
        relay = made.relay()
        for program in (api, worker, dispatcher):
            program.wait_ready()
        yield Outage(made, relay, kafka, valkey)
        for program in made.programs:
            program.stop()
    kafka.kill()


async def accept(url: str, owner: str, count: int, source: str) -> None:
    """Accept signals as the gateway does: each is a row of the outbox."""
    database = Database(url, pool_size=1)
    for number in range(count):
        event = SignalRaised(
            occurred_at=datetime.now(UTC),
            correlation_id=str(uuid4()),
            signal_id=uuid4(),
            timestamp=time.time(),
            source=source,
            signal_type="external",
            tickers=(
                {
                    "ticker": ("AAPL", "MSFT", "GOOG")[number % 3],
                    "signal": "BULLISH",
                    "confidence": 90,
                },
            ),
            metadata={"number": number},
            user_id=UUID(owner),
        )
        async with database.transaction() as session:
            await announce(session, [event])
    await database.close()


def test_what_is_accepted_while_kafka_is_gone_comes_once_and_in_order_when_it_is_back(
    outage: Outage,
) -> None:
    here = outage.installation
    trader = here.sign_up()
    subscribed(trader, 0, signal_type="external")
    settle(here)
    outage.kafka.kill()
    asyncio.run(accept(here.database_url, trader.id, MANY, "kept"))
    until(lambda: "relay_interrupted" in here.log_of(outage.relay), "the relay to miss Kafka")
    assert signals(trader, source="kept") == []
    outage.kafka.start()
    until(lambda: len(signals(trader, source="kept", limit="200")) == MANY, "all that was accepted")
    numbers: dict[str, list[int]] = {}
    # What the broker took and did not answer for is sent again.
    sent = read_all(here.kafka_bootstrap, "signals.raw", MANY, source="kept", once=True)
    for message in sent:
        ticker = message["tickers"][0]["ticker"]
        numbers.setdefault(ticker, []).append(message["metadata"]["number"])
    assert sorted(number for found in numbers.values() for number in found) == list(range(MANY))
    for found in numbers.values():
        assert found == sorted(found)
    assert here.query("select count(*) from outbox where topic = 'signals.raw'") == [(0,)]


def test_dispatching_goes_on_without_redis_and_runs_start_once_it_is_back(
    outage: Outage,
) -> None:
    here = outage.installation
    trader = here.sign_up()
    subscribed(trader, 0)
    settle(here)
    outage.valkey.kill()
    publish(here.kafka_bootstrap, "signals.raw", signal(source="no redis"))
    [[run]] = until(
        lambda: here.query(
            "select m.run_id from signal_matches m join signals s on s.id = m.signal_id"
            " where s.source = 'no redis' and m.outcome = 'started'"
        ),
        "the run of a signal",
    )
    outage.valkey.start()
    assert trader.wait(str(run))["status"] == "succeeded"


def test_a_dispatcher_waits_for_postgresql_and_loses_nothing(outage: Outage) -> None:
    here = outage.installation
    trader = here.sign_up()
    subscribed(trader, 0)
    settle(here)
    # Every connection of the services is cut while signals arrive, again and again.
    for number in range(5):
        publish(here.kafka_bootstrap, "signals.raw", signal(source="cut off", confidence=number))
        here.query(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'kuber-services'"
        )
        until(lambda: here.query(CONNECTED) != [(0,)], "the services to connect again")
    until(lambda: len(signals(trader, source="cut off")) == 5, "all five signals")
    assert here.query("select count(*) from dead_letters") == [(0,)]
