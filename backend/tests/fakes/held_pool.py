"""A pool of children that begin when they are let, or fail: for what must not wait with them."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class HeldPool:
    """Does each task in this process once `let` is set; raises `error` in its place if there is
    one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked = asyncio.Event()
        self.let = asyncio.Event()

    async def run(self, function: Callable[..., T], *args: object, owner: str = "") -> T:
        self.asked.set()
        if self.error is not None:
            raise self.error
        await self.let.wait()
        return function(*args)
