"""Who may come in: decided before the body of a request is read. Pure ASGI, no buffering.

Everything under /api counts, webhook deliveries included; /health, /ready, /metrics and the files
of the browser app never wait behind it. A person is told apart by the signature of the access
token; the route asks later whether the session still stands. An API key is looked up; what it
brings counts as its owner's.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from weakref import WeakValueDictionary

from prometheus_client import Counter, Gauge
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kuber.api.arrival import arrived, within
from kuber.api.container import Container
from kuber.api.credentials import Credentials, credentials_of
from kuber.api.ended_sessions import EndedSessions
from kuber.api.errors import kuber_problem
from kuber.api.middleware import IMPORTS_PATH, PREVIEW_PATH, WEBHOOKS_PATH
from kuber.api.places import Places, Shares
from kuber.api.refusals import (
    NoRoomForBody,
    busy,
    no_room_for_body,
    sign_in_first,
    slots_asked,
    too_many_at_once,
    too_many_imports,
    too_many_this_minute,
)
from kuber.api.request_rate import RequestRate
from kuber.identity.api_keys.door import KeyDoor
from kuber.identity.errors import IdentityError
from kuber.identity.limit_kinds import LimitName, Limits
from kuber.identity.limits import LimitService
from kuber.identity.throttle import place_of
from kuber.identity.tokens import AccessTokens
from kuber.infra.slots import AdvisorySlots
from kuber.kernel.errors import KuberError
from kuber.kernel.ids import UserId

TOKEN_FIRST_BYTES = 100_000
"""Bodies above that are read for signed-in people only, and count against the budget."""
BODY_BUDGET_BYTES = 64_000_000
ONES_BODY_BYTES = 16_000_000
"""How much of the budget one user may hold, so that a few slow senders do not block the others."""
ANONYMOUS_SHARE = 0.75
"""How much of all places those without a token may hold: signed-in people always get on."""
ANONYMOUS_FROM_ONE_PLACE = 64
UPLOAD_S = 60
"""How long an upload may take to arrive: it holds one of few slots meanwhile."""
UPLOAD_BYTES_PER_S = 1_000_000
"""A large one may take longer, at this pace."""
COUNTED_BODY_BYTES = 10_000_000
"""What a larger body counts as: it lies on disk while it comes."""
_AUTH_PATH = "/api/v1/auth/"
_WAIT_S = 0.5
_OWN_IMPORT_WAIT_S = 1.0
"""How long an import waits for the end of the same user's last one."""

REFUSED = Counter("kuber_requests_refused_total", "Requests not let in, by reason", ["reason"])
IN_FLIGHT = Gauge("kuber_requests_in_flight", "Requests to the API that are under way")


@dataclass(slots=True)
class _Visit:
    """One request, and what it holds until its answer is out."""

    path: str
    who: str
    user_id: UserId | None
    """Whose token or key it brings; None of a stranger."""
    credentials: Credentials | None
    declared_bytes: int | None
    """None when the length is not said in advance."""
    counted: bool = False
    anonymous: bool = False
    placed: bool = False
    body_bytes: int = 0

    @property
    def signed_in(self) -> bool:
        """Whether a person sends it, with a token of ours."""
        return self.credentials is not None and self.credentials.claims is not None


