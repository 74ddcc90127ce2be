"""Which pipelines a switch keeps from starting runs of the present, for those who start many."""

from collections.abc import Collection, Mapping
from uuid import UUID

from kuber.infra.db import RawConnection
from kuber.kernel.ids import PipelineId, UserId
from kuber.trading.switch_table import NO_NEW_RUNS
from kuber.trading.switches import statements
from kuber.trading.switches.words import Standing, refusal, scopes_of


async def stopped_pipelines(
    connection: RawConnection, wanted: Collection[tuple[UserId, PipelineId]]
) -> dict[PipelineId, str]:
    """Return which of the pipelines start nothing now, each with the reason in words."""
    if not wanted:
        return {}
    values = {"users": list({user_id for user_id, _ in wanted}), "states": list(NO_NEW_RUNS)}
    cursor = await connection.execute(statements.STOPPING, values)
    stopping = {row[0]: Standing(*row) for row in await cursor.fetchall()}
    found = {}
    for user_id, pipeline_id in wanted if stopping else ():
        why = _why(stopping, user_id, pipeline_id)
        if why is not None:
            found[pipeline_id] = why
    return found


def _why(stopping: Mapping[str, Standing], user_id: UUID, pipeline_id: UUID) -> str | None:
    for scope in scopes_of(user_id, pipeline_id):
        if scope in stopping:
            return refusal(stopping[scope], user_id).partition(": ")[2]
    return None
