"""Pipelines as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kuber.pipelines.types import Graph, GraphProblem, ManualTrigger, Mode, PipelineStatus, Trigger

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PipelineCreate(_Body):
    """A new pipeline, from a graph, from a template or empty."""

    name: Name
    graph: Graph | None = None
    template: Annotated[str, Field(max_length=60)] | None = None
    mode: Mode | None = None
    """Default: the template's mode, else simulation."""
    trigger: Trigger = ManualTrigger()


class PipelineUpdate(_Body):
    """What changes; absent fields stay."""

    name: Name | None = None
    graph: Graph | None = None
    mode: Mode | None = None
    trigger: Trigger | None = None


class PipelineClone(_Body):
    name: Name | None = None
    mode: Mode | None = None


class PipelineExport(_Body):
    """A pipeline as a file: everything that decides what it does, nothing about its owner."""

    format: Literal["kuber.pipeline/1"] = "kuber.pipeline/1"
    name: Name
    graph: Graph
    mode: Mode = Mode.SIMULATION
    trigger: Trigger = ManualTrigger()


class GraphBody(_Body):
    graph: Graph


class GraphVerdict(BaseModel):
    valid: bool
    problems: list[GraphProblem]


class LastSkip(BaseModel):
    """The last time the schedule was due and no run was started."""

    at: datetime
    reason: str
    detail: str


class PipelineOut(BaseModel):
    id: UUID
    name: str
    graph: Graph
    mode: Mode
    trigger: Trigger
    status: PipelineStatus
    revision: int
    version: int
    created_at: datetime
    updated_at: datetime
    next_run_at: datetime | None
    last_skip: LastSkip | None
    problems: list[GraphProblem]


class LastRun(BaseModel):
    """The newest run of a pipeline."""

    execution_id: UUID
    status: Literal["pending", "running", "waiting", "succeeded", "failed", "cancelled"]
    symbol: str
    created_at: datetime
    finished_at: datetime | None
    outcome: str | None


class PipelineSummary(BaseModel):
    """A row of the pipelines list."""

    id: UUID
    name: str
    mode: Mode
    trigger: Trigger
    status: PipelineStatus
    revision: int
    version: int
    node_count: int
    problem_count: int
    created_at: datetime
    updated_at: datetime
    next_run_at: datetime | None
    last_skip: LastSkip | None
    last_run: LastRun | None = None


class PipelineList(BaseModel):
    items: list[PipelineSummary]
    next_cursor: str | None


class VersionOut(BaseModel):
    version: int
    graph: Graph
    node_count: int
    created_at: datetime


class VersionList(BaseModel):
    items: list[VersionOut]
    next_cursor: str | None


class TemplateOut(BaseModel):
    """A pipeline to start from."""

    slug: str
    name: str
    description: str
    tags: list[str]
    symbol_hint: str
    as_of_hint: datetime | None
    """A moment of the sample history at which the template has something to show."""
    graph: Graph
    mode: Mode
    trigger: Trigger


class TemplateList(BaseModel):
    items: list[TemplateOut]
    next_cursor: str | None
