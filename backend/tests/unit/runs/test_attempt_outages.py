"""A node whose database is away is tried again until it is back, without losing an attempt."""

import pytest
from psycopg import OperationalError, errors
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from kuber.agents.base import AgentFailure
from kuber.agents.state import PipelineState
from kuber.brokers.errors import BrokerUnavailable
from kuber.runs.attempt import attempt_node
from tests.fakes.attempts import LIMITS, Watch


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def caused(error: Exception) -> Exception:
    """Return the error, raised because the database is away."""
    error.__cause__ = errors.AdminShutdown("terminating connection")
    return error


@pytest.mark.parametrize(
    "error",
    [
        errors.AdminShutdown("terminating connection"),
        PoolTimeout("no connection"),
        DBAPIError("select 1", {}, OperationalError("the server closed the connection")),
        NoConnectionLeft("QueuePool limit"),
        caused(BrokerUnavailable("The books cannot be read.")),
        caused(AgentFailure("order_outcome_unknown", "No answer.", retryable=True)),
    ],
)
async def test_a_database_that_is_away_is_waited_for(watch: Watch, error: Exception) -> None:
    left: list[Exception] = [error, error, error]

    def work(state: PipelineState) -> PipelineState:
        if left:
            raise left.pop()
        return state

    outcome = await attempt_node(watch.attempt(work, first=LIMITS.attempts))
    assert outcome.state is not None
    assert (outcome.attempts, watch.pauses) == (LIMITS.attempts, [1.0, 1.0, 1.0])
    assert {name for name, _, _ in watch.retries} == {"host_unavailable"}


@pytest.mark.parametrize("error", [errors.UniqueViolation("x"), errors.OutOfMemory("x")])
async def test_what_the_database_refuses_is_a_crash(watch: Watch, error: Exception) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise DBAPIError("select 1", {}, error)

    failure = (await attempt_node(watch.attempt(work))).failure
    assert failure is not None
    assert failure.code == "agent_crashed"
