"""Runs a crew: several roles in turn, the last of whom answers in a fixed shape."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kuber.agents.base import AgentContext, AgentFailure
from kuber.agents.crews.answers import Answer, UnreadableAnswer, read_answer
from kuber.agents.crews.runtime import import_crewai

if TYPE_CHECKING:
    from crewai import Crew, TaskOutput

    from kuber.agents.crews.adapter import ModelSession

_UNUSABLE = (False, "the answer cannot be used")
"""What CrewAI is told of a bad answer; the reason stays with the guard."""

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Role:
    """A member of a crew."""

    name: str
    goal: str
    backstory: str


@dataclass(frozen=True, slots=True)
class Step:
    """One task of one role; its answer is shown to all later steps."""

    role: Role
    task: str
    expects: str


@dataclass(frozen=True, slots=True)
class CrewBrief(Generic[A]):
    """A crew's work. `check` returns what is wrong with an answer of the right shape, if any."""

    name: str
    steps: tuple[Step, ...]
    answer: type[A]
    check: Callable[[A], str | None]


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
        await crew.akickoff()
    except Exception as error:
        raise _failure(session, guard, error) from error
    finally:
        session.cancel()
    if guard.answer is None:
        raise _bad_answer("the crew ended without an answer")
    return guard.answer


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
