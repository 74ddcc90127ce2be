"""What routes ask for: the container, a unit of work, the person who is asking."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from kuber.api.container import Container
from kuber.identity.errors import AdminOnly, NotSignedIn
from kuber.identity.types import Client, Principal, Role
from kuber.kernel.errors import KuberError

T = TypeVar("T")

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="access_token",
    description="The access token of POST /api/v1/auth/login.",
)


# Async although nothing is awaited: plain functions would each be sent through a thread.
async def _container(request: Request) -> Container:
    return cast(Container, request.app.state.container)


ContainerDep = Annotated[Container, Depends(_container)]


async def _unit_of_work(container: ContainerDep) -> AsyncIterator[AsyncSession]:
    async with container.database.transaction() as session:
        yield session


# With the scope "function" the transaction ends before the answer is sent: what a client was told
# has happened is committed, and a failed commit still becomes an error answer.
Db = Annotated[AsyncSession, Depends(_unit_of_work, scope="function")]
"""The request's transaction, one per request; takes a connection at its first statement."""


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _current_user(
    request: Request, container: ContainerDep, session: Db, credentials: Credentials
) -> Principal:
    return await _principal(request, container, session, credentials)


async def _caller(request: Request, container: ContainerDep, credentials: Credentials) -> Principal:
    async with container.database.transaction() as session:
        return await _principal(request, container, session, credentials)


CurrentUser = Annotated[Principal, Depends(_current_user)]
"""The signed-in person, found in the transaction of `Db`; without one the route answers 401."""


async def principal_of(request: Request) -> Principal:
    """Return the signed-in person outside of FastAPI's dependencies, in a transaction of its own.

    Raises NotSignedIn.
    """
    return await _caller(request, await _container(request), await _bearer(request))


async def _admin(user: CurrentUser) -> Principal:
    if user.role is not Role.ADMIN:
        raise AdminOnly("Only an administrator may do this.")
    return user


Admin = Annotated[Principal, Depends(_admin)]
"""The signed-in person when that is an administrator; everybody else is answered 403."""

Caller = Annotated[Principal, Depends(_caller)]
"""As CurrentUser, for routes that then wait for others: no transaction stays open meanwhile."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of work that was done before a request's transaction.

    What it raises waits for the route: a repeated request gets its first answer first.
    """

    value: T | None
    error: KuberError | None

    @classmethod
    async def of(cls, work: Awaitable[T]) -> "Outcome[T]":
        try:
            return cls(await work, None)
        except KuberError as error:
            return cls(None, error)

    def get(self) -> T:
        """Return what was found; raises what finding it raised."""
        if self.error is not None:
            raise self.error
        return cast(T, self.value)


async def _principal(
    request: Request,
    container: Container,
    session: AsyncSession,
    credentials: HTTPAuthorizationCredentials | None,
) -> Principal:
    if credentials is None:
        raise NotSignedIn("Sign in first: this needs an access token.")
    token, claims = request.scope.get("state", {}).get("access", ("", None))
    if claims is not None and token == credentials.credentials:  # its signature was checked
        principal = await container.identity.principal_of(session, claims)
    else:
        principal = await container.identity.principal(session, credentials.credentials)
    bind_contextvars(user_id=str(principal.user_id))
    return principal


async def _client(request: Request) -> Client:
    return Client(
        user_agent=request.headers.get("user-agent", ""),
        ip=request.client.host if request.client else "",
    )


ClientDep = Annotated[Client, Depends(_client)]
