"""Questions that come while one is being answered are answered together, in the next statement."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_MOST = 64


class Batched(Generic[Question, Answer]):
    """Asks for many at once what its callers ask one by one; one statement is under way at a time.

    An answer is as fresh as one that its caller had asked for alone: no statement answers a
    question that came after it began. `answer` returns an answer for each question, in their
    order. When it fails for several, each is asked alone, so that none fails because of another.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]],
        *,
        most: int = _MOST,
    ) -> None:
        self._answer = answer
        self._most = most
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """Return the answer; raises what `answer` raises."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answered))
        if self._task is None:
            self._task = asyncio.create_task(self._answer_waiting())
        return await answered

    async def _answer_waiting(self) -> None:
        """Answer those that wait, and those that come meanwhile, until nobody waits."""
        try:
            while self._waiting:
                several, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                wanted = [one for one in several if not one[1].done()]
                if wanted:
                    await self._answer_together(wanted)
        except BaseException:
            for _, answered in self._waiting:
                answered.cancel()
            self._waiting = []
            raise
        finally:
            self._task = None

    async def _answer_together(
        self, several: Sequence[tuple[Question, asyncio.Future[Answer]]]
    ) -> None:
        try:
            answers = await self._answer([question for question, _ in several])
        except Exception as error:  # noqa: BLE001  handed on to who asked
            if len(several) > 1:
                await asyncio.gather(*(self._answer_together([one]) for one in several))
            elif not several[0][1].done():
                several[0][1].set_exception(error)
            return
        except BaseException:
            for _, answered in several:
                answered.cancel()
            raise
        for (_, answered), answer in zip(several, answers, strict=True):
            if not answered.done():
                answered.set_result(answer)
