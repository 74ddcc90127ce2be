"""What a client of the WebSocket is sent: events of runs, and messages of the connection itself.

Both are told apart by `type`; an event alone has a `sequence`.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from kuber.notifications.schemas import NoticeOut
from kuber.pipelines.types import PipelineStatus
from kuber.runs.live_events import AnyRunEvent


class ReadyMessage(BaseModel):
    """The log-in was accepted."""

    type: Literal["ready"]


class PingMessage(BaseModel):
    """The line lives; answer with a pong."""

    type: Literal["ping"]


class SubscribedMessage(BaseModel):
    type: Literal["subscribed"]
    topic: str


class RefusedMessage(BaseModel):
    """What the client asked for was not done, or why the connection is closed."""

    type: Literal["error"]
    code: str
    detail: str


class NoticesMessage(BaseModel):
    """How the user's notices stand; `newest` is null without one."""

    type: Literal["notices"]
    unread: int
    newest: NoticeOut | None


class PipelineChangedMessage(BaseModel):
    """`revision` is the draft's, `version` the newest published one, 0 without one."""

    type: Literal["pipeline_changed"]
    pipeline_id: UUID
    revision: int
    version: int
    status: PipelineStatus
    deleted: bool = False


class PipelinesMissedMessage(BaseModel):
    """Changes may have gone unheard: load anew what is open."""

    type: Literal["pipelines_missed"]


AnySocketMessage = (
    ReadyMessage
    | PingMessage
    | SubscribedMessage
    | RefusedMessage
    | NoticesMessage
    | PipelineChangedMessage
    | PipelinesMissedMessage
)
SocketMessage = TypeAliasType(
    "SocketMessage", Annotated[AnySocketMessage, Field(discriminator="type")]
)
"""A message of the connection itself."""

News = AnyRunEvent | NoticesMessage | PipelineChangedMessage | PipelinesMissedMessage
"""What happened, of which a client is told what it asked for."""
Message = AnySocketMessage | AnyRunEvent
"""Whatever a client is sent."""


def encoded(message: Message) -> str:
    """Return a message as it is sent: a field that was not given is not there."""
    return message.model_dump_json(exclude_unset=True)
