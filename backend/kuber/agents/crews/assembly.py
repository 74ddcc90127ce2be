"""Puts CrewAI's objects together, with everything that could call, wait or write turned off."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from crewai import Agent, Crew, Process, Task, TaskOutput
from pydantic import PrivateAttr

from kuber.agents.crews.adapter import CrewLanguageModel, ModelSession
from kuber.agents.crews.brief import Role, Step

Guardrail = Callable[[TaskOutput], tuple[bool, Any]]


class _NoTaskLog:
    """Stands where CrewAI keeps prompts and answers in a SQLite file under the home folder."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        return None

    def reset(self) -> None:
        return None

    def load(self) -> list[dict[str, Any]]:
        return []


class _QuietCrew(Crew):
    model_config: ClassVar[Any] = Crew.model_config
    _task_output_handler: Any = PrivateAttr(default_factory=_NoTaskLog)


def assemble(name: str, steps: Sequence[Step], session: ModelSession, guardrail: Guardrail) -> Crew:
    """Return a crew that runs `steps` in order; `guardrail` judges the last one's answer."""
    model = CrewLanguageModel.over(session)
    agents = {step.role.name: _agent(step.role, model) for step in steps}
    tasks = [
        Task(
            description=step.task,
            expected_output=step.expects,
            agent=agents[step.role.name],
            guardrail=guardrail if number == len(steps) else None,
            guardrail_max_retries=0,
        )
        for number, step in enumerate(steps, start=1)
    ]
    return _QuietCrew(
        name=name,
        agents=list(agents.values()),
        tasks=tasks,
        process=Process.sequential,
        verbose=False,
        memory=False,
        cache=False,
        planning=False,
        tracing=False,
    )


def _agent(role: Role, model: CrewLanguageModel) -> Agent:
    return Agent(
        role=role.name,
        goal=role.goal,
        backstory=role.backstory,
        llm=model,
        tools=[],
        verbose=False,
        allow_delegation=False,
        cache=False,
        max_iter=1,
        max_retry_limit=0,
        respect_context_window=False,
    )
