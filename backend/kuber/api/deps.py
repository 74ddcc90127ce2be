"""What routes ask for: the container, a unit of work, the person who is asking."""

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from kuber.api.container import Container
from kuber.identity.errors import AdminOnly, NotSignedIn
from kuber.identity.types import Client, Principal, Role

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
    container: ContainerDep, session: Db, credentials: Credentials
) -> Principal:
    return await _principal(container, session, credentials)


async def _caller(container: ContainerDep, credentials: Credentials) -> Principal:
    async with container.database.transaction() as session:
        return await _principal(container, session, credentials)


CurrentUser = Annotated[Principal, Depends(_current_user)]
"""The signed-in person, found in the transaction of `Db`; without one the route answers 401."""


async def _admin(user: CurrentUser) -> Principal:
    if user.role is not Role.ADMIN:
        raise AdminOnly("Only an administrator may do this.")
    return user


Admin = Annotated[Principal, Depends(_admin)]
"""The signed-in person when that is an administrator; everybody else is answered 403."""

Caller = Annotated[Principal, Depends(_caller)]
"""As CurrentUser, for routes that then wait for others: no transaction stays open meanwhile."""


async def _principal(
    container: Container, session: AsyncSession, credentials: HTTPAuthorizationCredentials | None
) -> Principal:
    if credentials is None:
        raise NotSignedIn("Sign in first: this needs an access token.")
    principal = await container.identity.principal(session, credentials.credentials)
    bind_contextvars(user_id=str(principal.user_id))
    return principal


async def _client(request: Request) -> Client:
    return Client(
        user_agent=request.headers.get("user-agent", ""),
        ip=request.client.host if request.client else "",
    )


ClientDep = Annotated[Client, Depends(_client)]
