"""What a client may subscribe to, as it writes it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kuber.kernel.ids import RunId
from kuber.market.symbols import canonical_symbol


class Denied(Exception):
    """The client asked for something that is not there for it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class UserTopic(StrEnum):
    """Topics of which a user has one."""

    RUNS = "user"
    """Every event of every run."""
    NOTICES = "notices"
    PIPELINES = "pipelines"


@dataclass(frozen=True, slots=True)
class RunTopic:
    run_id: RunId


@dataclass(frozen=True, slots=True)
class QuotesTopic:
    symbol: str


@dataclass(frozen=True, slots=True)
class AccountTopic:
    account_id: UUID

    def __str__(self) -> str:
        return f"account:{self.account_id}"


Topic = UserTopic | RunTopic | QuotesTopic | AccountTopic


def topic_of(text: str) -> Topic:
    """Return the topic that a client means. Raises Denied."""
    kind, _, name = text.partition(":")
    try:
        match kind:
            case "execution":
                return RunTopic(RunId(UUID(name)))
            case "quotes":
                return QuotesTopic(canonical_symbol(name))
            case "account":
                return AccountTopic(UUID(name))
            case _:
                return UserTopic(text)
    except ValueError as error:
        raise unknown_topic() from error


def unknown_topic() -> Denied:
    """Return what is said of a topic that is not there, or not there for who asks."""
    return Denied(
        "unknown_topic",
        "Topics are execution:<id>, quotes:<symbol>, account:<id>, user, notices and pipelines.",
    )


def too_many(most: int, what: str) -> Denied:
    """Return what is said to who follows too much."""
    return Denied("too_many_topics", f"A socket follows {most} {what}: unsubscribe some.")
