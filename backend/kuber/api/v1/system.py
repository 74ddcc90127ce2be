"""What this installation is and can do, and how it does."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel, JsonValue

from kuber.api.container import ApiSettings
from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.health import Check, Readiness
from kuber.audit.waiting import Waiting, waiting
from kuber.identity.types import DEMO_EMAIL, Role
from kuber.infra.heartbeats import service_beats
from kuber.infra.licences import installed_packages
from kuber.infra.plugins import PluginProblem
from kuber.market.providers.offers import (
    OfferState,
    ProviderKeys,
    ProviderOffer,
    in_words,
    offers,
)
from kuber.market.types import Source

router = APIRouter(prefix="/system", tags=["system"])

BestState = Literal["lost", "failing", "waiting", "starting", "running"]
_WORST_FIRST: tuple[BestState, ...] = ("lost", "failing", "waiting", "starting", "running")


class DemoLogin(BaseModel):
    """The demo account of a development installation that only its own machine reaches."""

    email: str
    password: str


class LlmInfo(BaseModel):
    """The language model that crews call; without one the rule engines decide."""

    configured: bool
    model: str | None
    base_url_host: str | None


class ProviderOut(BaseModel):
    """A provider of market data; `settings` are those that take its keys."""

    provider: Source
    name: str
    covers: str
    state: OfferState
    settings: list[str]
    note: str


class MarketInfo(BaseModel):
    """Where prices come from when a symbol has no imported history."""

    provider: str
    simulated: bool
    note: str
    providers: list[ProviderOut]


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
    found = await waiting(session)
    checks = {**checks, "record": _record_check(found)}
    fine = all(check.ok for check in checks.values()) and set(best.values()) <= {"running"}
    return SystemStatus(status="ok" if fine else "degraded", checks=checks, services=best)


class LicenceOut(BaseModel):
    """A package that is installed beside Kuber, and under which licence."""

    name: str
    version: str
    licence: str | None
    """An SPDX expression, or else the package's own words; None when it says nothing."""
    home_page: str | None


class LicenceList(BaseModel):
    items: list[LicenceOut]
    next_cursor: str | None = None


@router.get("/licences", operation_id="list_licences")
async def list_licences(_: CurrentUser) -> LicenceList:
    """Return the Python packages of this installation by name, all on one page."""
    packages = await asyncio.to_thread(installed_packages)
    return LicenceList(items=[LicenceOut.model_validate(asdict(found)) for found in packages])


class PluginProblemOut(BaseModel):
    """Something that a package announces and that cannot be used, and how to be rid of it."""

    package: str
    name: str
    reason: str
    remedy: str


class PluginProblemList(BaseModel):
    items: list[PluginProblemOut]
    next_cursor: str | None = None


@router.get("/plugin-problems", operation_id="list_plugin_problems")
async def list_plugin_problems(container: ContainerDep, user: CurrentUser) -> PluginProblemList:
    """Return what added packages announce and was left out at the start.

    Why is told to administrators, and to everybody where the server listens on loopback only: what
    a package says when it fails may hold more than all users should read.
    """
    tells = user.role is Role.ADMIN or container.settings.demo_login is not None
    return PluginProblemList(
        items=[_plugin_problem(problem, tells=tells) for problem in container.plugin_problems]
    )


def _plugin_problem(problem: PluginProblem, *, tells: bool) -> PluginProblemOut:
    remedy = f"Get a newer version of it, or: ./kuber plugins remove {problem.provider}"
    return PluginProblemOut(
        package=problem.provider,
        name=problem.entry_point,
        reason=problem.reason if tells else "it cannot be used",
        remedy=remedy if tells else "Whoever runs this installation is told why.",
    )


def _record_check(found: Waiting) -> Check:
    if found.late:
        detail = f"{found.entries} entries have no place in the chain, one for {found.age_s:.0f} s"
        return Check(ok=False, detail=detail)
    return Check(ok=True, detail="keeps pace")


def _demo_login(settings: ApiSettings) -> DemoLogin | None:
    if settings.demo_login is None:
        return None
    return DemoLogin(email=DEMO_EMAIL, password=settings.demo_login.get_secret_value())


def _market(settings: ApiSettings) -> MarketInfo:
    keys = ProviderKeys(
        alpaca=bool(settings.alpaca_api_key and settings.alpaca_api_secret),
        finnhub=bool(settings.finnhub_api_key),
        coinmarketcap=bool(settings.cmc_api_key),
    )
    used = [one for one in offers(keys) if one.state is OfferState.IN_USE]
    return MarketInfo(
        provider=used[0].provider if used else "simulator",
        simulated=not used,
        note=in_words(keys),
        providers=[_provider(one) for one in offers(keys)],
    )


def _provider(offer: ProviderOffer) -> ProviderOut:
    return ProviderOut(
        provider=offer.provider,
        name=offer.name,
        covers=offer.covers,
        state=offer.state,
        settings=list(offer.settings),
        note=offer.note,
    )
