"""What the API says of notices."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kuber.notifications.types import NoticeKind


class NoticeOut(BaseModel):
    """One notice. `path` is the page of the browser app that it leads to, null without one.

    `count` is how many like it this one stands for; `at` is when the last of them was. `sequence`
    is greater than that of whatever the user could see before; it rises when `count` does. `name`
    is what the user called the pipeline or webhook that `title` or `text` speaks of, as it stands
    there, null when none is spoken of.
    """

    id: UUID
    kind: NoticeKind
    title: str
    text: str
    path: str | None
    name: str | None
    alarm: bool
    count: int
    first_at: datetime
    at: datetime
    sequence: int
    read_at: datetime | None


class NoticeList(BaseModel):
    """`unread` counts all unread notices of the user, not only those of this page."""

    items: list[NoticeOut]
    next_cursor: str | None
    unread: int


class ReadAnswer(BaseModel):
    """How many notices are still unread."""

    unread: int


class KindPreference(BaseModel):
    """Where one kind is told; `always_in_app` when that cannot be switched off."""

    kind: NoticeKind
    title: str
    explanation: str
    in_app: bool
    mail: bool
    always_in_app: bool


class PreferenceList(BaseModel):
    items: list[KindPreference]


class KindChoice(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    kind: NoticeKind
    in_app: bool | None = None
    mail: bool | None = None


class PreferencesBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[KindChoice] = Field(min_length=1, max_length=50)


ChannelId = Literal["in_app", "mail"]


class ChannelOut(BaseModel):
    """One way to reach a user.

    `state` is `on`; `not_configured` when the installation cannot use it, as `detail` says;
    `unconfirmed` or `awaiting_code` while the user has not shown that the address is theirs.
    """

    id: ChannelId
    name: str
    state: Literal["on", "not_configured", "unconfirmed", "awaiting_code"]
    address: Annotated[str, Field(json_schema_extra={"format": "email"})] | None
    detail: str


class ChannelList(BaseModel):
    items: list[ChannelOut]


class ConfirmBody(BaseModel):
    """The six digits from the mail."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^\s*([0-9]\s*){6}$", max_length=40)


class MailOut(BaseModel):
    """One mail. `state` is `waiting`, `sent`, `failed` or `expired`; `error` says why not yet."""

    id: UUID
    channel: ChannelId
    purpose: Literal["notice", "test", "confirmation"]
    notice_id: UUID | None
    title: str
    state: Literal["waiting", "sent", "failed", "expired"]
    attempts: int
    error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None


class MailList(BaseModel):
    items: list[MailOut]
    next_cursor: str | None
