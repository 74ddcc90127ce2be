"""The web application: routes, error answers, and what surrounds each request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.middleware import Middleware

from kuber.api import health, ws
from kuber.api.admission import Admission, AdmissionControl
from kuber.api.concealment import AddressMask, masked_server_logs
from kuber.api.container import Container
from kuber.api.database_gate import DatabaseGate
from kuber.api.errors import install_error_handlers
from kuber.api.failed_logins import FailedLogins
from kuber.api.frontend import Frontend
from kuber.api.health import Readiness
from kuber.api.known_hosts import KnownHosts
from kuber.api.middleware import BodyLimit, RequestContext
from kuber.api.openapi import PROBLEM_ANSWERS, DocumentedApp, contract, operation_id, prepare_routes
from kuber.api.storable import STORABLE
from kuber.api.v1 import (
    accounts,
    agents,
    api_keys,
    audit,
    auth,
    budgets,
    costs,
    dead_letters,
    events,
    executions,
    generators,
    imports,
    instruments,
    market,
    notifications,
    orders,
    pipelines,
    positions,
    reconciliations,
    scanners,
    signal_types,
    signals,
    switches,
    system,
    users,
    watchlist,
    webhook_sources,
    webhooks,
)
from kuber.infra.db import DatabaseProbe
from kuber.infra.presence import Presence
from kuber.infra.tasks import end_tasks

OpenContainer = Callable[[], AbstractAsyncContextManager[Container]]
"""Opens the services of the process for as long as it serves."""

_RESOURCES = (
    webhooks.router,  # first: routes are tried in this order, and these are called most often
    auth.router,
    users.router,
    api_keys.router,
    agents.router,
    pipelines.router,
    executions.router,
    instruments.router,
    market.router,
    imports.router,
    watchlist.router,
    scanners.router,
    signals.router,
    generators.router,
    dead_letters.router,
    audit.router,
    events.router,
    notifications.router,
    budgets.router,
    costs.router,
    orders.router,
    positions.router,
    accounts.router,
    switches.router,
    reconciliations.router,
    signal_types.router,
    webhook_sources.router,
    system.router,
)


def create_app(open_container: OpenContainer, *, traced: bool = False) -> FastAPI:
    """Return the web application; `open_container` is called when it starts to serve.

    `traced` makes a span of every request.
    """
    presence = Presence("PostgreSQL")
    app = DocumentedApp(
        title="Kuber",
        description="Build, run and inspect trading pipelines.",
        version=version("kuber"),
        lifespan=partial(_serve, open_container, presence),
        openapi_url=None,  # served by `contract`, which does not hold up other requests
        # The interactive documentation would load programs from other people's servers.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=operation_id,
        responses=PROBLEM_ANSWERS,
        middleware=[
            Middleware(RequestContext),
            Middleware(KnownHosts),
            Middleware(DatabaseGate, presence=presence),
            Middleware(Admission),
            Middleware(BodyLimit),
        ],
    )
    install_error_handlers(app)
    for router in _RESOURCES:
        # Webhooks read their bodies themselves, once they know who is sending them.
        checks = [] if router is webhooks.router else [STORABLE]
        app.include_router(router, prefix="/api/v1", dependencies=checks)
    app.include_router(contract)
    app.include_router(health.router)
    app.include_router(ws.router)
    mask = app.state.address_mask = AddressMask.of(app)
    if traced:
        FastAPIInstrumentor.instrument_app(
            app, excluded_urls="health,ready,metrics", server_request_hook=mask.trace
        )
    return app


@asynccontextmanager
async def _serve(
    open_container: OpenContainer, presence: Presence, app: FastAPI
) -> AsyncIterator[None]:
    async with open_container() as container, _watched(presence, container.database.url):
        app.state.container = container
        prepare_routes(app)
        app.state.admission = AdmissionControl.of(container)
        app.state.readiness = Readiness.of(container)
        if container.settings.frontend_dir is not None:
            app.router.default = Frontend(container.settings.frontend_dir, app.router.not_found)
        failed = app.state.failed_logins = FailedLogins(container)
        with masked_server_logs(app.state.address_mask):
            yield
        await failed.written()


@asynccontextmanager
async def _watched(presence: Presence, database_url: str) -> AsyncIterator[None]:
    """Keep asking the database while the block runs."""
    probe = DatabaseProbe(database_url)
    watching = asyncio.create_task(presence.watch(probe.ask))
    try:
        yield
    finally:
        await end_tasks([watching])
        await probe.close()
