"""Finds the installed agents, built in and from plug-ins, by entry point."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, SettingFault
from kuber.agents.effects import UNDECLARED, Effects
from kuber.agents.errors import UnknownAgent
from kuber.agents.schemas import AgentOut, agent_out
from kuber.agents.state import SECTIONS
from kuber.infra.plugins import BUILT_IN, PluginKind, PluginProblem, Verdicts, load_plugins
from kuber.kernel.errors import Problem

GROUP = "kuber.agents"
"""The entry point group in which packages announce their agents."""
_KIND = PluginKind(GROUP, f"{__name__}:examine")

AgentClass = type[BaseAgent[Any]]

_BOUNDS = {
    "greater_than_equal": "of at least",
    "less_than_equal": "of at most",
    "greater_than": "above",
    "less_than": "below",
}


@dataclass(frozen=True, slots=True)
class _Installed:
    agent: AgentClass
    row: AgentOut


@dataclass(frozen=True, slots=True)
class ExaminedConfig:
    """Settings as their agent reads them, None when something is wrong with them."""

    config: AgentConfig | None
    problems: list[Problem]
    count: int


class AgentRegistry:
    """The agents of this installation. Broken ones are reported in `problems` and left out."""

    def __init__(
        self,
        announced: Iterable[EntryPoint],
        verdicts: Verdicts | None = None,
        trusted: Collection[str] = (),
    ) -> None:
        self._trusted = frozenset({BUILT_IN, *trusted})
        self._installed: dict[str, _Installed] = {}
        verdicts = verdicts or Verdicts()
        self.verdicts_folder = verdicts.folder
        """Where other processes find what is known of the plug-ins; None when nowhere."""
        self.problems: tuple[PluginProblem, ...] = load_plugins(
            _KIND, announced, verdicts, self._install
        )

    @classmethod
    def discover(
        cls, verdicts: Verdicts | None = None, trusted: Collection[str] = ()
    ) -> "AgentRegistry":
        """Return the registry of everything installed in this Python environment.

        `trusted` names the packages whose agents are believed what they say of their effects.
        """
        return cls(entry_points(group=GROUP), verdicts, trusted)

    def get(self, agent_type: str) -> AgentClass:
        """Return the agent's class; raises UnknownAgent."""
        return self._find(agent_type).agent

    def effects(self, agent_type: str) -> Effects:
        """Return what the engine goes by for an agent without a model; raises UnknownAgent.

        A plug-in that nobody has vouched for may do anything, whatever it declares.
        """
        installed = self._find(agent_type)
        if installed.row.provider not in self._trusted:
            return UNDECLARED
        return installed.agent.metadata.effects or UNDECLARED

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

    def examine_config(
        self, agent_type: str, config: Mapping[str, Any], *, most: int | None
    ) -> ExaminedConfig:
        """Return a node's settings, or what is wrong with them: `most` problems and their count.

        Raises UnknownAgent.
        """
        agent = self.get(agent_type)
        try:
            return ExaminedConfig(agent.Config.model_validate(dict(config)), [], 0)
        except ValidationError as error:
            # Without the limit, a megabyte of wrong settings would be put into as many sentences.
            found = error.errors(include_url=False, include_input=False) if most != 0 else []
            problems = [_problem(agent, item) for item in found[:most]]
            return ExaminedConfig(None, problems, error.error_count())

    @cached_property
    def fingerprint(self) -> str:
        """What tells this set of agents from another: types, versions, forms, sections, ports."""
        rows = sorted(
            (row.agent.metadata.agent_type, row.row.model_dump_json())
            for row in self._installed.values()
        )
        return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]

    def _find(self, agent_type: str) -> _Installed:
        if agent_type not in self._installed:
            raise UnknownAgent(
                f"No agent of type {agent_type!r} is installed."
                f" Installed are: {', '.join(self._installed) or 'none'}."
            )
        return self._installed[agent_type]

    def _install(self, entry_point: EntryPoint, provider: str) -> None:
        installed = _load(entry_point, provider)
        agent_type = installed.row.agent_type
        if agent_type in self._installed:
            owner = self._installed[agent_type].row.provider
            raise TypeError(f"the agent type {agent_type!r} is already taken by {owner}")
        self._installed[agent_type] = installed


def examine(entry_point: EntryPoint) -> None:
    """Raise when the announced agent cannot be used, whatever else is installed."""
    _load(entry_point, "under examination")


def _load(entry_point: EntryPoint, provider: str) -> _Installed:
    agent = _checked(entry_point.load())
    return _Installed(agent, agent_out(agent, agent.config_schema(), provider))


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
    if not isinstance(metadata.effects, Effects | None):
        raise TypeError("its effects are not made by pure(), recorded() or keyed()")
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
