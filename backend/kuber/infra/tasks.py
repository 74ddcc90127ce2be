"""Ending tasks for certain."""

import asyncio
from collections.abc import Collection
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

AGAIN_S = 1.0
"""How long a task may take to clean up before it is cancelled again."""
ENDING_S = 3.0
"""How long anybody waits for tasks to end."""


async def end_tasks(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for them, ENDING_S at most; what they raise is theirs.

    A cancel can get lost: `asyncio.wait_for` of Python 3.11, which the clients of Redis and
    PostgreSQL use, drops one that comes in the moment in which the awaited thing ends. So it is
    said again. A task that does not end then is logged and left alone: nobody's closing may hang
    on it.
    """
    deadline_s = asyncio.get_running_loop().time() + ENDING_S
    pending = {task for task in tasks if not task.done()}
    while pending and (left_s := deadline_s - asyncio.get_running_loop().time()) > 0:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=min(AGAIN_S, left_s))
    for task in tasks:
        if task in pending:
            _log.warning("task_not_ended", task=task.get_name(), of=repr(task.get_coro()))
        elif not task.cancelled():
            task.exception()  # seen: the loop need not complain that nobody looked
