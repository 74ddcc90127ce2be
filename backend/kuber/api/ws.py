"""`WS /api/v1/ws`: run events as they happen, with resume."""

import asyncio
import json
from contextlib import suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ValidationError
from structlog.contextvars import bound_contextvars

from kuber.api.container import Container
from kuber.identity.types import Principal
from kuber.infra.db import JsonObject
from kuber.kernel.errors import KuberError
from kuber.kernel.ids import RunId
from kuber.realtime.session import Denied, EventSession

router = APIRouter()

AUTH_TIMEOUT_S = 10
MAX_MESSAGE = 4096
UNAUTHENTICATED = 4401
BAD_MESSAGE = 4400
TRY_AGAIN = 1013


class AuthMessage(BaseModel):
    """The first message of every client."""

    type: str
    token: str


@router.websocket("/api/v1/ws")
async def events_socket(socket: WebSocket) -> None:
    """Serve one client until it leaves, its token ends or it falls too far behind."""
    container: Container = socket.app.state.container
    await socket.accept()
    with suppress(WebSocketDisconnect, RuntimeError):
        principal = await _authenticate(socket, container)
        if principal is None:
            return
        with bound_contextvars(user_id=str(principal.user_id)):
            await socket.send_json({"type": "ready"})
            await _serve(socket, container, principal)


async def _authenticate(socket: WebSocket, container: Container) -> Principal | None:
    try:
        async with asyncio.timeout(AUTH_TIMEOUT_S):
            first = AuthMessage.model_validate_json(await socket.receive_text())
        if first.type != "auth":
            raise ValueError(first.type)
        async with container.database.transaction() as session:
            return await container.identity.principal(session, first.token)
    except KuberError as error:
        await _close(socket, UNAUTHENTICATED, error.code, error.detail)
    except (TimeoutError, ValidationError, ValueError, KeyError):
        await _close(
            socket, UNAUTHENTICATED, "not_signed_in", 'Begin with {"type": "auth", "token": ...}.'
        )
    return None


async def _serve(socket: WebSocket, container: Container, principal: Principal) -> None:
    async def read(run_id: RunId, after: int) -> list[JsonObject]:
        async with container.database.transaction() as session:
            found = await container.runs.events(session, principal.user_id, run_id, after)
        return [event.model_dump(mode="json", exclude_none=True) for event in found.items]

    events = EventSession(principal.user_id, container.hub, read, socket.send_json)
    left_s = (principal.expires_at - container.clock.now()).total_seconds()
    tasks = [
        asyncio.create_task(events.pump()),
        asyncio.create_task(_receive(socket, events)),
        asyncio.create_task(asyncio.sleep(max(0.0, left_s))),
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        error = task.exception()
        if error is not None:
            raise error
    if tasks[2] in done:
        await _close(socket, UNAUTHENTICATED, "token_expired", "Come back with a new token.")
    elif tasks[0] in done:
        await _close(socket, TRY_AGAIN, "too_slow", "Come back and resume after the last event.")


async def _receive(socket: WebSocket, events: EventSession) -> None:
    while True:
        text = await socket.receive_text()
        try:
            if len(text) > MAX_MESSAGE:
                raise Denied("bad_message", "The message is too long.")
            await events.handle(text)
        except Denied as denied:
            await socket.send_json({"type": "error", "code": denied.code, "detail": denied.detail})
        except KuberError as error:
            await socket.send_json({"type": "error", "code": error.code, "detail": error.detail})


async def _close(socket: WebSocket, status: int, code: str, detail: str) -> None:
    await socket.send_text(json.dumps({"type": "error", "code": code, "detail": detail}))
    await socket.close(status)
