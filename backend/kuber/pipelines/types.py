"""The graph of a pipeline: what is stored as JSONB and drawn on the canvas."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

MANAGER_NODE = "pipeline_manager"
"""Id of the node that every run starts with; no user's node may carry it."""

MAX_NODES = 1000


class Mode(StrEnum):
    LIVE = "live"
    PAPER = "paper"
    SIMULATION = "simulation"
    VALIDATION = "validation"


class PipelineStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


Coordinate = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]


class Position(BaseModel):
    """A place on the canvas, in pixels at scale 1."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"required": ["x", "y"]}
    )

    x: Coordinate = 0
    y: Coordinate = 0


class Size(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    w: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
    h: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]


class GraphNode(BaseModel):
    """One agent with its settings."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"required": ["id", "agent_type", "position"]},
    )

    id: Annotated[str, Field(min_length=1, max_length=100)]
    agent_type: Annotated[str, Field(min_length=1, max_length=100)]
    config: dict[str, JsonValue] = Field(default_factory=dict)
    position: Position = Position()
    name: Annotated[str, Field(max_length=80)] | None = None
    pinned: bool = False


class GraphEdge(BaseModel):
    """A connection; `from_port` names the way out, none means the first."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: Annotated[str, Field(alias="from", min_length=1, max_length=100)]
    target: Annotated[str, Field(alias="to", min_length=1, max_length=100)]
    from_port: Annotated[str, Field(max_length=60)] | None = None


class GraphNote(BaseModel):
    """A sticky note; no meaning for runs."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"required": ["id", "text", "position"]},
    )

    id: Annotated[str, Field(min_length=1, max_length=100)]
    text: Annotated[str, Field(max_length=2000)] = ""
    position: Position = Position()
    size: Size | None = None


class Graph(BaseModel):
    """Nodes and edges. Shape only: `validate_graph` says whether it can run."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"required": ["nodes", "edges"]}
    )

    nodes: Annotated[tuple[GraphNode, ...], Field(max_length=MAX_NODES)] = ()
    edges: Annotated[tuple[GraphEdge, ...], Field(max_length=10 * MAX_NODES)] = ()
    notes: Annotated[tuple[GraphNote, ...], Field(max_length=MAX_NODES)] = ()


class ManualTrigger(BaseModel):
    """Runs only when asked to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["manual"] = "manual"


Trigger = ManualTrigger
"""How a pipeline starts. Periodic and signal triggers need services not in this release."""


class ProblemCode(StrEnum):
    CYCLE = "cycle"
    DANGLING_EDGE = "dangling_edge"
    UNKNOWN_AGENT = "unknown_agent"
    BAD_CONFIG = "bad_config"
    MISSING_INPUT = "missing_input"
    UNREACHABLE = "unreachable"
    NO_TRIGGER = "no_trigger"
    DUPLICATE_NODE = "duplicate_node"


class GraphProblem(BaseModel):
    """One reason why a graph cannot run, on the node and field where it is mended."""

    model_config = ConfigDict(frozen=True)

    code: ProblemCode
    node_id: str | None = None
    field: str | None = None
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class PipelineQuery:
    """Filters of the pipelines list.

    `sort` is name, created_at or updated_at, with `-` before it for descending.
    """

    search: str | None = None
    status: str | None = None
    mode: str | None = None
    sort: str = "-updated_at"
    cursor: str | None = None
    limit: int = 50
