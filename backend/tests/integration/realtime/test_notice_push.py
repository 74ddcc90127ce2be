"""Notices reach an open page by themselves: from the cause in a worker to the socket."""

import json
from collections.abc import Iterator

import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import steps, trading
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation
from tests.integration.realtime.test_websocket import receive, socket

SUBSCRIBE = json.dumps({"type": "subscribe", "topic": "notices"})
FAILS = {"does": "crash"}
GOLDEN_DAY = "2009-05-14T21:00:00Z"


@pytest.fixture(scope="module")
def notifier(installation: Installation) -> Iterator[None]:
    """The service that makes notices."""
    running = installation.services("notifier")
    yield
    running.stop()


async def next_notice(opened: object) -> JsonObject:
    """Return the next message about notices, pings and run events left out."""
    while (message := await receive(opened, 30))["type"] != "notices":  # type: ignore[arg-type]
        pass
    return message


@pytest.mark.usefixtures("notifier")
async def test_a_page_hears_at_once_how_many_are_unread_and_then_of_each_change(
    installation: Installation, trader: Trader
) -> None:
    pipeline = trader.create(graph=steps(a=FAILS), name="Breaks")
    async with (
        socket(installation, trader.token) as page,
        socket(installation, trader.token) as deaf,
    ):
        for opened in (page, deaf):
            assert await receive(opened) == {"type": "ready"}
        await page.send(SUBSCRIBE)
        assert await receive(page) == {"type": "subscribed", "topic": "notices"}
        assert await receive(page) == {"type": "notices", "unread": 0, "newest": None}
        run_id = trader.run(pipeline["id"])
        message = await next_notice(page)
        notice = message["newest"]
        assert message["unread"] == 1
        assert (notice["kind"], notice["title"]) == ("run_failed", "Breaks failed on AAPL")
        assert notice["path"] == f"/runs/{run_id}"
        assert notice["text"] == f"Test step: {trader.wait(run_id)['error']['message']}"
        trader.http.post(f"/notifications/{notice['id']}/read", json={"read": True})
        assert (await next_notice(page))["unread"] == 0
        await deaf.send(SUBSCRIBE)
        assert (await receive(deaf))["type"] == "subscribed"
        assert (await receive(deaf))["unread"] == 0


@pytest.mark.usefixtures("notifier")
async def test_a_filled_order_and_then_a_spent_budget_are_told_once_each(
    installation: Installation, trader: Trader
) -> None:
    trader.http.put("/budgets", json={"per_run": "5", "per_day": "1"})
    async with socket(installation, trader.token) as page:
        await receive(page)
        await page.send(SUBSCRIBE)
        assert (await next_notice(page))["unread"] == 0
        trade = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)["trade"]
        filled = (await next_notice(page))["newest"]
        assert filled["kind"] == "order_filled"
        assert filled["title"].startswith(f"Bought {trade['quantity']} {trade['symbol']} at ")
        assert filled["text"].endswith(", in simulation mode.")
        assert trader.run_graph(steps(dear={"does": "spend"}))["status"] == "succeeded"
        spent = (await next_notice(page))["newest"]
        assert (spent["kind"], spent["alarm"]) == ("budget_exhausted", True)
        assert "of $1.00" in spent["text"]
        assert trader.run_graph(steps(dear={"does": "spend"}))["status"] == "failed"
        assert (await next_notice(page))["newest"]["kind"] == "run_failed"
    kinds = [item["kind"] for item in trader.http.get("/notifications").json()["items"]]
    assert kinds == ["run_failed", "budget_exhausted", "order_filled"]
