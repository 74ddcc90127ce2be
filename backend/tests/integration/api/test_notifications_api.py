"""Notices over HTTP: lists, what was read, preferences, channels; and what causes them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from kuber.config import Settings
from kuber.infra.db import raw_pool
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId
from kuber.notifications.notifier import Notifier
from kuber.notifications.outbox import tell
from kuber.notifications.types import Notice, NoticeKind
from kuber.pipelines.rechecking import recheck_all
from tests.integration.api.test_t26_cross_tenant import app_of

NOTICES = "/api/v1/notifications"
Answer = dict[str, Any]


@pytest.fixture
async def notifier(settings: Settings) -> AsyncIterator[Notifier]:
    url = settings.database_url.get_secret_value()
    pool = raw_pool(url, size=2, application_name="kuber-test")
    await pool.open()
    yield Notifier(pool, SystemClock(), mails=False)
    await pool.close()


async def send_test(client: httpx.AsyncClient, notifier: Notifier) -> None:
    """Have the client sent a test notice."""
    assert (await client.post(f"{NOTICES}/channels/in_app/test")).status_code == 202
    await notifier.run_once()


HOURLY = {"kind": "periodic", "every_minutes": 60, "symbols": ["AAPL"]}


async def page(client: httpx.AsyncClient, **query: str) -> Answer:
    answer = await client.get(NOTICES, params=query)
    assert answer.status_code == 200, answer.text
    found: Answer = answer.json()
    return found


async def switch_off(client: httpx.AsyncClient, name: str = "Cross") -> str:
    """Make an active pipeline, and have it looked at once its agents are gone; return its id."""
    body = {"name": name, "template": "golden-cross", "trigger": HOURLY}
    made = (await client.post("/api/v1/pipelines", json=body)).json()
    address = f"/api/v1/pipelines/{made['id']}"
    assert (await client.post(f"{address}/activate")).status_code == 200
    container = app_of(client).state.container
    async with container.database.transaction() as session:
        await session.execute(
            text(
                "update pipeline_graphs set graph = jsonb_set(graph, '{edges}', '[]')"
                " where pipeline_id = :id"
            ),
            {"id": made["id"]},
        )
        await session.execute(
            text("update pipelines set published_checked_with = 'other' where id = :id"),
            {"id": made["id"]},
        )
    pipelines = container.pipelines
    assert await recheck_all(container.database, pipelines.checks, pipelines.publishing) == 1
    assert (await client.get(address)).json()["status"] == "draft"
    return str(made["id"])


async def test_a_pipeline_that_new_agents_switched_off_is_told_to_its_owner(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, notifier: Notifier
) -> None:
    pipeline_id = await switch_off(ann)
    await notifier.run_once()
    found = await page(ann)
    (notice,) = found["items"]
    assert (found["unread"], notice["kind"], notice["alarm"]) == (1, "pipeline_switched_off", True)
    assert notice["title"] == "Cross was switched off"
    assert "problems with the agents that are installed now" in notice["text"]
    assert notice["path"] == f"/pipelines/{pipeline_id}"
    assert (await page(bob))["items"] == []


async def test_a_notice_leads_nowhere_once_what_it_speaks_of_is_deleted(
    ann: httpx.AsyncClient, notifier: Notifier
) -> None:
    pipeline_id = await switch_off(ann)
    container = app_of(ann).state.container
    user_id = UserId(UUID((await ann.get("/api/v1/users/me")).json()["id"]))
    said: dict[str, Any] = {"run_id": str(uuid4()), "pipeline_name": "Gone", "message": "No."}
    async with container.database.transaction() as session:
        now = SystemClock().now()
        await tell(session, Notice(user_id, NoticeKind.RUN_FAILED, now, said, subject="gone"))
    await notifier.run_once()
    paths = {one["kind"]: one["path"] for one in (await page(ann))["items"]}
    assert paths == {
        "run_failed": None,
        "pipeline_switched_off": f"/pipelines/{pipeline_id}",
    }
    deleted = await ann.delete(f"/api/v1/pipelines/{pipeline_id}")
    assert deleted.status_code == 204, deleted.text
    paths = {one["kind"]: one["path"] for one in (await page(ann))["items"]}
    assert paths == {"run_failed": None, "pipeline_switched_off": None}


async def test_switching_a_pipeline_off_by_its_switch_is_not_told(
    ann: httpx.AsyncClient, notifier: Notifier
) -> None:
    body = {"name": "x", "template": "golden-cross", "trigger": HOURLY}
    made = await ann.post("/api/v1/pipelines", json=body)
    address = f"/api/v1/pipelines/{made.json()['id']}"
    assert (await ann.post(f"{address}/activate")).status_code == 200
    assert (await ann.post(f"{address}/deactivate")).status_code == 200
    assert await notifier.run_once() == 0


async def test_notices_are_read_one_by_one_and_all_at_once(
    ann: httpx.AsyncClient, notifier: Notifier
) -> None:
    for name in ("One", "Two", "Three"):
        await switch_off(ann, name)
    await notifier.run_once()
    newest, middle, oldest = (await page(ann))["items"]
    one = f"{NOTICES}/{newest['id']}/read"
    assert (await ann.post(one, json={})).json() == {"unread": 2}
    assert (await ann.post(one, json={"read": True})).json() == {"unread": 2}
    assert [item["id"] for item in (await page(ann, unread="true"))["items"]] == [
        middle["id"],
        oldest["id"],
    ]
    assert (await ann.post(one, json={"read": False})).json() == {"unread": 3}
    for up_to in ({"up_to_sequence": middle["sequence"]}, {"up_to": middle["at"]}):
        assert (await ann.post(f"{NOTICES}/read-all", json=up_to)).json() == {"unread": 1}
    assert (await ann.post(f"{NOTICES}/read-all", json={})).json() == {"unread": 0}


async def test_one_kind_is_read_all_at_once_and_the_others_stay(
    ann: httpx.AsyncClient, notifier: Notifier
) -> None:
    await send_test(ann, notifier)
    await switch_off(ann)
    await notifier.run_once()
    body = {"kind": "pipeline_switched_off"}
    assert (await ann.post(f"{NOTICES}/read-all", json=body)).json() == {"unread": 1}
    (unread,) = (await page(ann, unread="true"))["items"]
    assert unread["kind"] == "test"
    unknown = await ann.post(f"{NOTICES}/read-all", json={"kind": "nonsense"})
    assert unknown.status_code == 422


async def test_pages_follow_each_other_without_gap_or_repetition(
    ann: httpx.AsyncClient, notifier: Notifier
) -> None:
    for number in range(5):
        await switch_off(ann, f"No. {number}")
    await notifier.run_once()
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        found = await page(ann, limit="2", **cursor)
        seen += [item["title"] for item in found["items"]]
        if found["next_cursor"] is None:
            break
        cursor = {"cursor": found["next_cursor"]}
    assert seen == [f"No. {number} was switched off" for number in (4, 3, 2, 1, 0)]
    assert (await page(ann, kind="order_filled"))["items"] == []
    bad = await ann.get(NOTICES, params={"cursor": "x"})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_cursor")


async def test_preferences_change_what_is_named_and_keep_the_rest(ann: httpx.AsyncClient) -> None:
    before = (await ann.get(f"{NOTICES}/preferences")).json()["items"]
    assert {item["kind"] for item in before} == {
        "order_filled",
        "order_rejected",
        "run_failed",
        "pipeline_switched_off",
        "position_alarm",
        "position_news",
        "trading_switch",
        "account_differs",
        "budget_exhausted",
        "webhook_refused",
        "deposit",
    }
    changes = [{"kind": "order_filled", "in_app": False}, {"kind": "run_failed", "mail": False}]
    put = await ann.put(f"{NOTICES}/preferences", json={"items": changes})
    assert put.status_code == 200, put.text
    after = {item["kind"]: item for item in put.json()["items"]}
    expected = {item["kind"]: item for item in before}
    expected["order_filled"] |= {"in_app": False}
    expected["run_failed"] |= {"mail": False}
    assert after == expected
    back = {"items": [{"kind": "order_filled", "in_app": True}]}
    expected["order_filled"] |= {"in_app": True}
    put = await ann.put(f"{NOTICES}/preferences", json=back)
    assert {item["kind"]: item for item in put.json()["items"]} == expected


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"kind": "pipeline_switched_off", "in_app": False}, "items.0.in_app"),
        ({"kind": "test", "mail": True}, "items.0.kind"),
        ({"kind": "unheard_of", "mail": True}, "items.0.kind"),
        ({"kind": "run_failed", "sms": True}, "items.0.sms"),
    ],
)
async def test_a_preference_that_cannot_be_names_its_field(
    ann: httpx.AsyncClient, item: Answer, field: str
) -> None:
    good = {"kind": "order_filled", "in_app": False}
    put = await ann.put(f"{NOTICES}/preferences", json={"items": [item, good]})
    assert put.status_code == 422, put.text
    assert put.json()["errors"][0]["field"] == field
    kept = (await ann.get(f"{NOTICES}/preferences")).json()["items"]
    assert all(one["in_app"] for one in kept), "nothing half done"


async def test_without_a_mail_server_the_channel_says_so(ann: httpx.AsyncClient) -> None:
    in_app, mail = (await ann.get(f"{NOTICES}/channels")).json()["items"]
    assert (in_app["id"], in_app["state"]) == ("in_app", "on")
    assert (mail["id"], mail["state"]) == ("mail", "not_configured")
    assert "KUBER_SMTP_URL" in mail["detail"]
    for address in ("channels/mail/code", "channels/mail/test"):
        refused = await ann.post(f"{NOTICES}/{address}")
        assert (refused.status_code, refused.json()["code"]) == (409, "channel_not_ready")
    wrong = await ann.post(f"{NOTICES}/channels/mail/confirm", json={"code": "123456"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_code")
    assert wrong.json()["errors"][0]["field"] == "code"


async def test_a_test_arrives_in_the_app(
    ann: httpx.AsyncClient, notifier: Notifier, platform: FastAPI
) -> None:
    await send_test(ann, notifier)
    (notice,) = (await page(ann))["items"]
    assert notice["title"] == "This is a test"
    assert datetime.fromisoformat(notice["at"]) <= datetime.now(UTC)


async def test_a_refused_delivery_is_told_to_the_owner_once_an_hour(
    ann: httpx.AsyncClient, notifier: Notifier
) -> None:
    body = {"name": "Chart alerts", "kind": "hmac"}
    source = (await ann.post("/api/v1/webhook-sources", json=body)).json()
    for _ in range(3):
        refused = await ann.post(
            f"/api/v1/webhooks/{source['id']}",
            json={},
            headers={"X-Timestamp": "1", "X-Nonce": "n", "X-Signature": "0" * 64},
        )
        assert refused.status_code == 401, refused.text
        await notifier.run_once()
    (notice,) = (await page(ann))["items"]
    assert notice["title"] == "A delivery to Chart alerts was refused"
    assert notice["path"] == f"/signals/webhooks/{source['id']}"
    assert notice["text"]
