"""The embedded servers do real work, keep their data and let nobody in without the secret."""

from pathlib import Path

import psycopg
import pytest
from redis import AuthenticationError, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from kuber.infra.db import Database
from kuber.infra.embedded.postgres import PostgresServer
from kuber.infra.embedded.process import ForegroundServer, free_port
from kuber.infra.embedded.valkey import ValkeyServer
from kuber.infra.kafka import KafkaProbe, KafkaProducer, OutgoingMessage
from kuber.kernel.ids import new_id
from tests.fakes.kafka import read_until
from tests.fixtures.waiting import LIMIT_S


async def test_a_test_gets_a_database_with_every_table(database: Database) -> None:
    await database.ping()
    with psycopg.connect(database.url) as connection:
        row = connection.execute("select count(*) from outbox").fetchone()
    assert row == (0,)


def test_postgres_keeps_its_rows_after_a_crash(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", free_port(), "secret word/1")
    server.prepare()
    with ForegroundServer(server.command(), server.is_ready, tmp_path / "log") as running:
        running.wait_ready()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("create table kept (id int)")
            connection.execute("insert into kept values (7)")
        assert running.process is not None
        running.process.kill()
        running.process.wait()
    server.prepare()
    with ForegroundServer(server.command(), server.is_ready, tmp_path / "log") as running:
        running.wait_ready()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("select id from kept").fetchone() == (7,)


def test_postgres_refuses_a_wrong_secret(postgres_server: PostgresServer) -> None:
    url = postgres_server.url_of("postgres").replace(postgres_server.password, "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_valkey_keeps_its_keys_and_wants_its_secret(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path / "valkey", free_port(), "secret-word")
    for expected in (None, "kept"):
        server.prepare()
        with ForegroundServer(server.command(), server.is_ready, tmp_path / "log") as running:
            running.wait_ready()
            with Redis.from_url(server.url, decode_responses=True) as client:
                assert client.get("key") == expected
                client.set("key", "kept")
            with (
                Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
                pytest.raises(AuthenticationError),
            ):
                stranger.ping()


@pytest.mark.kafka
async def test_kafka_hands_a_published_message_to_a_consumer(kafka_bootstrap: str) -> None:
    await KafkaProbe(kafka_bootstrap).ping(timeout_s=LIMIT_S)
    producer = KafkaProducer(kafka_bootstrap, client_id="test")
    # The broker is the session's: other tests leave messages in its topics.
    value = str(new_id()).encode()
    message = OutgoingMessage("audit.event", b"key", value, {"type": "Test"})
    await producer.publish([message])
    producer.close()
    assert value in read_until(kafka_bootstrap, "audit.event", value)
