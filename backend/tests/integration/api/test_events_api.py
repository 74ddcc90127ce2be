"""The event history over HTTP: what is in it, who sees what, and how it is searched."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from kuber.config import Settings
from kuber.infra import past_events
from kuber.kernel.ids import new_id
from tests.integration.api.test_operations import make_admin

Events = list[dict[str, Any]]
NOW = datetime.now(UTC)


class History:
    """Puts events into the table as those do who announce them."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def add(
        self, user_id: str | None, kind: str = "OrderFilled", *, ago_s: float = 0, **given: Any
    ) -> str:
        event_id = given.get("id") or new_id()
        self.connection.execute(
            "insert into event_history (id, at, type, service, correlation_id, user_id, data)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            (
                event_id,
                NOW - timedelta(seconds=ago_s),
                kind,
                given.get("service", "worker"),
                given.get("correlation_id", "corr-1"),
                user_id,
                json.dumps(given.get("data", {"symbol": "AAPL"})),
            ),
        )
        return str(event_id)

    def owner(self, email: str) -> str:
        query = "select id from users where email = %s"
        row = self.connection.execute(query, (email,)).fetchone()
        assert row is not None
        return str(row[0])


@pytest.fixture
def history(settings: Settings) -> Iterator[History]:
    url = settings.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True) as connection:
        yield History(connection)


