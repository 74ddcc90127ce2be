"""Providers that other packages bring: what their authors write.

A package announces its class in the entry point group `kuber.providers`. It fetches bars and knows
nothing else of Kuber: closes, coarser bars, splits and what may be seen when are worked out here.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import EntryPoint
from inspect import isabstract
from typing import Annotated, ClassVar

import structlog
from pydantic import BaseModel, ConfigDict, StringConstraints

from kuber.infra.plugin_child import in_words
from kuber.infra.plugin_registry import PluginRegistry
from kuber.infra.plugins import PluginKind
from kuber.market.types import Timeframe

GROUP = "kuber.providers"
"""The entry point group in which packages announce their providers."""
_KIND = PluginKind(GROUP, f"{__name__}:examine")

log = structlog.get_logger(__name__)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class ProviderMetadata(BaseModel):
    """How a provider is called; `name` tells it from all others."""

    model_config = ConfigDict(frozen=True)

    name: Slug
    title: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=400)]


@dataclass(frozen=True, slots=True)
class ProvidedBar:
    """One bar as traded. `opened_at` is aware; of a day its date in the market's time counts.

    `adjusted_close` is the close adjusted for every split until today, None where nothing is known
    of splits.
    """

    opened_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    adjusted_close: float | None = None


class Provider(ABC):
    """A source of bars. One object serves a whole process; its methods may run side by side."""

    metadata: ClassVar[ProviderMetadata]
    timeframes: ClassVar[tuple[Timeframe, ...]]
    """What it can fetch; Kuber makes the coarser ones."""

    @abstractmethod
    def serves(self, symbol: str) -> bool:
        """Return whether it is asked for a symbol, and nobody else; looks nothing up."""

    @abstractmethod
    async def fetch(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Sequence[ProvidedBar]:
        """Return the bars that open from `start` to `end`, oldest first.

        None for an unknown symbol. Whatever it raises makes the symbol unavailable, and its text is
        shown to people.
        """


class ProviderRow(BaseModel):
    """A provider of a package, in a list."""

    name: str
    title: str
    description: str
    provider: str


class ProviderRegistry(PluginRegistry[type[Provider], ProviderRow]):
    """The providers that packages bring. Broken ones are in `problems` and left out."""

    kind = _KIND
    called = "provider"

    def make_all(self) -> list[Provider]:
        """Return one object of each, in the order in which they are asked: by package and name."""
        made = []
        for one in self.installed.values():
            try:
                made.append(one.plugin())
            except Exception as error:  # noqa: BLE001 - a plug-in fails as it likes
                log.warning("provider_not_made", provider=one.name, reason=in_words(error))
        return made

    @staticmethod
    def load(entry_point: EntryPoint, provider: str) -> tuple[str, type[Provider], ProviderRow]:
        found = _checked(entry_point.load())
        meta = found.metadata
        row = ProviderRow(
            name=meta.name, title=meta.title, description=meta.description, provider=provider
        )
        return meta.name, found, row


def examine(entry_point: EntryPoint) -> None:
    """Raise when the announced provider cannot be used, whatever else is installed."""
    _, found, _ = ProviderRegistry.load(entry_point, "under examination")
    if not isinstance(found().serves("AAPL"), bool):
        raise TypeError("its serves method does not say yes or no")


def _checked(loaded: object) -> type[Provider]:
    """Return `loaded` when it is a complete provider; raises TypeError saying what is not."""
    if not (isinstance(loaded, type) and issubclass(loaded, Provider)):
        raise TypeError("it is not a subclass of Provider")
    if isabstract(loaded):
        raise TypeError("it has no serves or no fetch method")
    if not isinstance(getattr(loaded, "metadata", None), ProviderMetadata):
        raise TypeError("it has no metadata (a ProviderMetadata)")
    timeframes = getattr(loaded, "timeframes", ())
    if not timeframes or not all(isinstance(one, Timeframe) for one in timeframes):
        raise TypeError("its timeframes are not a tuple of Timeframe with at least one")
    return loaded
