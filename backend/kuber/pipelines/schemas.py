"""Pipelines as the API takes and shows them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from kuber.kernel.names import Name, Note
from kuber.pipelines.documents import CheckedGraph
from kuber.pipelines.types import (
    Graph,
    GraphEdge,
    GraphProblem,
    ManualTrigger,
    Mode,
    PipelineStatus,
    Trigger,
)


class _OrChecked:
    """Lets a graph pass that was checked before; to clients the field is a Graph."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self._validated, handler.generate_schema(Graph)
        )

    @staticmethod
    def _validated(value: Any, validate: Callable[[Any], Graph]) -> Graph | CheckedGraph:
        return value if isinstance(value, CheckedGraph) else validate(value)


GraphIn = Annotated[Graph | CheckedGraph, _OrChecked()]
"""A graph that was sent: as objects when it is small, as checked text when it is large."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


_ACCOUNT = (
    "One of your open accounts of the pipeline's mode, in which its runs of the present trade; "
    "null for the first that you opened. It counts at once, and follows a reset."
)


class PipelineCreate(_Body):
    """A new pipeline, from a graph, from a template or empty."""

    name: Name
    graph: GraphIn | None = None
    template: Annotated[str, Field(max_length=60)] | None = None
    mode: Mode | None = None
    """Default: the template's mode, else simulation."""
    trigger: Trigger = ManualTrigger()
    """Default: the template's, else by hand."""
    account_id: UUID | None = Field(default=None, description=_ACCOUNT)


class PipelineUpdate(_Body):
    """What changes; absent fields stay."""

    name: Name | None = None
    graph: GraphIn | None = None
    mode: Mode | None = None
    trigger: Trigger | None = None
    account_id: UUID | None = Field(default=None, description=_ACCOUNT)


class PipelineClone(_Body):
    name: Name | None = None
    mode: Mode | None = None


class PublishBody(_Body):
    """What the new version is called; both may be left out."""

    name: Name | None = None
    note: Note | None = None


class PipelineExport(_Body):
    """A pipeline as a file: everything that decides what it does, nothing about its owner."""

    format: Literal["kuber.pipeline/1"] = "kuber.pipeline/1"
    name: Name
    graph: GraphIn
    mode: Mode = Mode.SIMULATION
    trigger: Trigger = ManualTrigger()


class GraphBody(_Body):
    graph: GraphIn


class GraphVerdict(BaseModel):
    """Whether a graph can run; the first problems, and how many there are."""

    valid: bool
    problems: list[GraphProblem]
    problem_count: int


class LastSkip(BaseModel):
    """The last time the schedule was due and no run was started."""

    at: datetime
    reason: str
    detail: str


class PipelineHead(BaseModel):
    """A pipeline without its graph. What is not named published is the draft's."""

    id: UUID
    name: str
    mode: Mode
    trigger: Trigger
    status: PipelineStatus
    revision: int
    """Grows with every save."""
    version: int
    """Number of the newest published version; 0 when none was published."""
    published_version: int | None
    """The same; null when none was published."""
    published_trigger: Trigger | None
    """How it starts while it is active."""
    published_at: datetime | None
    draft_differs: bool
    """Whether graph or trigger of the draft are other than published."""
    account_id: UUID | None = Field(description=_ACCOUNT)
    created_at: datetime
    updated_at: datetime
    next_run_at: datetime | None
    last_skip: LastSkip | None
    node_count: int
    problem_count: int


class PipelineOut(PipelineHead):
    """A pipeline in full; of its problems the first ones."""

    graph: Graph
    problems: list[GraphProblem]


@dataclass(frozen=True, slots=True)
class PipelineText:
    """What PipelineOut describes, its large parts as JSON text."""

    head: PipelineHead
    graph: bytes
    problems: bytes

    def json(self) -> bytes:
        """Return the answer's body."""
        return orjson.dumps(
            {
                **self.head.model_dump(mode="json"),
                "graph": orjson.Fragment(self.graph),
                "problems": orjson.Fragment(self.problems),
            }
        )


class LastRun(BaseModel):
    """The newest run of a pipeline."""

    execution_id: UUID
    status: Literal["pending", "running", "waiting", "succeeded", "failed", "cancelled"]
    symbol: str
    created_at: datetime
    finished_at: datetime | None
    outcome: str | None
    wake_at: datetime | None
    waits_for: Literal["trigger", "retry", "breaker"] | None
    """While it waits, for what; `outcome` says it in words, `wake_at` until when."""


class PipelineSummary(PipelineHead):
    """A row of the pipelines list."""

    last_run: LastRun | None = None


class PipelineList(BaseModel):
    items: list[PipelineSummary]
    next_cursor: str | None


class VersionOut(BaseModel):
    """A version that was published, without its graph; `published` marks the newest one."""

    version: int
    name: str | None
    note: str | None
    created_at: datetime
    published: bool
    node_count: int


class VersionList(BaseModel):
    items: list[VersionOut]
    next_cursor: str | None


class VersionHead(VersionOut):
    """The same with its trigger, which may not be known of an old version."""

    trigger: Trigger | None


class VersionDetail(VersionHead):
    """A version that was published, in full."""

    graph: Graph


class NodeBrief(BaseModel):
    """A node of a comparison."""

    id: str
    agent_type: str
    name: str | None


class NodeChange(NodeBrief):
    """A node that is in both graphs, as the later one has it; `fields` are other in the earlier."""

    fields: list[Literal["agent_type", "config", "name", "pinned", "position"]]


class NodesDiff(BaseModel):
    added: list[NodeBrief]
    removed: list[NodeBrief]
    changed: list[NodeChange]


class EdgesDiff(BaseModel):
    added: list[GraphEdge]
    removed: list[GraphEdge]


class GraphDiff(BaseModel):
    """What changes from one graph to another."""

    nodes: NodesDiff
    edges: EdgesDiff
    notes_changed: bool
    trigger_changed: bool
    """False also where the trigger of an old version is not known."""


@dataclass(frozen=True, slots=True)
class VersionText:
    """What VersionDetail describes, the graph as JSON text."""

    head: VersionHead
    graph: bytes

    def json(self) -> bytes:
        """Return the answer's body."""
        content = self.head.model_dump(mode="json")
        return orjson.dumps({**content, "graph": orjson.Fragment(self.graph)})


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
