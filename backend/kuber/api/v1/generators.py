"""`/api/v1/generators` and `/api/v1/generator-kinds`: what watches the markets for signals."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from kuber.api.deps import Caller, ContainerDep, CurrentUser, Db, Outcome
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.signals.generators.schemas import (
    GeneratorBody,
    GeneratorCheck,
    GeneratorKindList,
    GeneratorList,
    GeneratorOut,
    GeneratorVerdict,
)

router = APIRouter(tags=["generators"], route_class=IdempotentRoute)


@router.get("/generator-kinds", operation_id="list_generator_kinds")
async def list_generator_kinds(container: ContainerDep, _user: CurrentUser) -> GeneratorKindList:
    """Return every installed kind with the JSON Schema of its settings."""
    return container.generators.kinds()


@router.get("/generators", operation_id="list_generators")
async def list_generators(container: ContainerDep, session: Db, user: CurrentUser) -> GeneratorList:
    """Return the platform's generators, then the caller's."""
    return await container.generators.page(session, user.user_id)


async def _examined(
    body: GeneratorBody, container: ContainerDep, user: Caller
) -> Outcome[GeneratorBody]:
    async def usable() -> GeneratorBody:
        await container.generators.require_usable(user.user_id, body)
        return body

    return await Outcome.of(usable())


EXAMINED = Depends(_examined)
"""Has read the body and asked for every symbol before the transaction of the request begins."""
Examined = Annotated[Outcome[GeneratorBody], EXAMINED]


@router.post(
    "/generators",
    status_code=201,
    operation_id="create_generator",
    dependencies=[EXAMINED, IDEMPOTENT],
)
async def create_generator(
    examined: Examined,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> GeneratorOut:
    """Create a generator. It begins with the next bar that closes; only its owner's pipelines see
    its signals.
    """
    return await container.generators.create(session, user.user_id, examined.get())


@router.post("/generators/check", operation_id="check_generator")
async def check_generator(
    body: GeneratorCheck, container: ContainerDep, user: Caller
) -> GeneratorVerdict:
    """Try settings on the newest bars: every problem, or what they would have sent lately."""
    return await container.generators.check(user.user_id, body)


@router.get("/generators/{generator_id}", operation_id="get_generator")
async def get_generator(
    generator_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> GeneratorOut:
    """Return one generator."""
    return await container.generators.get(session, user.user_id, generator_id)


@router.put("/generators/{generator_id}", operation_id="update_generator")
async def update_generator(
    generator_id: UUID,
    examined: Examined,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> GeneratorOut:
    """Change a generator of the caller; counts from the next bar that closes."""
    await container.generators.get(session, user.user_id, generator_id)
    body = examined.get()
    return await container.generators.update(session, user.user_id, generator_id, body)


@router.delete("/generators/{generator_id}", status_code=204, operation_id="delete_generator")
async def delete_generator(
    generator_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> None:
    """Delete a generator of the caller. What it has sent stays."""
    await container.generators.delete(session, user.user_id, generator_id)
