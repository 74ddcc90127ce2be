"""Where work on graphs is done: small ones at once, large ones in a child process."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

from kuber.agents.registry import AgentRegistry
from kuber.infra.children import ChildPool
from kuber.infra.plugins import Verdicts

INLINE_BYTES, INLINE_OBJECTS = 32_000, 1_000
"""A graph of up to so many bytes and objects of JSON is worked on at once, in milliseconds."""

P = ParamSpec("P")
T = TypeVar("T")


def is_large(text: bytes) -> bool:
    """Return whether what is made of `text` would hold the event loop; braces stand for objects."""
    return len(text) > INLINE_BYTES or text.count(b"{") > INLINE_OBJECTS


class GraphWork:
    """Calls pure functions whose first argument is the registry of agents.

    A child imports the installed agents itself. Without a pool everything is done at once.
    """

    def __init__(self, registry: AgentRegistry, pool: ChildPool | None) -> None:
        self.registry = registry
        self._pool = pool

    async def run(
        self,
        text: bytes,
        owner: str,
        function: Callable[Concatenate[AgentRegistry, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return `function(registry, *args)`; `text` is the graph that it works on.

        Raises what the function raises, and the pool's errors for a large graph.
        """
        if self._pool is None or not is_large(text):
            return function(self.registry, *args, **kwargs)
        assert not kwargs, "children take arguments by position"
        in_child = _InChild(function, self.registry.verdicts_folder)
        return cast(T, await self._pool.run(in_child, *args, owner=owner))


class _InChild(Generic[T]):
    """A function that finds its registry in the process that it is unpickled in.

    The agents are imported then, which counts as starting the child, not as the task.
    """

    def __init__(self, function: Callable[..., T], verdicts: Path | None) -> None:
        self._function = function
        self._verdicts = verdicts
        self.__qualname__ = function.__qualname__

    def __call__(self, *args: object) -> T:
        return self._function(_installed_agents(self._verdicts), *args)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Callable[..., T], Path | None]]:
        return _prepared, (self._function, self._verdicts)


def _prepared(function: Callable[..., T], verdicts: Path | None) -> _InChild[T]:
    _installed_agents(verdicts)
    return _InChild(function, verdicts)


@cache
def _installed_agents(verdicts: Path | None) -> AgentRegistry:
    return AgentRegistry.discover(Verdicts(verdicts))
