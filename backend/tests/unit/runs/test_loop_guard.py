"""An agent that holds the event loop costs no other run its claim, and ends at last."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from psycopg import OperationalError
from structlog.testing import capture_logs

from kuber.kernel.ids import RunId, new_id
from kuber.runs.loop_guard import Claims, LoopGuard, name_task
from tests.fixtures.waiting import LIMIT_S

CLAIMS = [(RunId(new_id()), 3)]
LOOK_S = 0.01
MANY_LOOKS = 10_000


def nobody() -> None:
    raise AssertionError("the process was ended")


async def hold_until(
    happened: threading.Event, renew: Callable[[Claims], None], **other: Any
) -> list[Any]:
    """Hold the loop as the agent `slow` until something happened; return what was logged."""
    options = {"end_process": nobody, "look_s": LOOK_S, "most_s": MANY_LOOKS * LOOK_S, **other}
    guard = LoopGuard(lambda: CLAIMS, renew, **options)

    async def block() -> None:
        name_task("slow")
        assert happened.wait(LIMIT_S)

    with capture_logs() as logs:
        guard.start()
        await asyncio.create_task(block())
        await guard.stop()
    return logs


async def test_claims_are_kept_while_the_loop_is_held_and_the_agent_is_named() -> None:
    renewed: list[Claims] = []
    enough = threading.Event()

    def renew(claims: Claims) -> None:
        renewed.append(claims)
        if len(renewed) == 3:
            enough.set()

    held, *others = await hold_until(enough, renew)
    assert renewed[:3] == [CLAIMS] * 3
    assert (held["event"], held["task"]) == ("event_loop_held", "agent slow")
    assert "test_loop_guard.py" in " ".join(held["where"])
    assert others == [], "one line for each hold"


async def test_a_database_that_is_away_ends_no_watch() -> None:
    again = threading.Event()
    refused: list[Claims] = []

    def renew(claims: Claims) -> None:
        refused.append(claims)
        if len(refused) == 2:
            again.set()
        raise OperationalError("away")

    logs = await hold_until(again, renew)
    assert [log["event"] for log in logs][:2] == ["event_loop_held", "leases_not_renewed"]


async def test_a_loop_held_for_longer_than_a_node_may_take_ends_the_process() -> None:
    looks: list[Claims] = []
    ended = threading.Event()
    logs = await hold_until(ended, looks.append, end_process=ended.set, most_s=4 * LOOK_S)
    assert len(looks) >= 3, "it was waited for until then"
    assert [log["event"] for log in logs][:2] == ["event_loop_held", "event_loop_held_for_good"]


async def test_a_loop_that_goes_on_is_left_alone() -> None:
    asked: list[None] = []

    def held() -> Claims:
        asked.append(None)
        return CLAIMS

    guard = LoopGuard(held, lambda claims: None, nobody, look_s=1, most_s=2)
    answers: list[bool] = []
    guard._over = _Looks(4, lambda: answers.append(guard._answered.wait(LIMIT_S)))  # type: ignore[assignment]
    guard.start()
    await guard.stop()
    assert answers == [True] * 4
    assert asked == []


class _Looks:
    """An event that is set after so many looks, each of which waits for the loop's answer."""

    def __init__(self, count: int, each: Callable[[], None]) -> None:
        self._left = count
        self._each = each

    def wait(self, _seconds: float) -> bool:
        if not self._left:
            return True
        self._left -= 1
        self._each()
        return False

    def set(self) -> None:
        return None
