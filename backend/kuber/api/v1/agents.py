"""`/api/v1/agents` and `/api/v1/templates`: what pipelines are made of."""

from fastapi import APIRouter
from pydantic import BaseModel

from kuber.agents.schemas import AgentOut
from kuber.api.deps import ContainerDep, CurrentUser
from kuber.pipelines.schemas import TemplateList
from kuber.pipelines.templates import templates

router = APIRouter(tags=["agents"])


class AgentList(BaseModel):
    items: list[AgentOut]
    next_cursor: str | None


@router.get("/agents", operation_id="list_agents")
async def list_agents(container: ContainerDep, user: CurrentUser) -> AgentList:
    """Return every installed agent with the JSON Schema of its settings."""
    return AgentList(items=list(container.registry.catalogue()), next_cursor=None)


@router.get("/templates", operation_id="list_templates")
async def list_templates(user: CurrentUser) -> TemplateList:
    """Return the pipelines to start from."""
    return TemplateList(items=list(templates()), next_cursor=None)
