"""Finds the installed agents, built in and from plug-ins, by entry point."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import EntryPoint
from inspect import isabstract
from typing import Any

from pydantic import ValidationError

from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent
from kuber.agents.effects import UNDECLARED, Effects
from kuber.agents.errors import UnknownAgent
from kuber.agents.schemas import AgentOut, agent_out
from kuber.agents.state import SECTIONS
from kuber.infra.plugin_calls import call_plugin
from kuber.infra.plugin_registry import Installed, PluginRegistry
from kuber.infra.plugins import BUILT_IN, PluginKind
from kuber.kernel.errors import Problem
from kuber.kernel.setting_problems import setting_problem

GROUP = "kuber.agents"
"""The entry point group in which packages announce their agents."""
_KIND = PluginKind(GROUP, f"{__name__}:examine")

AgentClass = type[BaseAgent[Any]]


@dataclass(frozen=True, slots=True)
class ExaminedConfig:
    """Settings as their agent reads them, None when something is wrong with them."""

    config: AgentConfig | None
    problems: list[Problem]
    count: int


class AgentRegistry(PluginRegistry[AgentClass, AgentOut]):
    """The agents of this installation. Broken ones are reported in `problems` and left out."""

    kind = _KIND
    called = "agent type"

    def get(self, agent_type: str) -> AgentClass:
        """Return the agent's class; raises UnknownAgent."""
        return self._find(agent_type).plugin

    def effects(self, agent_type: str, trusted: Collection[str] = ()) -> Effects:
        """Return what the engine goes by for an agent without a model; raises UnknownAgent.

        A plug-in whose package is not among `trusted` may do anything, whatever it declares.
        """
        installed = self._find(agent_type)
        if installed.provider not in (BUILT_IN, *trusted):
            return UNDECLARED
        return installed.plugin.metadata.effects or UNDECLARED

    def all(self) -> tuple[AgentClass, ...]:
        """Return every agent's class, in the order of the catalogue."""
        return tuple(one.plugin for one in self.installed.values())

    def knows(self, agent_type: str) -> bool:
        return agent_type in self.installed

    def catalogue(self) -> tuple[AgentOut, ...]:
        """Return what `GET /api/v1/agents` shows, system agents included."""
        return tuple(one.row for one in self.installed.values())

    def parse_config(self, agent_type: str, config: Mapping[str, Any]) -> AgentConfig:
        """Return the typed settings; raises UnknownAgent, or pydantic's ValidationError."""
        return _parsed(self.get(agent_type), config)

    def examine_config(
        self, agent_type: str, config: Mapping[str, Any], *, most: int | None
    ) -> ExaminedConfig:
        """Return a node's settings, or what is wrong with them: `most` problems and their count.

        Raises UnknownAgent.
        """
        agent = self.get(agent_type)
        try:
            return ExaminedConfig(_parsed(agent, config), [], 0)
        except ValidationError as error:
            # Without the limit, a megabyte of wrong settings would be put into as many sentences.
            found = error.errors(include_url=False, include_input=False) if most != 0 else []
            problems = [setting_problem(agent.Config, item, "agent") for item in found[:most]]
            return ExaminedConfig(None, problems, error.error_count())

    @cached_property
    def fingerprint(self) -> str:
        """What tells this set of agents from another: types, versions, forms, sections, ports."""
        return self.fingerprint_of(versions=False)

    def _find(self, agent_type: str) -> Installed[AgentClass, AgentOut]:
        if agent_type not in self.installed:
            raise UnknownAgent(
                f"No agent of type {agent_type!r} is installed."
                f" Installed are: {', '.join(self.installed) or 'none'}."
            )
        return self.installed[agent_type]

    @staticmethod
    def load(entry_point: EntryPoint, provider: str) -> tuple[str, AgentClass, AgentOut]:
        agent = _checked(entry_point.load())
        row = agent_out(agent, agent.config_schema(), provider)
        return row.agent_type, agent, row


def examine(entry_point: EntryPoint) -> None:
    """Raise when the announced agent cannot be used, whatever else is installed."""
    AgentRegistry.load(entry_point, "under examination")


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
        raise TypeError("its effects are not made by pure(), recorded(), orders() or keyed()")
    if not metadata.ports:
        raise TypeError("it has no port")
    return loaded


def _parsed(agent: AgentClass, config: Mapping[str, Any]) -> AgentConfig:
    validate: Callable[[], AgentConfig] = partial(agent.Config.model_validate, dict(config))
    return call_plugin(validate)
