"""Switches in words: which one it is, who set it, what may be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kuber.trading.order_types import SwitchState

PLATFORM = "platform"
USER = "user"
FILE = "file"
"""The scope of what `./kuber halt` wrote: everything, also without the database."""
COMMAND_LINE = "command_line"
"""Who set what was set at the machine itself."""

_DOES = {
    SwitchState.PAUSED: "Trading is paused",
    SwitchState.REDUCE_ONLY: "Positions may only be closed",
    SwitchState.HALTED: "Trading is halted",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A switch as it is set; `set_by` is a user's id or `command_line`."""

    scope: str
    state: SwitchState
    reason: str = ""
    set_by: str = COMMAND_LINE
    set_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", SwitchState(self.state))


def user_scope(user_id: UUID) -> str:
    return f"{USER}:{user_id}"


def pipeline_scope(pipeline_id: UUID) -> str:
    return f"pipeline:{pipeline_id}"


def scopes_of(user_id: UUID, pipeline_id: UUID | None) -> Iterator[str]:
    """Yield the scopes that what a user or a pipeline does is under, the widest first."""
    yield PLATFORM
    yield user_scope(user_id)
    if pipeline_id is not None:
        yield pipeline_scope(pipeline_id)


def pipeline_of(scope: str) -> UUID | None:
    """Return the pipeline of a scope, None for others."""
    kind, _, name = scope.partition(":")
    return UUID(name) if kind == "pipeline" else None


def file_standing(state: SwitchState) -> Standing:
    """Return what the halt file says as a switch."""
    return Standing(FILE, state, "./kuber halt")


def set_by_words(one: Standing, user_id: UUID) -> str:
    """Return who set a switch, as its reader is told: nobody's name leaves the record."""
    if one.set_by == COMMAND_LINE:
        return "the command line of this installation"
    return "you" if one.set_by == str(user_id) else "an administrator"


def refusal(one: Standing, user_id: UUID) -> str:
    """Return why something is refused: code, switch, who set it, and the remedy."""
    since = "" if one.set_at is None else f" since {one.set_at:%Y-%m-%d %H:%M} UTC"
    return (
        f"{one.state.value}: {_DOES[one.state]} {_where(one.scope)}{since}; set by"
        f" {set_by_words(one, user_id)}. {remedy(one, user_id)}"
    )


def remedy(one: Standing, user_id: UUID) -> str:
    """Return what is to be done so that it is allowed again."""
    if one.scope == FILE:
        return "Run ./kuber halt --off where Kuber runs."
    if one.scope == PLATFORM:
        return "Wait until an administrator sets the platform's switch to off."
    whose = "your switch" if pipeline_of(one.scope) is None else "the pipeline's switch"
    return f"Set {whose} to off."


def was_refused(scope: str, until: datetime) -> str:
    """Return why something that was decided before a switch went off is refused after it."""
    return (
        f"decided_while_stopped: It was decided before the switch {_where(scope)} went off at"
        f" {until:%H:%M:%S} UTC; what is decided from now on is sent."
    )


def _where(scope: str) -> str:
    if scope in (PLATFORM, FILE):
        return "for everybody"
    return "for you" if pipeline_of(scope) is None else "for this pipeline"
