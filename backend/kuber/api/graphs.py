"""Bodies with large graphs are read outside the event loop, before anything else is done.

A router whose routes take graphs is made with `route_class=GraphRoute`. The routes are written as
ever; their body's field `graph` is a Graph when the body is small, else a CheckedGraph.
"""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from kuber.api.container import Container
from kuber.api.deps import principal_of
from kuber.api.idempotency import IdempotentRoute
from kuber.pipelines.documents import Faults
from kuber.pipelines.work import is_large

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _ReadRequest(Request):
    """A request whose body may have been read into its model already."""

    model: BaseModel | None = None

    async def json(self) -> Any:
        """Return the model when there is one: FastAPI takes it as it is."""
        return await super().json() if self.model is None else self.model


class GraphRoute(IdempotentRoute):
    """A route that reads a large body in a child process; who sends it is asked first.

    No transaction is open meanwhile.
    """

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        model = self.body_field.field_info.annotation if self.body_field else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return handle
        if "graph" not in model.model_fields:
            return handle

        async def handle_read(request: Request) -> Response:
            request = _ReadRequest(request.scope, request.receive)
            raw = await request.body()
            if is_large(raw) and _is_json(request):
                request.model = await _read(request, model, raw)
            return await handle(request)

        return handle_read


async def _read(request: Request, model: type[BaseModel], raw: bytes) -> BaseModel:
    user = await principal_of(request)
    container = cast(Container, request.app.state.container)
    body = await container.pipelines.checks.body(model, raw, str(user.user_id))
    if isinstance(body, Faults):
        raise RequestValidationError(body.errors)
    return body


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind.startswith("application/") and kind.endswith(("+json", "/json"))
