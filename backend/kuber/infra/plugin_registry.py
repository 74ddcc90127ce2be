"""The registry that every kind of plug-in has: what is installed, by name."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel

from kuber.infra.plugins import PluginKind, PluginProblem, Verdicts, load_plugins

Loaded = TypeVar("Loaded")
Row = TypeVar("Row", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Installed(Generic[Loaded, Row]):
    """One plug-in: what its entry point names, and how the API shows it."""

    name: str
    plugin: Loaded
    row: Row
    provider: str
    version: str
    """Of the package that brings it; empty when no package does."""


class PluginRegistry(ABC, Generic[Loaded, Row]):
    """The usable plug-ins of one kind, the built-in ones first.

    Each is examined in a child process before it is imported. Broken ones are reported in
    `problems` and left out.
    """

    kind: ClassVar[PluginKind]
    called: ClassVar[str]
    """What its name is called in messages: `agent type`, `kind`."""

    def __init__(self, announced: Iterable[EntryPoint], verdicts: Verdicts | None = None) -> None:
        self.installed: dict[str, Installed[Loaded, Row]] = {}
        verdicts = verdicts or Verdicts()
        self.verdicts_folder = verdicts.folder
        """Where other processes find what is known of the plug-ins; None when nowhere."""
        self.problems: tuple[PluginProblem, ...] = load_plugins(
            self.kind, announced, verdicts, self._install
        )

    @classmethod
    def discover(cls, verdicts: Verdicts | None = None) -> Self:
        """Return the registry of everything installed in this Python environment."""
        return cls(entry_points(group=cls.kind.group), verdicts)

    @staticmethod
    @abstractmethod
    def load(entry_point: EntryPoint, provider: str) -> tuple[str, Loaded, Row]:
        """Return name, plug-in and row; raises TypeError saying what is not complete."""

    def fingerprint_of(self, *, versions: bool) -> str:
        """Return what tells this set of plug-ins from another: rows, and packages' versions."""
        rows = sorted(
            (one.name, one.row.model_dump_json(), one.version if versions else "")
            for one in self.installed.values()
        )
        return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]

    def _install(self, entry_point: EntryPoint, provider: str) -> None:
        name, plugin, row = self.load(entry_point, provider)
        if name in self.installed:
            owner = self.installed[name].provider
            raise TypeError(f"the {self.called} {name!r} is already taken by {owner}")
        version = entry_point.dist.version if entry_point.dist else ""
        self.installed[name] = Installed(name, plugin, row, provider, version)