async def events(client: httpx.AsyncClient, **query: str | int) -> Events:
    answer = await client.get("/api/v1/events", params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    found: Events = answer.json()["items"]
    return found


async def all_pages(client: httpx.AsyncClient, **query: str | int) -> tuple[Events, int]:
    """Return what all pages show, and how many they are."""
    found: Events = []
    pages, cursor = 0, ""
    while pages == 0 or cursor:
        more = {"cursor": cursor} if cursor else {}
        answer = await client.get("/api/v1/events", params={**query, **more})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        pages, cursor = pages + 1, answer.json()["next_cursor"]
    return found, pages


async def test_events_and_entries_of_the_record_are_one_list(
    ann: httpx.AsyncClient, history: History
) -> None:
    owner = history.owner("ann@example.com")
    filled = history.add(owner, ago_s=3600, data={"price": "1.50"})
    assert (await ann.put("/api/v1/budgets", json={"per_run": "1", "per_day": None})).is_success
    finished = history.add(owner, "execution_finished", ago_s=-3600)
    found = await events(ann)
    assert [one["type"] for one in found] == [
        "execution_finished",
        "budget_changed",
        "user_logged_in",
        "account_opened",
        "user_registered",
        "OrderFilled",
    ]
    assert [found[0]["id"], found[5]["id"]] == [finished, filled]
    assert found[5] == {
        "id": filled,
        "at": (NOW - timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "type": "OrderFilled",
        "service": "worker",
        "correlation_id": "corr-1",
        "user_id": owner,
        "data": {"price": "1.50"},
    }
    assert (found[1]["service"], found[1]["data"]) == ("audit", {"per_run": "1", "per_day": None})
    query = "select event_id from audit_entries where event_type = 'budget_changed'"
    assert history.connection.execute(query).fetchall() == [(UUID(found[1]["id"]),)]


async def test_people_see_their_own_and_administrators_everybodys_and_the_platforms(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, history: History, settings: Settings
) -> None:
    hers = history.add(history.owner("ann@example.com"))
    his = history.add(history.owner("bob@example.com"))
    nobodys = history.add(None, "SignalNormalized")
    both = {"correlation_id": "corr-1"}
    for query in ({}, both, {"type": "OrderFilled"}, {"service": "worker"}):
        shown = {one["id"] for one in await events(bob, **query)}
        assert (his in shown, hers in shown, nobodys in shown) == (True, False, False), query
    assert {one["user_id"] for one in await events(bob)} == {history.owner("bob@example.com")}
    make_admin(settings.database_url.get_secret_value(), "ann@example.com")
    assert {one["id"] for one in await events(ann, **both)} == {hers, his, nobodys}
    types = [one["type"] for one in await events(ann)]
    assert types.count("user_registered") == 2


async def test_events_are_found_by_type_service_correlation_and_time(
    ann: httpx.AsyncClient, history: History
) -> None:
    owner = history.owner("ann@example.com")
    one = history.add(owner, "OrderIntended", ago_s=30, correlation_id="a")
    two = history.add(owner, "OrderFilled", ago_s=20, correlation_id="a")
    three = history.add(owner, "SignalRaised", ago_s=10, service="api", correlation_id="b")

    async def ids(**query: str | int) -> list[str]:
        return [found["id"] for found in await events(ann, **query)]

    assert await ids(type="OrderIntended") == [one]
    assert await ids(service="worker") == [two, one]
    assert await ids(service="api") == [three]
    assert await ids(correlation_id="a") == [two, one]
    assert await ids(correlation_id="a", type="OrderFilled", service="worker") == [two]
    assert await ids(type="nothing_like_it") == []
    moment = (NOW - timedelta(seconds=20)).isoformat()
    assert await ids(service="worker", since=moment) == [two]
    assert await ids(service="worker", until=moment) == [one]
    entries = await events(ann, service="audit")
    assert [one["type"] for one in entries] == [
        *("user_logged_in", "account_opened"),
        "user_registered",
    ]
    assert await ids(type="user_logged_in") == [entries[0]["id"]]
    assert entries[0]["id"] in await ids(correlation_id=entries[0]["correlation_id"])


async def test_what_is_older_than_seven_days_is_not_in_it(
    ann: httpx.AsyncClient, history: History
) -> None:
    owner, week_s = history.owner("ann@example.com"), 7 * 86_400
    history.add(owner, "old", ago_s=week_s + 1)
    kept = history.add(owner, "kept", ago_s=week_s - 43_200)
    history.connection.execute("set session_replication_role = replica")
    history.connection.execute(
        "update audit_entries set at = at - interval '8 days'"
        " where event_type in ('user_registered', 'account_opened')"
    )
    long_ago = (NOW - timedelta(days=30)).isoformat()
    for query in ({}, {"since": long_ago}):
        found = await events(ann, **query)
        assert [one["type"] for one in found] == ["user_logged_in", "kept"]
        assert found[1]["id"] == kept


async def test_pages_show_each_event_once_also_those_of_one_instant(
    ann: httpx.AsyncClient, history: History
) -> None:
    owner = history.owner("ann@example.com")
    ids = {history.add(owner, ago_s=number // 4) for number in range(23)}
    for kind in ("1", "2", "3"):
        await ann.put("/api/v1/budgets", json={"per_run": kind, "per_day": None})
    found, pages = await all_pages(ann, limit=4)
    assert found == await events(ann)
    assert (len(found), pages) == (23 + 6, 8)
    assert ids <= {one["id"] for one in found}
    places = [(one["at"], one["id"]) for one in found]
    assert places == sorted(places, reverse=True)


async def test_a_search_for_what_is_rare_passes_few_rows_a_page_and_misses_nothing(
    ann: httpx.AsyncClient, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_events, "MOST_PASSED", 5)
    owner = history.owner("ann@example.com")
    rare = [history.add(owner, "rare", ago_s=7)]
    for number in range(30):
        history.add(owner, "frequent", ago_s=number)
    rare.append(history.add(owner, "rare", ago_s=29))
    found, pages = await all_pages(ann, type="rare")
    assert [one["id"] for one in found] == rare
    assert pages >= 6
    assert len(await events(ann, type="rare")) == 0, "the first page ends where its search did"


async def test_a_page_of_large_events_ends_early(
    ann: httpx.AsyncClient, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_events, "MOST_CHARACTERS", 3000)
    owner = history.owner("ann@example.com")
    for _ in range(5):
        history.add(owner, "large", data={"text": "x" * 1400})
    found, pages = await all_pages(ann, type="large")
    assert (len(found), pages) == (5, 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("correlation_id", "two words"),
        ("correlation_id", "x" * 101),
        ("correlation_id", ""),
        ("since", "yesterday"),
        ("since", "2026-01-01T00:00:00"),
        ("until", "9999-12-31T23:59:59Z"),
        ("type", "x" * 61),
        ("cursor", "x"),
        ("limit", "0"),
    ],
)
async def test_a_question_that_makes_no_sense_names_its_field(
    ann: httpx.AsyncClient, field: str, value: str
) -> None:
    answer = await ann.get("/api/v1/events", params={field: value})
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_an_entry_that_somebody_damaged_holds_up_nobody(
    ann: httpx.AsyncClient, history: History
) -> None:
    history.connection.execute("set session_replication_role = replica")
    history.connection.execute(
        "update audit_entries set data = '{' where event_type = 'user_logged_in'"
    )
    assert (await events(ann))[0]["data"] == {"damaged": "{"}
