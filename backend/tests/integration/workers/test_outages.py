"""PostgreSQL, Redis and Kafka go away and come back; T06 and T07 in small."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Thread

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from websockets.sync.client import connect

from kuber.infra.db import JsonObject
from kuber.infra.embedded.postgres import PostgresServer, new_password
from kuber.infra.embedded.process import ForegroundServer, free_port
from tests.fakes.graphs import steps
from tests.fakes.kafka import new_broker
from tests.fixtures.counts import Tell
from tests.fixtures.servers import migrate
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import LIMIT_S, until
from tests.fixtures.workers import Installation, OwnValkey, own_valkey, seed

GOLDEN_DAY = "2009-05-14T21:00:00Z"
BACKLOG = 50


@dataclass
class Server:
    """A server that a test may kill and start again on its port."""

    make: Callable[[], ForegroundServer]
    running: ForegroundServer | None = None

    def start(self) -> None:
        self.running = self.make().__enter__()
        self.running.wait_ready()

    def kill(self) -> None:
        if self.running is not None and self.running.process is not None:
            self.running.process.kill()
            self.running.process.wait()


@dataclass
class Site:
    """An installation with servers of its own."""

    installation: Installation
    postgres: Server
    valkey: OwnValkey
    kafka: Server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    database = PostgresServer(home / "postgres", free_port(), new_password())
    database.prepare()
    broker = new_broker(home)
    postgres = Server(
        lambda: ForegroundServer(database.command(), database.is_ready, home / "postgres.log")
    )
    kafka = Server(broker.make)
    postgres.start()
    kafka.start()
    migrate(database.url)
    asyncio.run(seed(database.url))
    with own_valkey(home) as valkey:
        overrides = {"KUBER_RETRY_BASE_S": "0.05"}
        with Installation(
            home, database.url, valkey.url, broker.bootstrap, overrides
        ) as installation:
            api, worker = installation.api(), installation.worker(processes=2, wait=False)
            installation.relay()
            api.wait_ready()
            worker.wait_ready()
            yield Site(installation, postgres, valkey, kafka)
    kafka.kill()
    postgres.kill()


@pytest.fixture
def person(site: Site) -> Trader:
    """Somebody whose starts are not refused: each is under way until Redis was asked in vain."""
    somebody = site.installation.sign_up()
    site.installation.allow(somebody, requests_at_once=1000, requests_per_minute=100_000)
    return somebody


@pytest.mark.kafka
def test_intents_and_fills_reach_kafka_in_order_with_their_headers(
    site: Site, person: Trader
) -> None:
    pipeline = person.create(template="golden-cross")
    runs = []
    for _ in range(3):
        runs.append(person.run(pipeline["id"], as_of=GOLDEN_DAY, seed=1))
        person.wait(runs[-1])
    for topic in ("decisions.order_intent", "executions.fill"):
        messages = _read(site, topic, set(runs))
        assert [item["value"]["run_id"] for item in messages] == runs
        for item in messages:
            assert item["key"] == "AAPL"
            assert item["headers"]["schema_version"] == "2"
            assert item["headers"]["idempotency_key"] == item["value"]["event_id"]
            correlation = person.execution(item["value"]["run_id"])["correlation_id"]
            assert item["headers"]["correlation_id"] == correlation
    ended = _read(site, "executions.finished", set(runs))
    assert [item["value"]["run_id"] for item in ended] == runs
    for item in ended:
        assert item["key"] == pipeline["id"]
        assert (item["headers"]["type"], item["value"]["status"]) == ("RunFinished", "succeeded")


@pytest.mark.kafka
def test_what_was_announced_while_kafka_was_away_is_delivered_after(
    site: Site, person: Trader
) -> None:
    pipeline = person.create(template="golden-cross")
    site.kafka.kill()
    runs = []
    for _ in range(2):
        runs.append(person.run(pipeline["id"], as_of=GOLDEN_DAY, seed=1))
        assert person.wait(runs[-1])["status"] == "succeeded"
    ready = httpx.get(f"{site.installation.url}/ready", timeout=LIMIT_S)
    assert (ready.status_code, ready.json()["checks"]["kafka"]["ok"]) == (503, False)
    assert len(site.installation.query("select 1 from outbox")) == 6
    site.kafka.start()
    messages = _read(site, "decisions.order_intent", set(runs))
    firsts = list(dict.fromkeys(item["value"]["run_id"] for item in messages))
    assert firsts == runs
    until(lambda: site.installation.query("select 1 from outbox") == [], "an empty outbox")
    until(partial(_is_ready, site), "an API that is ready")


def test_t06_runs_accepted_while_redis_is_away_finish_after_it_is_back(
    site: Site, person: Trader, tell: Tell
) -> None:
    pipelines = [person.create(graph=steps(a={}, b={})) for _ in range(BACKLOG)]
    site.valkey.kill()
    runs = [person.run(pipeline["id"]) for pipeline in pipelines]
    ready = httpx.get(f"{site.installation.url}/ready", timeout=LIMIT_S)
    assert (ready.status_code, ready.json()["checks"]["redis"]["ok"]) == (503, False)
    assert len(set(runs)) == BACKLOG
    site.valkey.start()
    started = time.monotonic()
    until(lambda: _statuses(site, person) == {"succeeded": BACKLOG}, "the end of all runs")
    tell(f"T06: {BACKLOG} runs finished {time.monotonic() - started:.1f} s after Redis was back")
    _check_once(site, runs, nodes=4, paid=2)


def test_a_watcher_sees_the_run_though_redis_is_away(site: Site, person: Trader) -> None:
    pipeline = person.create(graph=steps(**{f"s{n}": {"seconds": 0.4} for n in range(8)}))
    address = site.installation.url.replace("http", "ws") + "/api/v1/ws"
    with connect(address, open_timeout=LIMIT_S, ping_interval=None) as socket:
        socket.send(json.dumps({"type": "auth", "token": person.token}))
        run_id = person.run(pipeline["id"])
        socket.send(json.dumps({"type": "subscribe", "topic": f"execution:{run_id}"}))
        person.wait(run_id, "running")
        until(lambda: len(person.events(run_id)) >= 4, "the first nodes")
        site.valkey.kill()
        try:
            seen = _events_until_end(socket)
        finally:
            site.valkey.start()
    recorded = [event["sequence"] for event in person.events(run_id)]
    assert [event["sequence"] for event in seen] == recorded
    assert len(recorded) == 1 + 2 * 10 + 1
    until(partial(_is_ready, site), "an API that is ready")


def test_t07_postgres_killed_under_load_loses_no_accepted_run(
    site: Site, person: Trader, tell: Tell
) -> None:
    pipelines = [person.create(template="golden-cross") for _ in range(BACKLOG)]
    accepted: list[str] = []
    with _posting(site, person, pipelines, accepted):
        until(lambda: len(accepted) >= BACKLOG // 2, "half of the starts")
        site.postgres.kill()
        until(lambda: not _is_ready(site), "an API that misses PostgreSQL")
        site.postgres.start()
    started = time.monotonic()
    assert len(accepted) >= BACKLOG // 2
    found = {str(row[0]) for row in _query(site, "select id from runs where user_id = %s", person)}
    assert set(accepted) <= found, "an acknowledged row is missing"
    until(
        lambda: set(_statuses(site, person)) == {"succeeded"},
        lambda: f"the end of all runs, {_unfinished(site, person)},",
    )
    tell(
        f"T07: {len(accepted)} of {BACKLOG} accepted, {len(found)} stored, all finished"
        f" {time.monotonic() - started:.1f} s after PostgreSQL was back"
    )
    _check_once(site, sorted(found), nodes=8, paid=0)
    orders = _query(site, "select run_id from orders where user_id = %s", person)
    fills = _query(
        site, "select run_id from fills join orders on id = order_id where user_id = %s", person
    )
    for rows in (orders, fills):
        assert Counter(str(row[0]) for row in rows) == dict.fromkeys(found, 1)


@contextmanager
def _posting(
    site: Site, person: Trader, pipelines: list[JsonObject], accepted: list[str]
) -> Iterator[None]:
    """Start one run of each pipeline meanwhile; note those that were acknowledged."""

    def post() -> None:
        for pipeline in pipelines:
            try:
                answer = person.http.post(
                    f"/pipelines/{pipeline['id']}/run",
                    json={"symbol": "AAPL", "as_of": GOLDEN_DAY, "seed": 1},
                )
            except httpx.HTTPError:
                continue
            if answer.status_code == 202:
                accepted.append(answer.json()["execution_id"])

    thread = Thread(target=post)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _is_ready(site: Site) -> bool:
    return httpx.get(f"{site.installation.url}/ready", timeout=LIMIT_S).status_code == 200


def _statuses(site: Site, person: Trader) -> dict[object, object]:
    statement = "select status, count(*) from runs where user_id = %s group by status"
    return {row[0]: row[1] for row in _query(site, statement, person)}


def _unfinished(site: Site, person: Trader) -> list[tuple[object, ...]]:
    statement = (
        "select id, status, outcome, error, claimed_by, claim_epoch, lease_until - now(), wake_at"
        " from runs where user_id = %s and status <> 'succeeded'"
    )
    return _query(site, statement, person)


def _query(site: Site, statement: str, person: Trader) -> list[tuple[object, ...]]:
    return site.installation.query(statement, person.id)


def _check_once(site: Site, runs: list[str], nodes: int, paid: int) -> None:
    """Check that every node of every run settled once, and each that costs has one cost entry."""
    for table, count in (("node_runs", nodes), ("cost_tracking", paid)):
        rows = site.installation.query(
            f"select r.id, (select count(*) from {table} where run_id = r.id)"
            " from runs r where r.id = any(%s::uuid[])",
            runs,
        )
        assert {str(row[0]): row[1] for row in rows} == dict.fromkeys(runs, count), table
    ends = site.installation.query(
        'select run_id from run_events where events @> \'[{"type": "execution_finished"}]\''
        " and run_id = any(%s::uuid[])",
        runs,
    )
    assert Counter(str(row[0]) for row in ends) == dict.fromkeys(runs, 1)


def _read(site: Site, topic: str, runs: set[str]) -> list[JsonObject]:
    """Return the messages of the topic about these runs, once each of them has one."""
    consumer = Consumer(
        {
            "bootstrap.servers": site.installation.kafka_bootstrap,
            "group.id": f"test-{time.monotonic_ns()}",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
    )
    found: list[JsonObject] = []
    deadline = time.monotonic() + LIMIT_S
    try:
        partitions = consumer.list_topics(topic, timeout=LIMIT_S).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        while {item["value"]["run_id"] for item in found} != runs:
            assert time.monotonic() < deadline, f"{len(found)} messages came"
            message = consumer.poll(0.2)
            if message is None or message.error():
                continue
            item = _message(message.key(), message.value(), message.headers())
            if item["value"]["run_id"] in runs:
                found.append(item)
    finally:
        consumer.close()
    return found


def _message(key: object, value: object, headers: object) -> JsonObject:
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    assert isinstance(headers, list)
    return {
        "key": key.decode(),
        "value": json.loads(value),
        "headers": {name: text.decode() for name, text in headers},
    }


def _events_until_end(socket: object) -> list[JsonObject]:
    seen: list[JsonObject] = []
    while not seen or seen[-1]["type"] != "execution_finished":
        message = json.loads(socket.recv(timeout=LIMIT_S))  # type: ignore[attr-defined]
        if "sequence" in message:
            seen.append(message)
    return seen
