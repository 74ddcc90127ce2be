"""Entry point of the API server: `python -m kuber.main`."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import NoReturn

from fastapi import FastAPI

from kuber.api.app import create_app
from kuber.api.container import Container
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.infra.db import JsonObject
from kuber.startup import take_settings


def _application(settings: Settings) -> FastAPI:
    return create_app(partial(_open, settings), traced=bool(settings.otlp_endpoint))


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Container]:
    async with open_api(settings) as services:
        # What is there now stays: the collector need not go through it again and again, which
        # holds the event loop.
        gc.collect()
        gc.freeze()
        yield services


def serve() -> None:
    """Serve the application where the settings say until SIGINT or SIGTERM."""
    from kuber.api.serving.limits import ServingLimits
    from kuber.api.serving.server import Place
    from kuber.api.serving.server import serve as serve_application

    settings = take_settings()
    place = Place(settings.host, settings.port, settings.trusted_proxies, settings.api_socket)
    limits = ServingLimits(
        connections=settings.connections, per_address=settings.connections_per_address
    )
    serve_application(partial(_application, settings), place, limits)


def contract() -> JsonObject:
    """Return the OpenAPI document; needs no settings and no services."""
    return create_app(_not_serving).openapi()


def _not_serving() -> NoReturn:
    raise AssertionError("this application only shows its contract")


if __name__ == "__main__":
    serve()
