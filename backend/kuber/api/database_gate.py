"""Answers for routes while PostgreSQL is away: 503 at once, and for requests that wait already."""

import asyncio
from contextvars import Context, copy_context

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kuber.api.problems import ProblemResponse, problem_response
from kuber.infra.presence import Presence

_log = structlog.get_logger(__name__)

GATED_PATH = "/api/v1/"
_NEEDS_NO_DATABASE = frozenset({"/api/v1/system/info"})
_MOST_ORPHANS = 500
"""How many requests may still hang after they were answered."""
_RETRY_AFTER_S = 5


class _Held:
    """A request inside; `given_up` once it was answered without its route."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.context: Context = copy_context()
        self.started = False
        self.given_up = False

    async def send(self, message: Message) -> None:
        """Pass on what the route says, unless somebody has answered already."""
        if not self.given_up:
            self.started = True
            await self._send(message)

    async def give_up(self) -> None:
        await _unknown_outcome()(self._scope, self._receive, self._send)


class DatabaseGate:
    """Lets requests through while PostgreSQL answers.

    When it stops answering, requests whose answer has not begun get theirs from here. Their routes
    are not cancelled: a statement that hangs cannot be called back, and what they do may yet be
    done. They end in their own time, unheard.
    """

    def __init__(self, app: ASGIApp, presence: Presence) -> None:
        self._app = app
        self._presence = presence
        self._inside: set[_Held] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._orphans = 0
        presence.when_away = self._give_up_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_gated(scope):
            await self._app(scope, receive, send)
            return
        if self._presence.away or self._orphans >= _MOST_ORPHANS:
            await _refused()(scope, receive, send)
            return
        held = _Held(scope, receive, send)
        self._inside.add(held)
        try:
            await self._app(scope, receive, held.send)
        except Exception as error:
            if not held.given_up:
                raise
            _log.warning("given_up_request_failed", error=type(error).__name__)
        finally:
            self._inside.discard(held)
            self._orphans -= held.given_up

    def _give_up_all(self) -> None:
        for held in self._inside:
            if held.started or held.given_up:
                continue
            held.given_up = True
            self._orphans += 1
            answering = asyncio.get_running_loop().create_task(held.give_up(), context=held.context)
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)


def _is_gated(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["path"].startswith(GATED_PATH)
        and scope["path"] not in _NEEDS_NO_DATABASE
    )


def _refused() -> ProblemResponse:
    return _unavailable(
        "The database does not answer. Nothing was changed; try again in a few seconds."
    )


def _unknown_outcome() -> ProblemResponse:
    return _unavailable(
        "The database stopped answering meanwhile, so this may or may not be done. Look first, or "
        "repeat it with the same Idempotency-Key: then it happens once.",
        "Look whether it is done, or repeat it with the same Idempotency-Key.",
    )


def _unavailable(detail: str, remedy: str = "") -> ProblemResponse:
    return problem_response(
        503,
        "unavailable",
        "Kuber cannot do this right now",
        detail,
        remedy=remedy,
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )
