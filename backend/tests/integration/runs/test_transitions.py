"""The database refuses what the life of a run does not allow."""

import psycopg
import pytest
from psycopg.errors import CheckViolation

from kuber.runs.types import RUN_TRANSITIONS, RunStatus
from tests.fakes.engines import Scene
from tests.fakes.graphs import chain, node
from tests.fakes.subscribers import add_user


@pytest.mark.parametrize("before", RunStatus)
async def test_the_database_refuses_other_moves_than_those_of_the_table(
    scene: Scene, before: RunStatus
) -> None:
    [run_id] = await scene.add(add_user(scene.url), chain(node("paid", "fake_paid")))
    with psycopg.connect(scene.url, autocommit=True) as connection:
        for after in set(RunStatus) - {before}:
            with connection.transaction():
                connection.execute("set local session_replication_role = replica")
                connection.execute("update runs set status = %s where id = %s", (before, run_id))
            change = "update runs set status = %s where id = %s", (after, run_id)
            if after in RUN_TRANSITIONS[before]:
                connection.execute(*change)
            else:
                with pytest.raises(CheckViolation, match=f"is {before} and cannot become {after}"):
                    connection.execute(*change)
        connection.execute("update runs set outcome = 'x' where id = %s", (run_id,))
