"""Entry point of the API server: `uvicorn kuber.main:app_factory --factory`."""

from functools import partial
from typing import NoReturn

from fastapi import FastAPI

from kuber.api.app import create_app
from kuber.bootstrap import open_api
from kuber.infra.db import JsonObject
from kuber.startup import load_settings


def app_factory() -> FastAPI:
    """Return the web application of this installation; ends the program on bad settings."""
    settings = load_settings()
    return create_app(partial(open_api, settings), traced=bool(settings.otlp_endpoint))


def contract() -> JsonObject:
    """Return the OpenAPI document; needs no settings and no services."""
    return create_app(_not_serving).openapi()


def _not_serving() -> NoReturn:
    raise AssertionError("this application only shows its contract")
