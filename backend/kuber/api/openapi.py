"""The published contract: FastAPI's, with our error answers in it."""

import asyncio
from collections import deque
from functools import cached_property
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from starlette.types import Receive, Scope, Send

from kuber.api.concealment import conceal
from kuber.api.problems import MEDIA_TYPE, Problem
from kuber.realtime.messages import SocketMessage

_REFERENCE = "#/components/schemas/{model}"

PROBLEM_ANSWERS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Why it was not done.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
    }
}
"""Every operation documents its failures with this one answer."""

_KIND: JsonSchemaMode = "serialization"
_BESIDE_CALLS: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
    ("Problem", _KIND, TypeAdapter(Problem)),
    ("SocketMessage", _KIND, TypeAdapter(SocketMessage)),
]
"""Shapes that no call answers with: errors, and what the WebSocket sends beside events."""

contract = APIRouter(include_in_schema=False)


@contract.get("/api/openapi.json")
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document; a thread makes it when it is first asked for."""
    app = request.app
    assert isinstance(app, DocumentedApp)
    return Response(await asyncio.to_thread(app.encoded), media_type="application/json")


def prepare_routes(app: FastAPI) -> None:
    """Build what FastAPI would build at the first request, all of it at once."""
    deque(iter_route_contexts(app.routes), maxlen=0)


def operation_id(route: APIRoute) -> str:
    """Return the name of the route's function: the operation id, unique in the whole API."""
    return route.name


class DocumentedApp(FastAPI):
    """FastAPI whose OpenAPI document also holds shapes of errors and of WebSocket messages."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        conceal(scope)  # before any middleware, that of the traces included
        await super().__call__(scope, receive, send)

    @cached_property
    def _encoded(self) -> bytes:
        return orjson.dumps(self.openapi())

    def encoded(self) -> bytes:
        """Return the document as JSON."""
        return self._encoded

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schemas = document["components"]["schemas"]
        if "Problem" not in schemas:
            _, definitions = TypeAdapter.json_schemas(_BESIDE_CALLS, ref_template=_REFERENCE)
            schemas |= definitions["$defs"]
        return document
