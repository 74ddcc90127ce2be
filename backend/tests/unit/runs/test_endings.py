"""How a run leaves its worker while some of its nodes wait."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from kuber.runs.batches import Ending
from kuber.runs.endings import ending_of
from kuber.runs.executor import RunExecutor
from kuber.runs.plan import Plan
from kuber.runs.types import NodeRecord, NodeStatus, RunStatus, WaitsFor

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
TRIGGER, RETRY, BREAKER = WaitsFor.TRIGGER, WaitsFor.RETRY, WaitsFor.BREAKER


def waiting(waits_for: WaitsFor, minutes: int | None) -> NodeRecord:
    wake_at = None if minutes is None else NOW + timedelta(minutes=minutes)
    told = f"{waits_for} {minutes}"
    return NodeRecord(
        told, "bias", NodeStatus.WAITING, 1, reasoning=told, wake_at=wake_at, waits_for=waits_for
    )


def left_by(*records: NodeRecord) -> Ending:
    executor = SimpleNamespace(records={record.node_id: record for record in records})
    return ending_of(cast(RunExecutor, executor), cast(Plan, None))


@pytest.mark.parametrize(
    ("nodes", "told", "wakes"),
    [
        ([(RETRY, 3)], "retry 3", 3),
        ([(RETRY, 5), (BREAKER, 3)], "breaker 3", 3),
        ([(TRIGGER, 4), (TRIGGER, 2)], "trigger 2", 2),
        # A pause is told before a trigger, whichever is due first; the first one wakes the run.
        ([(TRIGGER, 1), (RETRY, 5)], "retry 5", 1),
        ([(RETRY, 1), (TRIGGER, 5)], "retry 1", 1),
        ([(TRIGGER, None)], "trigger None", None),
        ([(TRIGGER, None), (TRIGGER, 2)], "trigger 2", 2),
        ([(TRIGGER, None), (RETRY, 2)], "retry 2", 2),
    ],
)
def test_a_run_goes_on_with_the_first_of_its_nodes_and_tells_of_a_pause_before_a_trigger(
    nodes: list[tuple[WaitsFor, int | None]], told: str, wakes: int | None
) -> None:
    done = NodeRecord("done", "bias", NodeStatus.SUCCEEDED, 1)
    for order in (nodes, nodes[::-1]):
        ending = left_by(done, *(waiting(*each) for each in order))
        assert (ending.status, ending.outcome, ending.error) == (RunStatus.WAITING, told, None)
        assert ending.waits_for == told.split(maxsplit=1)[0]
        assert ending.wake_at == (None if wakes is None else NOW + timedelta(minutes=wakes))
