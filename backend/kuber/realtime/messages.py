"""What a client of the WebSocket is sent: events of runs, and messages of the connection itself.

Both are told apart by `type`; an event alone has a `sequence`.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from kuber.kernel.wire import DecimalText
from kuber.market.feed.types import FeedSource
from kuber.notifications.schemas import NoticeOut
from kuber.pipelines.types import PipelineStatus
from kuber.runs.live_events import AnyRunEvent
from kuber.runs.order_schemas import OrderOut
from kuber.trading.accounts.schemas import AccountOut
from kuber.trading.positions.schemas import PositionOut


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


class QuoteData(BaseModel):
    """The newest quote of an instrument, as everybody may see it."""

    symbol: str
    price: DecimalText
    bid: DecimalText | None
    ask: DecimalText | None
    source: FeedSource
    simulated: bool
    quoted_at: datetime
    stale: bool = Field(description="The market trades, and no newer quote has come for too long.")


class QuoteMessage(BaseModel):
    """A new quote, or that the newest has become stale."""

    type: Literal["quote"]
    at: datetime
    data: QuoteData


class OrderUpdatedMessage(BaseModel):
    """How an order stands; `data` is the order as `GET /orders` shows it."""

    type: Literal["order_updated"]
    at: datetime
    account_id: UUID
    data: OrderOut


PositionEvent = Literal["position_opened", "position_changed", "position_closed"]


class PositionMessage(BaseModel):
    """How a position stands; `data` is the position as `GET /positions` shows it."""

    type: PositionEvent
    at: datetime
    account_id: UUID
    data: PositionOut


class AccountChangedMessage(BaseModel):
    """How an account stands; `data` is the account as `GET /accounts` shows it."""

    type: Literal["account_changed"]
    at: datetime
    account_id: UUID
    data: AccountOut


class LookAgainMessage(BaseModel):
    """News of this topic may have gone unheard: load anew what is open."""

    type: Literal["look_again"]
    topic: str


AnySocketMessage = (
    ReadyMessage
    | PingMessage
    | SubscribedMessage
    | RefusedMessage
    | NoticesMessage
    | PipelineChangedMessage
    | PipelinesMissedMessage
    | QuoteMessage
    | OrderUpdatedMessage
    | PositionMessage
    | AccountChangedMessage
    | LookAgainMessage
)
SocketMessage = TypeAliasType(
    "SocketMessage", Annotated[AnySocketMessage, Field(discriminator="type")]
)
"""A message of the connection itself."""

AccountNews = OrderUpdatedMessage | PositionMessage | AccountChangedMessage | LookAgainMessage
"""What the topic of an account tells."""
Message = AnySocketMessage | AnyRunEvent
"""Whatever a client is sent."""


def encoded(message: Message) -> str:
    """Return a message as it is sent: a field that was not given is not there."""
    return message.model_dump_json(exclude_unset=True)
