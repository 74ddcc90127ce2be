"""T34: run and pipeline are deleted while their position is open, old events are forgotten, the
service dies: orders, fills, positions and ledger stay, and the position lives on to its end."""

from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import literal, select

from kuber.infra.db import Database
from kuber.infra.history_retention import OLD_EVENTS
from kuber.infra.retention import Retention
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, RunId, new_id
from kuber.runs.deleting import delete_pipeline
from kuber.trading.orders import count_open_positions, count_orders
from kuber.trading.origins import Origin
from kuber.trading.positions.reading import PositionQuery, open_positions
from tests.fixtures.trading_floor import USER, Floor

RUN = RunId(UUID(int=34))
_RUN = """
    insert into runs (id, user_id, pipeline_id, graph_id, mode, symbol, symbols, as_of, real_time,
                      seed, correlation_id, status, finished_at)
    select %(run)s, p.user_id, p.id, g.id, 'simulation', 'AAPL', '{AAPL}', now(), true, 1, 'c',
           'succeeded', now()
    from pipelines p join pipeline_graphs g on g.pipeline_id = p.id
"""
_PIPELINE = """
    with made as (
        insert into pipelines (id, user_id, name, graph, graph_digest, mode, trigger, status,
                               revision, version, updated_at)
        values (%(pipeline)s, %(user)s, 'Mine', '{}', '', 'simulation', '{}', 'draft', 1, 0, now())
        returning id
    )
    insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)
    select gen_random_uuid(), id, '', '{}', 0, now() from made
"""
_OF_RUN = """
    update orders set origin = 'run', origin_key = %(key)s, run_id = %(run)s, node_id = 'trade',
        id = %(id)s where id = %(by_hand)s
"""
_KEPT = {
    "orders": "select to_jsonb(o) - 'run_id' from orders o order by id",
    "fills": "select to_jsonb(f) from fills f order by execution_id",
    "positions": "select to_jsonb(p) - 'run_id' from positions p order by id",
    "ledger": "select to_jsonb(t) from ledger_transactions t order by number",
    "transfers": "select to_jsonb(m) from ledger_transfers m order by transaction_id, number",
    "balances": "select to_jsonb(a) from ledger_accounts a order by owner, path, unit",
    "record": "select to_jsonb(a) from audit_entries a where event_type like 'order%%' order by id",
}


@pytest.fixture
async def of_a_run(floor: Floor) -> PipelineId:
    """100 AAPL that a run of a pipeline bought are held, 50 of them sold at target 1."""
    pipeline = PipelineId(new_id())
    await floor.rows(_PIPELINE, {"pipeline": pipeline, "user": USER})
    await floor.rows(_RUN, {"run": RUN})
    origin = Origin.of_node(RUN, "trade")
    values = {"key": Jsonb(list(origin.key)), "run": RUN, "id": origin.order_id()}
    await floor.rows(_OF_RUN, values | {"by_hand": await floor.intend()})
    await floor.rounds()
    for price in ("150.50", "150.50", "154.25"):
        await floor.quote(price)
    found = await floor.position()
    assert (found["quantity"], found["pipeline_id"]) == (50, str(pipeline))
    return pipeline


async def test_t34_what_was_traded_outlives_run_and_pipeline(
    floor: Floor, database: Database, of_a_run: PipelineId
) -> None:
    before = await _kept(floor)
    async with database.transaction() as session:
        await delete_pipeline(session, USER, of_a_run, floor.clock.now(), _named)
    await floor.rows("delete from runs where id = %s", (RUN,))
    await floor.rows("update event_history set at = at - interval '30 days'")
    later = FixedClock(floor.clock.now())
    while await Retention(floor.pool, later, OLD_EVENTS).run_once():
        pass
    assert await _kept(floor) == before
    assert await floor.rows("select 1 from runs") == []
    await floor.again()
    await floor.quote("158.00")
    found = await floor.position()
    assert (found["status"], found["exit_reason"], found["realised_pnl"]) == (
        "closed",
        "target_2",
        562.5,
    )
    assert found["pipeline_id"] == str(of_a_run)


async def test_t34_before_it_is_deleted_exits_and_open_positions_are_counted(
    floor: Floor, database: Database, of_a_run: PipelineId
) -> None:
    [(orders,)] = await floor.rows("select count(*) from orders")
    [(fills,)] = await floor.rows("select count(*) from fills")
    assert orders > 1
    async with database.transaction() as session:
        assert await count_orders(session, select(literal(RUN))) == (orders, fills)
        assert await count_open_positions(session, of_a_run) == 1
    await floor.quote("158.00")
    assert (await floor.position())["status"] == "closed"
    async with database.transaction() as session:
        assert await count_open_positions(session, of_a_run) == 0


async def test_t34_a_position_says_that_its_pipeline_was_deleted(
    floor: Floor, database: Database, of_a_run: PipelineId
) -> None:
    async def told() -> tuple[str | None, bool]:
        async with database.transaction() as session:
            found = await open_positions(session, USER, PositionQuery(), floor.clock.now())
        return found[0].pipeline_name, found[0].pipeline_deleted

    assert await told() == ("Mine", False)
    async with database.transaction() as session:
        await delete_pipeline(session, USER, of_a_run, floor.clock.now(), _named)
    assert await told() == ("Mine", True)


async def _named(_session: object, _pipeline: PipelineId) -> bool:
    return False


async def _kept(floor: Floor) -> dict[str, list[tuple[Any, ...]]]:
    return {name: await floor.rows(query) for name, query in _KEPT.items()}
