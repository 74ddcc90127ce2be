"""A check for authors of agents: does an agent do what it says of its effects?

    await check_effects(harness, MyAgent, {"period": 20}, harness.state("ACME"))

raises UndeclaredEffect that names what was done and what to declare. An agent that declares
nothing passes: it is taken for one that may do anything, and is never repeated.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from kuber.agents.base import AgentConfig, BaseAgent
from kuber.agents.effects import UNDECLARED, Reads, Repeat
from kuber.agents.state import PipelineState
from kuber.agents.testing import AgentHarness

_OUTSIDE = frozenset(
    {
        "os.exec",
        "os.posix_spawn",
        "os.system",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
        "subprocess.Popen",
    }
)
"""Audit events of Python (PEP 578) by which a program leaves its process."""

_seen: ContextVar[list[str] | None] = ContextVar("outside_events", default=None)


class UndeclaredEffect(AssertionError):
    """An agent did what its metadata does not say."""


async def check_effects(
    harness: AgentHarness,
    agent: type[BaseAgent[Any]],
    config: AgentConfig | Mapping[str, Any],
    state: PipelineState,
) -> None:
    """Run an agent on `state` and raise UndeclaredEffect for what it does unsaid.

    One that reads nothing outside may not leave the process. One that only computes is run again
    at another time of day and must say the same, to the byte.
    Raises what the agent raises, too.
    """
    declared = agent.metadata.effects or UNDECLARED
    name = agent.metadata.agent_type
    with _outside_watched(refuse=Reads.OUTSIDE not in declared.reads) as seen:
        try:
            first = await harness.run(agent, config, state)
        except UndeclaredEffect:
            first = None  # told below, as when the agent kept the refusal to itself
    if seen and Reads.OUTSIDE not in declared.reads:
        raise UndeclaredEffect(
            f"{name} leaves its process ({seen[0]}), which its effects do not say: declare"
            " recorded(Reads.OUTSIDE) when it only reads, keyed(...) when it acts under a key,"
            " or leave `effects` out."
        )
    if first is None or declared.repeat is not Repeat.PURE:
        return
    later = replace(harness, clock_ahead=timedelta(hours=7))
    again = await later.run(agent, config, state)
    if first.state.model_dump_json() != again.state.model_dump_json() or first.ports != again.ports:
        raise UndeclaredEffect(
            f"{name} says that it only computes, and gave two answers to one question: draw random"
            " numbers from the context's seed, and read no clock, or declare recorded(...)."
        )


@contextmanager
def _outside_watched(*, refuse: bool) -> Iterator[list[str]]:
    """Collect the events by which code in this context leaves the process, and refuse them."""
    _install_hook()
    seen: list[str] = []
    token = _seen.set(seen if refuse else None)
    try:
        yield seen
    finally:
        _seen.reset(token)


@cache
def _install_hook() -> None:
    # A hook cannot be taken out again; without a list in its context it does nothing.
    sys.addaudithook(_on_event)


def _on_event(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _OUTSIDE:
        return
    seen = _seen.get()
    if seen is not None:
        seen.append(event)
        raise UndeclaredEffect(f"{event} is refused here")
