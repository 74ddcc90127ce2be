"""Lets CrewAI speak through Kuber's own language model client. Imports CrewAI."""

import asyncio
from concurrent.futures import CancelledError, Future
from typing import Any

from crewai import BaseLLM
from pydantic import PrivateAttr

from kuber.agents.base import AgentFailure, NodeUsage
from kuber.agents.chat import ChatModel, Message

_FINAL_ANSWER = "Final Answer:"
"""CrewAI takes what follows as the answer, so that prose which happens to look like a tool
request is not taken for one (which would cost further calls)."""
_CONTEXT_WINDOW = 1_000_000
"""Tokens. High on purpose: CrewAI must not call the model to shorten a conversation."""


class ModelCallStopped(Exception):
    """Ends a crew after a failed call; the session holds the reason.

    Carries no cause: CrewAI looks through causes and would retry a 429 by itself.
    """


class ModelSession:
    """One crew's use of a language model: one event loop, one meter, the first failure."""

    def __init__(self, model: ChatModel, usage: NodeUsage, seed: int) -> None:
        self.model = model
        self.failure: AgentFailure | None = None
        self._usage = usage
        self._seed = seed
        self._loop = asyncio.get_running_loop()
        self._pending: Future[str | None] | None = None
        self._over = False

    async def ask(self, messages: list[Message]) -> str | None:
        """Return the model's text, None after a failure (kept in `failure`) or at the end."""
        if self._over:
            return None
        try:
            completion = await self.model.complete(messages, self._usage, seed=self._seed)
        except AgentFailure as failure:
            self.failure = failure
            return None
        return completion.text

    def ask_from_thread(self, messages: list[Message]) -> str | None:
        """Do the same from a thread of CrewAI's; the call runs on the session's event loop."""
        self._pending = asyncio.run_coroutine_threadsafe(self.ask(messages), self._loop)
        try:
            return self._pending.result()
        except CancelledError:
            return None

    def end(self) -> None:
        """Drop the call under way, if any, so that its thread comes free, and make no other."""
        self._over = True
        if self._pending is not None:
            self._pending.cancel()


class CrewLanguageModel(BaseLLM):
    """CrewAI's view of a session. One HTTP request for each call, no streaming, no tools."""

    _session: ModelSession = PrivateAttr()

    @classmethod
    def over(cls, session: ModelSession) -> "CrewLanguageModel":
        """Return the adapter of one session."""
        adapter = cls(model=session.model.model)
        adapter._session = session
        return adapter

    def call(self, messages: str | list[Any], *args: Any, **kwargs: Any) -> str:
        """Answer synchronously; CrewAI's executor calls this from a worker thread."""
        return _answer(self._session.ask_from_thread(_turns(messages)))

    async def acall(self, messages: str | list[Any], *args: Any, **kwargs: Any) -> str:
        """Answer on the event loop."""
        return _answer(await self._session.ask(_turns(messages)))

    def supports_function_calling(self) -> bool:
        return False

    def supports_stop_words(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        return _CONTEXT_WINDOW


def _answer(text: str | None) -> str:
    if text is None:
        raise ModelCallStopped("the model call failed")
    return f"{_FINAL_ANSWER} {text}"


def _turns(messages: str | list[Any]) -> list[Message]:
    """Return CrewAI's messages as plain chat turns: role and text, nothing else."""
    if isinstance(messages, str):
        return [Message(role="user", content=messages)]
    return [Message(role=turn["role"], content=str(turn["content"] or "")) for turn in messages]
