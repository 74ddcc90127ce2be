"""How runs ended: announced on Kafka like all else, and from there in the event history."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.graphs import IN_THE_PRESENT, gated, node, steps
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation


@pytest.fixture(scope="module", autouse=True)
def _relay(installation: Installation) -> Iterator[None]:
    relay = installation.relay()
    yield
    relay.stop()


def told(trader: Trader, run_id: str) -> list[dict[str, Any]]:
    """Return what the event history says of the end of one run."""
    answer = trader.http.get("/events", params={"type": "RunFinished", "limit": 200})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return [one for one in found if one["data"]["run_id"] == run_id]


def end_of(trader: Trader, run_id: str) -> dict[str, Any]:
    """Return what is told of the end of a run, once the relay has sent it."""
    deadline = time.monotonic() + 60
    while not (found := told(trader, run_id)):
        assert time.monotonic() < deadline, "nobody told of the end"
        time.sleep(0.03)
    [event] = found
    return event


def test_a_run_that_ended_is_in_the_event_history(
    installation: Installation, trader: Trader
) -> None:
    run = trader.run_graph(steps(work={}))
    event = end_of(trader, run["id"])
    [[correlation_id]] = installation.query(
        "select correlation_id from runs where id = %s", run["id"]
    )
    assert event["correlation_id"] == correlation_id
    assert event["at"] == run["finished_at"]
    assert (event["service"], event["user_id"]) == ("worker", trader.id)
    assert Decimal(event["data"].pop("cost")) == Decimal(run["cost"]) > 0
    assert event["data"] == {
        "event_id": event["id"],
        "occurred_at": event["data"]["occurred_at"],
        "correlation_id": correlation_id,
        "run_id": run["id"],
        "pipeline_id": run["pipeline_id"],
        "user_id": trader.id,
        "mode": "simulation",
        "symbol": "AAPL",
        "status": "succeeded",
        "error": None,
    }


def test_a_run_that_failed_is_there_with_the_code_of_its_error(
    trader: Trader, tmp_path: Path
) -> None:
    failing = {"path": str(tmp_path / "calls"), "failures": 9, "retryable": False}
    run = trader.run_graph(steps(broken=failing))
    event = end_of(trader, run["id"])
    assert (event["data"]["status"], event["data"]["error"]) == ("failed", run["error"]["code"])


def test_a_run_that_waits_has_not_ended_and_one_that_is_called_off_has(
    trader: Trader, tmp_path: Path
) -> None:
    graph = gated(str(tmp_path / "gate"), node("work", "test_step"))
    run_id = trader.run(trader.create(graph=graph)["id"], IN_THE_PRESENT)
    trader.wait(run_id, "waiting")
    assert told(trader, run_id) == []
    assert trader.http.post(f"/executions/{run_id}/cancel").status_code == 202
    event = end_of(trader, run_id)
    assert (event["data"]["status"], event["service"]) == ("cancelled", "api")
    cost = trader.execution(run_id)["cost"]
    assert Decimal(event["data"]["cost"]) == Decimal(cost)
