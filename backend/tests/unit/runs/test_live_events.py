"""Events of a run are told apart by their type, and go out as they came in."""

import json
from uuid import uuid4

import pytest
from pydantic import ValidationError

from kuber.infra.db import JsonObject
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import RunId
from kuber.realtime.messages import encoded
from kuber.runs.live_events import readable_event, run_event
from kuber.runs.types import RunEvent, RunEventType

TRADE: JsonObject = {
    "action": "buy",
    "symbol": "AAPL",
    "quantity": "137",
    "entry_price": "150.50",
    "stop_loss": "148",
    "targets": ["155", "160"],
    "fills": [],
    "status": "rejected",
    "reason": "closed",
}
DATA: dict[RunEventType, JsonObject] = {
    RunEventType.EXECUTION_STARTED: {
        "symbol": "AAPL",
        "mode": "simulation",
        "as_of": "2009-05-14T21:00:00Z",
    },
    RunEventType.AGENT_STARTED: {"agent_type": "bias", "attempt": 2},
    RunEventType.AGENT_COMPLETED: {
        "agent_type": "bias",
        "status": "succeeded",
        "runtime_ms": 0.95,
        "cost": "0",
        "cost_so_far": "0.00000000",
        "port": None,
        "headline": None,
    },
    RunEventType.TRADE_EXECUTED: TRADE,
    RunEventType.WAITING: {"wake_at": None, "reason": "Market closed"},
    RunEventType.ERROR: {"code": "node_timeout", "message": "Too slow"},
    RunEventType.EXECUTION_FINISHED: {
        "status": "failed",
        "outcome": None,
        "error": {"code": "node_timeout", "message": "Too slow"},
        "cost": "0.10000000",
    },
}
OF_NODES = {
    RunEventType.AGENT_STARTED,
    RunEventType.AGENT_COMPLETED,
    RunEventType.TRADE_EXECUTED,
    RunEventType.ERROR,
}


def told(kind: RunEventType, data: JsonObject) -> JsonObject:
    node_id = "bias" if kind in OF_NODES else None
    return RunEvent(RunId(uuid4()), 3, kind, SystemClock().now(), data, node_id).to_json()


@pytest.mark.parametrize("kind", RunEventType)
def test_every_type_of_event_reaches_a_client_as_it_was_told(kind: RunEventType) -> None:
    event = told(kind, DATA[kind])
    assert json.loads(encoded(run_event(event))) == event


@pytest.mark.parametrize("kind", RunEventType)
def test_the_data_of_one_type_are_not_those_of_another(kind: RunEventType) -> None:
    others = [data for other, data in DATA.items() if other is not kind]
    refused = 0
    for data in others:
        with pytest.raises(ValidationError):
            run_event(told(kind, data))
        refused += 1
    assert refused == len(RunEventType) - 1


@pytest.mark.parametrize("kind", sorted(OF_NODES))
def test_an_event_of_a_node_names_it(kind: RunEventType) -> None:
    event = told(kind, DATA[kind])
    del event["node_id"]
    with pytest.raises(ValidationError):
        run_event(event)


def test_an_unknown_type_is_refused() -> None:
    event = told(RunEventType.WAITING, DATA[RunEventType.WAITING]) | {"type": "new_thing"}
    with pytest.raises(ValidationError):
        run_event(event)


def test_an_event_that_another_release_told_otherwise_is_passed_over() -> None:
    told = RunEvent(RunId(uuid4()), 3, RunEventType.TRADE_EXECUTED, SystemClock().now(), TRADE, "t")
    assert readable_event(told.to_json()) is not None
    assert readable_event({**told.to_json(), "data": None}) is None
