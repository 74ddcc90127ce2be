"""What this installation is and can do, and how it does."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel, JsonValue

from kuber.api.container import ApiSettings
from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.health import Check, Readiness
from kuber.identity.types import DEMO_EMAIL, Role
from kuber.infra.heartbeats import service_beats

router = APIRouter(prefix="/system", tags=["system"])

BestState = Literal["lost", "failing", "waiting", "starting", "running"]
_WORST_FIRST: tuple[BestState, ...] = ("lost", "failing", "waiting", "starting", "running")


class DemoLogin(BaseModel):
    """The demo account of a development installation."""

    email: str
    password: str


class LlmInfo(BaseModel):
    """The language model that crews call; without one the rule engines decide."""

    configured: bool
    model: str | None
    base_url_host: str | None


class MarketInfo(BaseModel):
    """Where prices come from when a symbol has no imported history."""

    provider: str
    simulated: bool
    note: str


class SystemInfo(BaseModel):
    """This installation, without anything secret."""

    version: str
    demo_login: DemoLogin | None
    llm: LlmInfo
    market: MarketInfo


@router.get("/info")
async def get_system_info(request: Request, container: ContainerDep) -> SystemInfo:
    """Return what this installation is; needs no log-in."""
    settings = container.settings
    return SystemInfo(
        version=request.app.version,
        demo_login=_demo_login(settings),
        llm=LlmInfo(
            configured=settings.llm_configured,
            model=settings.llm_model if settings.llm_configured else None,
            base_url_host=urlsplit(settings.llm_base_url).hostname,
        ),
        market=_market(settings),
    )


class ServiceOut(BaseModel):
    """One instance of a long-running service; `lost` was not heard for ten seconds.

    `instance` (its machine and process) and `detail` (its figures and last error) may tell of
    other people and of the machinery: None for everybody but administrators.
    """

    service: str
    instance: str | None
    state: Literal["starting", "running", "waiting", "failing", "stopped", "lost"]
    detail: dict[str, JsonValue] | None
    started_at: datetime
    beat_at: datetime
    progress_at: datetime
    """When it last finished a round of its work, or found nothing to do."""
    waiting_for: str | None
    """What keeps a `waiting` service waiting, such as Kafka."""


class ServiceList(BaseModel):
    items: list[ServiceOut]
    next_cursor: str | None = None


class SystemStatus(BaseModel):
    """Whether everything that Kuber needs answers, and whether its services live."""

    status: Literal["ok", "degraded"]
    checks: dict[str, Check]
    services: dict[str, BestState]
    """For each service the state of its best instance."""


@router.get("/services", operation_id="list_services")
async def list_services(container: ContainerDep, session: Db, user: CurrentUser) -> ServiceList:
    """Return every instance of every long-running service that was heard within a day."""
    beats = await service_beats(session, container.clock.now())
    hidden = {} if user.role is Role.ADMIN else {"instance": None, "detail": None}
    return ServiceList(items=[ServiceOut.model_validate(asdict(beat) | hidden) for beat in beats])


@router.get("/status", operation_id="get_system_status")
async def get_system_status(
    request: Request, container: ContainerDep, session: Db, user: CurrentUser
) -> SystemStatus:
    """Say what answers and what lives."""
    readiness: Readiness = request.app.state.readiness
    checks = (await readiness.check()).checks
    best: dict[str, BestState] = {}
    beats = await service_beats(session, container.clock.now())
    for state in _WORST_FIRST:
        best |= {beat.service: state for beat in beats if beat.state == state}
    fine = all(check.ok for check in checks.values()) and set(best.values()) <= {"running"}
    return SystemStatus(status="ok" if fine else "degraded", checks=checks, services=best)


def _demo_login(settings: ApiSettings) -> DemoLogin | None:
    if settings.environment != "development" or settings.demo_password is None:
        return None
    return DemoLogin(email=DEMO_EMAIL, password=settings.demo_password.get_secret_value())


def _market(settings: ApiSettings) -> MarketInfo:
    if settings.alpaca_api_key is not None:
        return MarketInfo(
            provider="alpaca", simulated=False, note="Prices come from Alpaca and from imports."
        )
    return MarketInfo(
        provider="simulator",
        simulated=True,
        note="Imported and sample history is real. Symbols without history are simulated.",
    )
