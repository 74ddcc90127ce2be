"""What agents raise and say, made safe: they may come from a package that nobody here has read."""

import asyncio
import math
from datetime import datetime, timedelta

from kuber.agents.base import AgentFailure, NodeUsage, TriggerNotMet

MOST_TEXT = 10_000
"""Characters of a message that are kept."""
MOST_CODE = 100
LONGEST_WAIT = timedelta(days=366)
"""For a trigger: a run that waits for longer is forgotten by its user, and takes a place."""
MOST_TOKENS = 2**31 - 1
"""What the column holds."""


def storable(text: object, most: int = MOST_TEXT) -> str:
    """Return what `text` says as PostgreSQL and UTF-8 can hold it, cut at `most` characters."""
    try:
        words = str(text)
    except Exception as error:  # noqa: BLE001  whatever a foreign `__str__` raises
        words = f"(no words: {type(error).__name__})"
    words = words[: most + 1].replace("\x00", "").encode(errors="replace").decode()
    return words if len(words) <= most else f"{words[: most - 1]}\u2026"


def cleaned(failure: AgentFailure) -> AgentFailure:
    """Return the failure with words that can be kept."""
    failure.code = storable(failure.code or "agent_failed", MOST_CODE)
    failure.message = storable(failure.message)
    failure.remedy = None if failure.remedy is None else storable(failure.remedy)
    return failure


def crash(error: BaseException) -> AgentFailure:
    """Return the failure of an agent that raised `error`."""
    return AgentFailure("agent_crashed", storable(f"{type(error).__name__}: {storable(error)}"))


def unmet(not_met: TriggerNotMet, now: datetime) -> TriggerNotMet | AgentFailure:
    """Return the unmet trigger with words that can be kept; a failure when its time is none."""
    not_met.reason = storable(not_met.reason)
    if not_met.wake_at is None:
        return not_met
    if not_met.wake_at.utcoffset() is None:
        return AgentFailure(
            "bad_wake_at",
            "The agent gave a time without a time zone for its next look.",
            remedy="Its author gives `wake_at` with a time zone, such as UTC.",
        )
    if not_met.wake_at - now > LONGEST_WAIT:
        return AgentFailure(
            "bad_wake_at",
            f"The agent wants to look again in {(not_met.wake_at - now).days} days,"
            f" and a run waits for {LONGEST_WAIT.days} at most.",
            remedy="Its author gives a `wake_at` that is sooner, and looks again from there.",
        )
    return not_met


def is_cancelled() -> bool:
    """Return whether somebody cancels the current task: else a CancelledError is the agent's."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def check_usage(usage: NodeUsage) -> None:
    """Bring a meter to which an agent added nonsense to what can be charged."""
    usage.input_tokens = _tokens(usage.input_tokens)
    usage.output_tokens = _tokens(usage.output_tokens)


def _tokens(count: object) -> int:
    if not isinstance(count, int | float) or math.isnan(count):
        return 0
    return int(min(max(count, 0), MOST_TOKENS))
