"""The web application: routes, error answers, and what surrounds each request."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.middleware import Middleware

from kuber.api import health, ws
from kuber.api.container import Container
from kuber.api.errors import install_error_handlers
from kuber.api.frontend import Frontend
from kuber.api.health import Readiness
from kuber.api.middleware import BodyLimit, RequestContext
from kuber.api.openapi import PROBLEM_ANSWERS, DocumentedApp, operation_id
from kuber.api.v1 import (
    agents,
    auth,
    budgets,
    dead_letters,
    executions,
    generators,
    market,
    pipelines,
    scanners,
    signal_types,
    signals,
    system,
    users,
    webhook_sources,
    webhooks,
)

OpenContainer = Callable[[], AbstractAsyncContextManager[Container]]
"""Opens the services of the process for as long as it serves."""

_RESOURCES = (
    webhooks.router,  # first: routes are tried in this order, and these are called most often
    auth.router,
    users.router,
    agents.router,
    pipelines.router,
    executions.router,
    market.router,
    scanners.router,
    signals.router,
    generators.router,
    dead_letters.router,
    budgets.router,
    signal_types.router,
    webhook_sources.router,
    system.router,
)


def create_app(open_container: OpenContainer, *, traced: bool = False) -> FastAPI:
    """Return the web application; `open_container` is called when it starts to serve.

    `traced` makes a span of every request.
    """
    app = DocumentedApp(
        title="Kuber",
        description="Build, run and inspect trading pipelines.",
        version=version("kuber"),
        lifespan=partial(_serve, open_container),
        openapi_url="/api/openapi.json",
        # The interactive documentation would load programs from other people's servers.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=operation_id,
        responses=PROBLEM_ANSWERS,
        middleware=[Middleware(RequestContext), Middleware(BodyLimit)],
    )
    install_error_handlers(app)
    for router in _RESOURCES:
        app.include_router(router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(ws.router)
    if traced:
        FastAPIInstrumentor.instrument_app(app, excluded_urls="health,ready,metrics")
    return app


@asynccontextmanager
async def _serve(open_container: OpenContainer, app: FastAPI) -> AsyncIterator[None]:
    async with open_container() as container:
        app.state.container = container
        app.state.readiness = Readiness.of(container)
        if container.settings.frontend_dir is not None:
            app.router.default = Frontend(container.settings.frontend_dir, app.router.not_found)
        yield
