"""What an administrator sees and does: dead letters, services, status."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from kuber.audit.entries import APPEND, audit_json
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.infra.dead_letters import Rejected, store_dead_letters
from kuber.infra.kafka import IncomingMessage, KafkaProducer
from kuber.infra.plugins import PluginProblem
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId, new_id
from kuber.workers.relay import OutboxRelay
from tests.fakes.kafka import read_until

LETTERS = "/api/v1/dead-letters"


async def put_some_away(postgres_url: str, *messages: bytes) -> None:
    """Put messages away as the dispatcher would."""
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        rejected = [
            Rejected(
                IncomingMessage(
                    "audit.event", 3, number, 1_700_000_000_000, b"AAPL", message, {"type": "Test"}
                ),
                "not_json",
                "The message is not JSON.",
            )
            for number, message in enumerate(messages)
        ]
        await store_dead_letters(connection, SystemClock(), "dispatcher", rejected)


def make_admin(postgres_url: str, email: str) -> None:
    """Give an account that role, on record as by the command."""
    with psycopg.connect(postgres_url) as connection:
        query = "update users set role = 'admin' where email = %s returning id"
        row = connection.execute(query, (email,)).fetchone()
        assert row is not None
        said = {"role": "admin", "before": "user"}
        kind, at = AuditEventType.ROLE_CHANGED, SystemClock().now()
        event = AuditEvent(kind, at, str(new_id()), UserId(UUID(str(row[0]))), said)
        connection.execute(APPEND, {"audit": Jsonb(audit_json([event]))})


@pytest.fixture
def admin(ann: httpx.AsyncClient, postgres_url: str) -> httpx.AsyncClient:
    """Ann, who is an administrator here."""
    make_admin(postgres_url, "ann@example.com")
    return ann


async def test_dead_letters_are_for_administrators_alone(
    bob: httpx.AsyncClient, postgres_url: str
) -> None:
    await put_some_away(postgres_url, b"{broken")
    for answer in (
        await bob.get(LETTERS),
        await bob.get(f"{LETTERS}/{uuid4()}"),
        await bob.post(f"{LETTERS}/{uuid4()}/replay"),
    ):
        assert answer.status_code == 403, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert "administrator" in answer.json()["detail"]
        assert "broken" not in answer.text


async def test_dead_letters_are_listed_newest_first_and_page_by_page(
    admin: httpx.AsyncClient, postgres_url: str
) -> None:
    await put_some_away(postgres_url, b"{one", b"{two", b"{three")
    first = (await admin.get(LETTERS, params={"limit": 2})).json()
    rest = (await admin.get(LETTERS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["offset"] for item in (*first["items"], *rest["items"])] == [2, 1, 0]
    assert rest["next_cursor"] is None
    assert "payload" not in first["items"][0]
    assert (await admin.get(LETTERS, params={"consumer": "nobody"})).json()["items"] == []
    refused = await admin.get(LETTERS, params={"cursor": "not one of ours"})
    assert refused.status_code == 422


async def test_a_dead_letter_is_shown_whole_and_what_is_no_text_in_base64(
    admin: httpx.AsyncClient, postgres_url: str
) -> None:
    await put_some_away(postgres_url, b"{broken", b"\xff\x00")
    binary, text = (await admin.get(LETTERS)).json()["items"]
    shown = (await admin.get(f"{LETTERS}/{text['id']}")).json()
    assert {**text, "key": "AAPL", "payload": "{broken", "encoding": "utf-8"}.items() <= (
        shown.items()
    )
    assert shown["headers"] == {"type": "Test"}
    assert (shown["reason"], shown["partition"], shown["replayed_at"]) == ("not_json", 3, None)
    shown = (await admin.get(f"{LETTERS}/{binary['id']}")).json()
    assert (shown["payload"], shown["encoding"]) == ("/wA=", "base64")
    assert (await admin.get(f"{LETTERS}/{uuid4()}")).status_code == 404


async def test_a_replayed_dead_letter_is_on_its_topic_again_byte_for_byte(
    admin: httpx.AsyncClient, postgres_url: str, kafka_bootstrap: str
) -> None:
    mark = b"\xff\x00" + uuid4().bytes
    await put_some_away(postgres_url, mark)
    [letter] = (await admin.get(LETTERS)).json()["items"]
    answer = await admin.post(f"{LETTERS}/{letter['id']}/replay")
    assert answer.status_code == 200, answer.text
    assert answer.json()["replayed_at"] is not None
    assert (await admin.post(f"{LETTERS}/{uuid4()}/replay")).status_code == 404
    producer = KafkaProducer(kafka_bootstrap, client_id="test")
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await OutboxRelay(postgres_url, producer).publish_batch(connection)
    producer.close()
    assert read_until(kafka_bootstrap, "audit.event", mark)[-1] == mark


async def test_services_show_an_administrator_who_lives_and_who_was_lost(
    admin: httpx.AsyncClient, postgres_url: str
) -> None:
    assert (await admin.get("/api/v1/system/services")).json()["items"] == []
    beat(postgres_url, "dispatcher", "one", "running", age_s=1)
    beat(postgres_url, "dispatcher", "two", "running", age_s=60)
    beat(postgres_url, "scheduler", "one", "failing", age_s=1)
    beat(postgres_url, "scanners", "one", "stopped", age_s=60)
    items = (await admin.get("/api/v1/system/services")).json()["items"]
    states = {(item["service"], item["instance"]): item["state"] for item in items}
    assert states == {
        ("dispatcher", "one"): "running",
        ("dispatcher", "two"): "lost",
        ("scheduler", "one"): "failing",
        ("scanners", "one"): "stopped",
    }
    assert items[0]["detail"] == {"handled": 7}


async def test_what_services_say_of_themselves_is_for_administrators_alone(
    bob: httpx.AsyncClient, postgres_url: str
) -> None:
    beat(postgres_url, "dispatcher", "db1.example.com:77", "running", age_s=1)
    answer = await bob.get("/api/v1/system/services")
    [item] = answer.json()["items"]
    assert (item["service"], item["state"]) == ("dispatcher", "running")
    assert (item["instance"], item["detail"]) == (None, None)
    assert item["started_at"]
    assert item["beat_at"]
    assert "handled" not in answer.text
    assert "example.com" not in answer.text


async def test_status_names_what_answers_and_each_services_best_instance(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    beat(postgres_url, "dispatcher", "one", "running", age_s=1)
    beat(postgres_url, "dispatcher", "two", "running", age_s=60)
    status = (await ann.get("/api/v1/system/status")).json()
    assert status["status"] == "ok", status
    assert status["services"] == {"dispatcher": "running"}
    assert {"postgres", "redis", "kafka"} <= status["checks"].keys()
    beat(postgres_url, "scheduler", "one", "failing", age_s=1)
    status = (await ann.get("/api/v1/system/status")).json()
    assert (status["status"], status["services"]["scheduler"]) == ("degraded", "failing")


def beat(postgres_url: str, service: str, instance: str, state: str, *, age_s: float) -> None:
    """Leave the heartbeat of a service as it would."""
    now = datetime.now(UTC)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into service_beats (service, instance, state, detail, started_at, beat_at,"
            " progress_at) values (%(service)s, %(instance)s, %(state)s, '{\"handled\": 7}',"
            " %(now)s, %(at)s, %(at)s)",
            {
                "service": service,
                "instance": instance,
                "state": state,
                "now": now,
                "at": now - timedelta(seconds=age_s),
            },
        )


async def test_everybody_who_is_logged_in_sees_the_licences_of_the_installed_packages(
    bob: httpx.AsyncClient,
) -> None:
    answer = await bob.get("/api/v1/system/licences")
    assert answer.status_code == 200, answer.text
    listed = {item["name"]: item for item in answer.json()["items"]}
    assert listed["fastapi"]["licence"] == "MIT"
    assert listed["fastapi"]["version"] == version("fastapi")


async def test_a_plug_in_that_was_left_out_is_named_with_a_remedy(
    platform: FastAPI, admin: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    container = platform.state.container
    assert (await admin.get("/api/v1/system/plugin-problems")).json()["items"] == []
    problem = PluginProblem("gap_up", "gap-up", "examining it ends the process (exit code 3)")
    platform.state.container = replace(container, plugin_problems=(problem,))
    (item,) = (await admin.get("/api/v1/system/plugin-problems")).json()["items"]
    assert item["package"] == "gap-up"
    assert item["reason"] == problem.reason
    assert "./kuber plugins remove gap-up" in item["remedy"]
    (told,) = (await bob.get("/api/v1/system/plugin-problems")).json()["items"]
    assert (told["package"], told["name"]) == ("gap-up", "gap_up")
    assert "exit code" not in told["reason"]
    assert "kuber plugins" not in told["remedy"]


async def test_on_a_machine_of_ones_own_everybody_is_told_why_a_plug_in_was_left_out(
    platform: FastAPI, bob: httpx.AsyncClient
) -> None:
    container = platform.state.container
    problem = PluginProblem("gap_up", "gap-up", "examining it ends the process (exit code 3)")
    platform.state.container = replace(
        container,
        plugin_problems=(problem,),
        settings=container.settings.model_copy(update={"demo_password": SecretStr("demo")}),
    )
    (item,) = (await bob.get("/api/v1/system/plugin-problems")).json()["items"]
    assert item["reason"] == problem.reason
