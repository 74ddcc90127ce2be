"""Runs in the queue, written straight into a database without an API."""

from datetime import datetime

from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId, new_id
from tests.fakes.subscribers import add_pipeline


async def queue_runs(
    url: str, pool: RawPool, user: UserId, count: int, at: datetime, started_by: str = "signal"
) -> None:
    """Queue runs of one new pipeline of the user, each on a symbol of its own."""
    pipeline = add_pipeline(url, user)
    async with pool.connection() as connection:
        for number in range(count):
            await connection.execute(
                "insert into runs (id, user_id, pipeline_id, graph_id, mode, symbol, symbols,"
                " as_of, real_time, seed, correlation_id, status, started_by)"
                " select %s, user_id, id, published_graph_id, 'simulation', %s, '{}', %s, true,"
                " 1, 'c', 'pending', %s from pipelines where id = %s",
                (new_id(), f"T{number}", at, started_by, pipeline),
            )
