"""Finds the installed agents, built in and from plug-ins, by entry point."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any

import structlog
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, SettingFault
from kuber.agents.errors import UnknownAgent
from kuber.agents.schemas import AgentOut, agent_out
from kuber.agents.state import SECTIONS
from kuber.kernel.errors import Problem

GROUP = "kuber.agents"
"""The entry point group in which packages announce their agents."""
BUILT_IN = "built-in"

AgentClass = type[BaseAgent[Any]]

_BOUNDS = {
    "greater_than_equal": "of at least",
    "less_than_equal": "of at most",
    "greater_than": "above",
    "less_than": "below",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """An announced agent that cannot be used, and why."""

    entry_point: str
    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Installed:
    agent: AgentClass
    row: AgentOut


class AgentRegistry:
    """The agents of this installation. Broken ones are reported in `problems` and left out."""

    def __init__(self, announced: Iterable[EntryPoint]) -> None:
        self._installed: dict[str, _Installed] = {}
        self._problems: list[PluginProblem] = []
        for entry_point in sorted(announced, key=_built_in_first):
            self._install(entry_point)

    @classmethod
    def discover(cls) -> "AgentRegistry":
        """Return the registry of everything installed in this Python environment."""
        return cls(entry_points(group=GROUP))

    @property
    def problems(self) -> tuple[PluginProblem, ...]:
        return tuple(self._problems)

    def get(self, agent_type: str) -> AgentClass:
        """Return the agent's class; raises UnknownAgent."""
        return self._find(agent_type).agent

    def all(self) -> tuple[AgentClass, ...]:
        """Return every agent's class, in the order of the catalogue."""
        return tuple(installed.agent for installed in self._installed.values())

    def knows(self, agent_type: str) -> bool:
        return agent_type in self._installed

    def catalogue(self) -> tuple[AgentOut, ...]:
        """Return what `GET /api/v1/agents` shows, system agents included."""
        return tuple(installed.row for installed in self._installed.values())

    def parse_config(self, agent_type: str, config: Mapping[str, Any]) -> AgentConfig:
        """Return the typed settings; raises UnknownAgent, or pydantic's ValidationError."""
        return self.get(agent_type).Config.model_validate(dict(config))

    def validate_config(self, agent_type: str, config: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with a node's settings, each with its field and a remedy.

        Raises UnknownAgent.
        """
        agent = self.get(agent_type)
        try:
            agent.Config.model_validate(dict(config))
        except ValidationError as error:
            return [_problem(agent, item) for item in error.errors(include_url=False)]
        return []

    def _find(self, agent_type: str) -> _Installed:
        if agent_type not in self._installed:
            raise UnknownAgent(
                f"No agent of type {agent_type!r} is installed."
                f" Installed are: {', '.join(self._installed) or 'none'}."
            )
        return self._installed[agent_type]

    def _install(self, entry_point: EntryPoint) -> None:
        provider = _provider(entry_point)
        try:
            agent = _checked(entry_point.load())
            row = agent_out(agent, agent.config_schema(), provider)
            agent_type = agent.metadata.agent_type
            if agent_type in self._installed:
                owner = self._installed[agent_type].row.provider
                raise TypeError(f"the agent type {agent_type!r} is already taken by {owner}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in fails as it likes
            reason = f"{type(error).__name__}: {error}"
            self._problems.append(PluginProblem(entry_point.name, provider, reason))
            log.warning(
                "agent_plugin_skipped", plugin=entry_point.name, provider=provider, reason=reason
            )
            return
        self._installed[agent_type] = _Installed(agent, row)


def _provider(entry_point: EntryPoint) -> str:
    name = entry_point.dist.name if entry_point.dist else "unknown package"
    return BUILT_IN if name == "kuber" else name


def _built_in_first(entry_point: EntryPoint) -> tuple[bool, str, str]:
    provider = _provider(entry_point)
    return (provider != BUILT_IN, provider, entry_point.name)


def _checked(loaded: object) -> AgentClass:
    """Return `loaded` when it is a complete agent class; raises TypeError saying what is not."""
    if not (isinstance(loaded, type) and issubclass(loaded, BaseAgent)):
        raise TypeError("it is not a subclass of BaseAgent")
    if isabstract(loaded):
        raise TypeError("it has no process method")
    metadata = getattr(loaded, "metadata", None)
    if not isinstance(metadata, AgentMetadata):
        raise TypeError("it has no metadata (an AgentMetadata)")
    if not (isinstance(loaded.Config, type) and issubclass(loaded.Config, AgentConfig)):
        raise TypeError("its Config is not a subclass of AgentConfig")
    unknown = {*metadata.inputs, *metadata.outputs} - set(SECTIONS)
    if unknown:
        raise TypeError(f"it names unknown state sections: {', '.join(sorted(unknown))}")
    if not metadata.ports:
        raise TypeError("it has no port")
    return loaded


def _problem(agent: AgentClass, item: ErrorDetails) -> Problem:
    fault = item.get("ctx", {}).get("error")
    if isinstance(fault, SettingFault):
        return _named(agent, fault.field, fault.field, str(fault) + ".", fault.remedy)
    name = str(item["loc"][0]) if item["loc"] else ""
    path = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    return _named(agent, name, path, f"{message[:1].lower()}{message[1:]}.", _remedy(agent, item))


def _named(agent: AgentClass, name: str, path: str, message: str, remedy: str) -> Problem:
    field = agent.Config.model_fields.get(name)
    label = (field.title if field and field.title else name) or "Settings"
    return Problem(f"{label}: {message}", remedy, field=path or None, code="bad_config")


def _remedy(agent: AgentClass, item: ErrorDetails) -> str:
    context = item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return f"Remove it; this agent knows: {', '.join(agent.Config.model_fields)}."
        case "missing":
            return "Fill it in."
        case str(kind) if kind in _BOUNDS:
            return f"Choose a value {_BOUNDS[kind]} {next(iter(context.values()), '')}."
        case "enum" | "literal_error":
            return f"Choose one of: {context.get('expected', '')}."
        case _:
            return "Correct the value as the message says."
