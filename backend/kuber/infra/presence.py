"""Whether a server answers: asked all the time, so that nobody has to wait to find out."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

_QUESTIONS_AT_ONCE = 3


class Presence:
    """Knows whether a server is `away`: it has not answered for `patience_s`.

    Time counts only while this loop runs: a loop that was held hears the answer first.
    """

    def __init__(self, what: str, *, every_s: float = 0.5, patience_s: float = 2.5) -> None:
        self._what = what
        self._every_s = every_s
        self._patience_s = patience_s
        self.away = False
        self.when_away: Callable[[], None] = lambda: None

    async def watch(self, ask: Callable[[], Awaitable[object]]) -> None:
        """Ask until cancelled. A question that hangs is left to its fate, and another one put."""
        asked: set[asyncio.Task[object]] = set()
        waited_s = 0.0
        try:
            while True:
                if len(asked) < _QUESTIONS_AT_ONCE:
                    asked.add(asyncio.ensure_future(ask()))
                done, asked = await asyncio.wait(
                    asked, timeout=self._every_s, return_when=asyncio.FIRST_COMPLETED
                )
                waited_s += self._every_s
                answers = await asyncio.gather(*done, return_exceptions=True)
                if any(not isinstance(answer, BaseException) for answer in answers):
                    waited_s = 0.0
                self._set(waited_s >= self._patience_s)
                if done:
                    await asyncio.sleep(self._every_s)
        finally:
            for one in asked:
                one.cancel()

    def _set(self, away: bool) -> None:
        if away is self.away:
            return
        self.away = away
        log.warning("server_away" if away else "server_back", what=self._what)
        if away:
            self.when_away()
