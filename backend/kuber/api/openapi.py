"""The published contract: FastAPI's, with our error answers in it."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.types import Receive, Scope, Send

from kuber.api.concealment import conceal
from kuber.api.problems import MEDIA_TYPE, Problem

_REFERENCE = "#/components/schemas/{model}"

PROBLEM_ANSWERS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Why it was not done.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
    }
}
"""Every operation documents its failures with this one answer."""


def operation_id(route: APIRoute) -> str:
    """Return the name of the route's function: the operation id, unique in the whole API."""
    return route.name


class DocumentedApp(FastAPI):
    """FastAPI whose OpenAPI document holds the shape of the error answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        conceal(scope)  # before any middleware, that of the traces included
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schemas = document["components"]["schemas"]
        if "Problem" not in schemas:
            kind: JsonSchemaMode = "serialization"
            _, definitions = models_json_schema([(Problem, kind)], ref_template=_REFERENCE)
            schemas |= definitions["$defs"]
        return document