class AdmissionControl:
    """What this process lets in; built from the container, one for each application."""

    def __init__(
        self,
        tokens: AccessTokens,
        keys: KeyDoor,
        limits: LimitService,
        rate: RequestRate,
        import_slots: AdvisorySlots,
        in_flight: int,
    ) -> None:
        self.rate = rate
        self.at_once = Shares()
        self.import_slots = import_slots
        self._tokens = tokens
        self._keys = keys
        self._limits = limits
        self._places = Places(in_flight, _WAIT_S)
        self._anonymous = Places(max(1, int(in_flight * ANONYMOUS_SHARE)), _WAIT_S)
        self._bodies = Shares()
        self._ended = EndedSessions()
        self._importing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    def of(cls, container: Container) -> Self:
        return cls(
            container.tokens,
            container.key_door,
            container.limits,
            RequestRate(container.redis, container.clock),
            container.import_slots,
            container.settings.requests_in_flight,
        )

    async def enter(self, scope: Scope, receive: Receive) -> tuple[_Visit, Receive]:
        """Let a request in or raise the refusal; who entered has to `leave`.

        Returns what gives its body. Of somebody unknown that has arrived by then: whoever sends
        half a body takes nobody's place.
        """
        visit = await self._visit(scope)
        try:
            self._require_token(visit, scope)
            if visit.user_id is None and visit.declared_bytes != 0:
                receive = await arrived(receive, TOKEN_FIRST_BYTES)
            await self._count(visit)
            self._take_body(visit, visit.declared_bytes or 0)
            await self._take_place(visit)
        except BaseException:
            self.leave(visit)
            raise
        return visit, self._watched(visit, receive)

    async def count_message(self, user_id: UserId) -> None:
        """Count a message on a user's socket as a request; raises TooManyRequests."""
        await self._count_minute(user_id, await self._limits.of(user_id))

    def leave(self, visit: _Visit) -> None:
        """Give back what a request holds."""
        if visit.placed:
            self._places.give()
            IN_FLIGHT.dec()
        if visit.anonymous:
            self._anonymous.give()
        if visit.counted:
            self.at_once.give(visit.who, 1)
        if visit.body_bytes:
            self._bodies.give(visit.who, visit.body_bytes)
        visit.placed = visit.anonymous = visit.counted = False
        visit.body_bytes = 0

    async def _visit(self, scope: Scope) -> _Visit:
        declared, chunked = "", False
        for name, value in scope["headers"]:
            if name == b"content-length":
                declared = value.decode("latin-1")
            elif name == b"transfer-encoding":
                chunked = True
        credentials = credentials_of(scope)
        user_id = await self._user(credentials) if credentials is not None else None
        if user_id is not None:
            who = str(user_id)
        elif scope["path"].startswith(WEBHOOKS_PATH):
            who = ""
        else:
            who = place_of(scope["client"][0] if scope["client"] else "")
        length = int(declared) if declared.isdecimal() and len(declared) < 16 else 0
        return _Visit(scope["path"], who, user_id, credentials, None if chunked else length)

    async def _user(self, credentials: Credentials) -> UserId | None:
        """Return who sends it, and keep what a token says; whatever is wrong the route will say."""
        if credentials.is_key:
            holder = await self._keys.holder(credentials.token)
            return holder.user_id if holder is not None else None
        try:
            claims = self._tokens.read(credentials.token)
        except IdentityError:
            return None
        if claims.session_id in self._ended:
            return None
        credentials.claims = claims
        return claims.user_id

    def _require_token(self, visit: _Visit, scope: Scope) -> None:
        if visit.signed_in or visit.path.startswith(WEBHOOKS_PATH):
            return
        large = (visit.declared_bytes or 0) > TOKEN_FIRST_BYTES
        if large or is_import(scope):
            raise sign_in_first()

    async def _count(self, visit: _Visit) -> None:
        """Count the request against the limits of whoever sends it."""
        if visit.user_id is None:
            if visit.who and not self.at_once.take(visit.who, 1, ANONYMOUS_FROM_ONE_PLACE):
                raise too_many_at_once(ANONYMOUS_FROM_ONE_PLACE)
            visit.counted = bool(visit.who)
            return
        limits = await self._limits.of(visit.user_id)
        await self._count_minute(visit.user_id, limits)
        most = limits[LimitName.REQUESTS_AT_ONCE]
        if not self.at_once.take(visit.who, 1, most):
            raise too_many_at_once(most)
        visit.counted = True

    def refused(self, visit: _Visit, status: int) -> None:
        """Take notice of an answer: a signed token that a route refuses is of an ended session.

        Log-ins and webhooks refuse something else: a password, a cookie, a signature.
        """
        asks_for_it = not visit.path.startswith((_AUTH_PATH, WEBHOOKS_PATH))
        if status != HTTPStatus.UNAUTHORIZED or visit.credentials is None or not asks_for_it:
            return
        if visit.credentials.is_key:
            self._keys.forget(visit.credentials.token)
        elif visit.credentials.claims is not None:
            self._ended.add(visit.credentials.claims.session_id)

    async def _count_minute(self, user_id: UserId, limits: Limits) -> None:
        per_minute = limits[LimitName.REQUESTS_PER_MINUTE]
        wait_s = await self.rate.take(user_id, per_minute)
        if wait_s is not None:
            raise too_many_this_minute(per_minute, wait_s)

    def _take_body(self, visit: _Visit, amount: int) -> None:
        """Count a large body against the budget before it is read."""
        small = visit.body_bytes + amount <= TOKEN_FIRST_BYTES
        if small or not visit.signed_in:
            return  # few enough bytes: the number of places bounds them
        amount = min(amount, COUNTED_BODY_BYTES)
        if self._bodies.total + amount > BODY_BUDGET_BYTES or not self._bodies.take(
            visit.who, amount, ONES_BODY_BYTES
        ):
            raise no_room_for_body()
        visit.body_bytes += amount

    async def _take_place(self, visit: _Visit) -> None:
        if visit.user_id is None:
            visit.anonymous = await self._anonymous.take()
            if not visit.anonymous:
                raise busy()
        visit.placed = await self._places.take()
        if not visit.placed:
            raise busy()
        IN_FLIGHT.inc()

    def _watched(self, visit: _Visit, receive: Receive) -> Receive:
        """Return `receive` with the rules for a body whose length was not said in advance."""
        if visit.declared_bytes is not None or visit.path.startswith(WEBHOOKS_PATH):
            return receive
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > TOKEN_FIRST_BYTES:
                if not visit.signed_in:
                    raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
                try:
                    counted_bytes = min(read, COUNTED_BODY_BYTES)
                    self._take_body(visit, counted_bytes - visit.body_bytes)
                except NoRoomForBody as error:
                    headers = {"Retry-After": str(error.retry_after_s)}
                    raise HTTPException(503, headers=headers) from error
            return message

        return counted

    async def import_(
        self, visit: _Visit, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve an import in one of the installation's slots; raises the refusal.

        The slot is taken before the file is read, and of each process one user takes one at most.
        """
        ones_own = self._importing.setdefault(visit.who, asyncio.Lock())
        try:
            # Whoever has just been answered comes back before the slot is free again.
            async with asyncio.timeout(_OWN_IMPORT_WAIT_S):
                await ones_own.acquire()
        except TimeoutError as error:
            raise too_many_imports("An import of yours is at work.") from error
        try:
            limits = await self._limits.of_installation()
            most = limits[LimitName.IMPORTS_AT_WORK]
            async with self._slot(most):
                patience_s = UPLOAD_S + (visit.declared_bytes or 0) / UPLOAD_BYTES_PER_S
                await app(scope, within(patience_s, receive), send)
        finally:
            ones_own.release()

    @asynccontextmanager
    async def _slot(self, most: int) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            with slots_asked():
                free = await stack.enter_async_context(self.import_slots.one(most))
            if not free:
                raise too_many_imports(f"{most} imports are at work, as many as may be.")
            yield


class Admission:
    """Lets requests to the API in, or answers 401, 429 or 503 at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        control: AdmissionControl = scope["app"].state.admission
        try:
            visit, watched = await control.enter(scope, receive)
            try:
                heard = _hearing(visit, control, send)
                if is_import(scope):
                    await control.import_(visit, self._app, scope, watched, heard)
                else:
                    await self._app(scope, watched, heard)
            finally:
                control.leave(visit)
        except KuberError as refusal:  # only ours: the application answers its own
            REFUSED.labels(_reason(refusal)).inc()
            await kuber_problem(refusal)(scope, receive, send)


def _hearing(visit: _Visit, control: AdmissionControl, send: Send) -> Send:
    if visit.user_id is None:
        return send

    async def hearing(message: Message) -> None:
        if message["type"] == "http.response.start":
            control.refused(visit, message["status"])
        await send(message)

    return hearing


def is_import(scope: Scope) -> bool:
    """Say whether a request uploads a file of prices."""
    return bool(scope["method"] == "POST" and scope["path"] in (IMPORTS_PATH, PREVIEW_PATH))


def _reason(refusal: KuberError) -> str:
    return next((item.code for item in refusal.problems if item.code), refusal.code)
