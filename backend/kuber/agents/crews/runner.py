"""Runs a crew: several roles in turn, the last of whom answers in a fixed shape."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kuber.agents.base import AgentContext, AgentFailure
from kuber.agents.crews.answers import Answer, UnreadableAnswer, read_answer
from kuber.agents.crews.brief import CrewBrief
from kuber.agents.crews.runtime import import_crewai

if TYPE_CHECKING:
    from crewai import Crew, TaskOutput

    from kuber.agents.crews.adapter import ModelSession

_UNUSABLE = (False, "the answer cannot be used")
"""What CrewAI is told of a bad answer; the reason stays with the guard."""

_THREADS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="crew")
"""One for each crew under way; threads start when they are first needed."""

A = TypeVar("A", bound=Answer)


async def run_crew(brief: CrewBrief[A], context: AgentContext) -> A:
    """Return the crew's checked answer; each step is exactly one model call.

    Raises AgentFailure, with the model's failure or with llm_bad_answer. Nothing is ever put in
    the place of an answer that did not come.
    """
    assert context.llm is not None, "a crew needs a language model"
    import_crewai()
    from kuber.agents.crews.adapter import ModelSession

    session = ModelSession(context.llm, context.usage, context.seed)
    guard = _AnswerGuard(brief)
    crew = _build(brief, session, guard)
    try:
        await _in_own_thread(crew)
    except Exception as error:
        raise _failure(session, guard, error) from error
    finally:
        session.end()
    if guard.answer is None:
        raise _bad_answer("the crew ended without an answer")
    return guard.answer


async def _in_own_thread(crew: "Crew") -> None:
    """Run the crew on an event loop and threads of its own.

    CrewAI blocks a thread for as long as the model thinks. On the worker's loop that would be one
    of a handful of shared threads, which the model's client itself needs to look up a host: as
    many crews as threads would then wait for each other.
    """
    surroundings = copy_context()
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(_THREADS, surroundings.run, _kickoff, crew)


def _kickoff(crew: "Crew") -> None:
    asyncio.run(crew.akickoff())


class _AnswerGuard(Generic[A]):
    """CrewAI's guardrail on the last step: reads and checks the answer, keeps it or the fault."""

    def __init__(self, brief: CrewBrief[A]) -> None:
        self._brief = brief
        self.answer: A | None = None
        self.fault: str | None = None

    def judge(self, output: "TaskOutput") -> tuple[bool, Any]:
        try:
            answer = read_answer(output.raw, self._brief.answer)
        except UnreadableAnswer as error:
            self.fault = str(error)
            return _UNUSABLE
        self.fault = self._brief.check(answer)
        if self.fault is not None:
            return _UNUSABLE
        self.answer = answer
        return True, output.raw


def _build(brief: CrewBrief[A], session: "ModelSession", guard: _AnswerGuard[A]) -> "Crew":
    from kuber.agents.crews.assembly import assemble

    return assemble(brief.name, brief.steps, session, guard.judge)


def _failure(session: "ModelSession", guard: _AnswerGuard[A], error: Exception) -> AgentFailure:
    if session.failure is not None:
        return session.failure
    if guard.fault is not None:
        return _bad_answer(guard.fault)
    return AgentFailure(
        "crew_failed",
        f"The crew stopped with an error of its own ({type(error).__name__}).",
        retryable=True,
    )


def _bad_answer(why: str) -> AgentFailure:
    return AgentFailure(
        "llm_bad_answer",
        f"The language model's answer cannot be used: {why}.",
        retryable=True,
        remedy="Run again, or choose a more capable model.",
    )
