"""`WS /api/v1/ws`: run events as they happen, with resume."""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ValidationError
from structlog.contextvars import bound_contextvars

from kuber.api.admission import AdmissionControl
from kuber.api.container import Container
from kuber.identity.types import SignedIn
from kuber.infra.tasks import end_tasks
from kuber.kernel.errors import KuberError
from kuber.kernel.ids import RunId, UserId
from kuber.realtime.messages import Message, ReadyMessage, RefusedMessage, encoded
from kuber.realtime.session import EventSession, Send
from kuber.realtime.socket_leases import TooManySockets
from kuber.realtime.topics import Denied
from kuber.runs.live_events import AnyRunEvent

router = APIRouter()

AUTH_TIMEOUT_S = 10
MAX_MESSAGE = 4096
UNAUTHENTICATED = 4401
TOO_MANY_SOCKETS = 4429
TRY_AGAIN = 1013
FAILED = 1011
CLOSING_S = 2.0

Task = asyncio.Task[Any]

log = structlog.get_logger(__name__)


class AuthMessage(BaseModel):
    """The first message of every client."""

    type: str
    token: str


@router.websocket("/api/v1/ws")
async def events_socket(socket: WebSocket) -> None:
    """Serve one client until it leaves, its session ends or it falls too far behind."""
    container: Container = socket.app.state.container
    await socket.accept()
    with suppress(WebSocketDisconnect, RuntimeError):
        principal = await _authenticate(socket, container)
        if principal is None:
            return
        with bound_contextvars(user_id=str(principal.user_id)):
            try:
                async with container.socket_leases.one(principal.user_id):
                    await socket.send_text(encoded(ReadyMessage(type="ready")))
                    await _serve(socket, container, principal)
            except TooManySockets as error:
                await _close(socket, TOO_MANY_SOCKETS, error.code, error.detail)


async def _authenticate(socket: WebSocket, container: Container) -> SignedIn | None:
    try:
        async with asyncio.timeout(AUTH_TIMEOUT_S):
            first = AuthMessage.model_validate_json(await _next_text(socket))
        if first.type != "auth":
            raise ValueError(first.type)
        async with container.database.transaction() as session:
            return await container.identity.principal(session, first.token)
    except KuberError as error:
        await _close(socket, UNAUTHENTICATED, error.code, error.detail)
    except TimeoutError:
        await _close(socket, UNAUTHENTICATED, "sign_in_late", "The log-in message came too late.")
    except (ValidationError, ValueError, Denied):
        await _close(
            socket, UNAUTHENTICATED, "not_signed_in", 'Begin with {"type": "auth", "token": ...}.'
        )
    return None


async def _serve(socket: WebSocket, container: Container, principal: SignedIn) -> None:
    async def read(run_id: RunId, after: int) -> list[AnyRunEvent]:
        async with container.database.transaction() as session:
            found = await container.runs.events(session, principal.user_id, run_id, after)
        return found.items

    over = asyncio.Event()

    async def send(message: Message) -> None:
        if over.is_set():  # whatever still runs then has nobody to tell
            raise WebSocketDisconnect
        await socket.send_text(encoded(message))

    events = EventSession(principal.user_id, container.hub, container.pushes, read, send)
    left_s = (principal.expires_at - container.clock.now()).total_seconds()
    with container.session_watch.watching(principal.session_id) as ended:
        # The session may have ended between the log-in of this socket and now.
        await container.session_watch.look_up([principal.session_id])
        tasks: list[Task] = [
            asyncio.create_task(events.pump()),
            asyncio.create_task(_receive(socket, events, send, principal.user_id)),
            asyncio.create_task(asyncio.sleep(max(0.0, left_s))),
            asyncio.create_task(ended.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.set()
            await end_tasks(tasks)
            events.close()
    await _say_why(socket, done, *tasks)


async def _say_why(
    socket: WebSocket, done: set[Task], pump: Task, _receiving: Task, expiry: Task, ended: Task
) -> None:
    """Close with the reason for which a socket's tasks ended; a client that left is told none."""
    errors = [error for task in done if (error := task.exception()) is not None]
    if ended in done:
        await _close(socket, UNAUTHENTICATED, "session_ended", "The session has ended.")
    elif expiry in done:
        await _close(socket, UNAUTHENTICATED, "token_expired", "Come back with a new token.")
    elif any(isinstance(error, WebSocketDisconnect | RuntimeError) for error in errors):
        return
    elif errors:
        log.error("socket_failed", exc_info=errors[0])
        await _close(socket, FAILED, "failed", "Come back and resume after the last event.")
    elif pump in done:
        await _close(socket, TRY_AGAIN, "too_slow", "Come back and resume after the last event.")


async def _receive(socket: WebSocket, events: EventSession, send: Send, user_id: UserId) -> None:
    admission: AdmissionControl = socket.app.state.admission
    while True:
        try:
            text = await _next_text(socket)
            if len(text) > MAX_MESSAGE:
                raise Denied("bad_message", "The message is too long.")
            await admission.count_message(user_id)
            await events.handle(text)
        except Denied as denied:
            await send(_refusal(denied.code, denied.detail))
        except KuberError as error:
            await send(_refusal(error.code, error.detail))


async def _next_text(socket: WebSocket) -> str:
    """Return the next message; raises Denied when it is not text, WebSocketDisconnect."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str | None = message.get("text")
    if text is None:
        raise Denied("bad_message", "Send messages as text: JSON in UTF-8.")
    return text


async def _close(socket: WebSocket, status: int, code: str, detail: str) -> None:
    """Say why and close; a client that takes neither is cut off by the server, soon after."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_S):
            await socket.send_text(encoded(_refusal(code, detail)))
            await socket.close(status)


def _refusal(code: str, detail: str) -> RefusedMessage:
    return RefusedMessage(type="error", code=code, detail=detail)
