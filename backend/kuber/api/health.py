"""Whether the process lives, whether it can work, and its figures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from kuber.api.container import Container

_log = structlog.get_logger(__name__)

BUDGET_S = 2.0
"""How long a readiness check may take, all services together."""

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Check(BaseModel):
    """One service that the API needs."""

    ok: bool
    detail: str


class Ready(BaseModel):
    """Whether the API can do its work; `checks` names what it cannot reach."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, Check]


class Readiness:
    """Asks the services the API needs, all at once.

    A service that hangs is asked once, however often the question comes: a later question waits
    for the answer that is still out.
    """

    def __init__(self, probes: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
        self._probes = probes
        self._asked: dict[str, asyncio.Task[Check]] = {}

    @classmethod
    def of(cls, container: Container) -> "Readiness":
        return cls(
            {
                "postgres": container.database.ping,
                "redis": container.redis.ping,
                "kafka": lambda: container.kafka_probe.ping(BUDGET_S),
            }
        )

    async def check(self) -> Ready:
        """Return what can be reached within BUDGET_S."""
        tasks = {name: self._ask_once(name) for name in self._probes}
        await asyncio.wait(tasks.values(), timeout=BUDGET_S)
        checks = {name: _answer(task) for name, task in tasks.items()}
        able = all(check.ok for check in checks.values())
        return Ready(status="ready" if able else "not_ready", checks=checks)

    def _ask_once(self, name: str) -> asyncio.Task[Check]:
        task = self._asked.get(name)
        if task is None or task.done():
            task = self._asked[name] = asyncio.create_task(_ask(name, self._probes[name]))
        return task


def _answer(task: asyncio.Task[Check]) -> Check:
    if task.done():
        return task.result()
    return Check(ok=False, detail=f"no answer within {BUDGET_S:g} s")


async def _ask(name: str, probe: Callable[[], Awaitable[object]]) -> Check:
    try:
        await probe()
    except Exception as error:  # noqa: BLE001  whatever is wrong, the service is not able
        _log.warning("not_ready", what=name, error=str(error))
        return Check(ok=False, detail=f"does not answer ({type(error).__name__})")
    return Check(ok=True, detail="answers")


@router.get("/health")
async def health() -> Health:
    """Say that the process lives, whatever the services around it do."""
    return Health()


@router.get("/ready", responses={503: {"model": Ready}})
async def ready(request: Request, response: Response) -> Ready:
    """Say whether the API can work, and which service it cannot reach."""
    readiness: Readiness = request.app.state.readiness
    found = await readiness.check()
    if found.status != "ready":
        response.status_code = 503
    return found


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Return the figures of this process in Prometheus' text format."""
    text = await asyncio.to_thread(generate_latest)  # there may be many figures
    return Response(text, media_type=CONTENT_TYPE_LATEST)
