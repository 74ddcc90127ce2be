"""Trying a generator out on bars: what it would have sent. Heavy; work for a child or a thread."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kuber.infra.plugins import Verdicts
from kuber.market.types import Bars
from kuber.signals.generators.base import Emission, SignalGenerator, bars_of
from kuber.signals.generators.errors import DetectorFailed
from kuber.signals.generators.feed import Watched
from kuber.signals.generators.registry import GeneratorRegistry


@dataclass(frozen=True, slots=True)
class Trial:
    """The newest of what was found, oldest first, or why the generator's own code failed."""

    found: tuple[Emission, ...] = ()
    failure: str | None = None


def look_back(generator: SignalGenerator[Any], bars: Bars) -> list[Emission]:
    """Return everything that a fresh detector finds on `bars`; raises DetectorFailed."""
    watched = Watched(generator, bars.symbol)
    return [found for bar in bars_of(bars) if (found := watched.on_bar(bar)) is not None]


def try_out(generator: SignalGenerator[Any], bars: Bars, most: int) -> Trial:
    """Return the `most` newest signals that the generator would have sent on `bars`."""
    try:
        return Trial(tuple(look_back(generator, bars)[-most:]))
    except DetectorFailed as error:
        return Trial(failure=f"The generator failed on {error}")


def try_out_kind(
    kind: str, config: Mapping[str, JsonValue], bars: Bars, most: int, verdicts: Path | None
) -> Trial:
    """As `try_out`, in a process of its own: an installed generator is made there anew.

    `verdicts` is the folder of what is known of plug-ins.
    """
    return try_out(_installed(verdicts).make(kind, config), bars, most)


def warm_up_of_kind(kind: str, config: Mapping[str, JsonValue], verdicts: Path | None) -> int:
    """Return the warm-up of an installed generator, in a process of its own.

    Raises UnknownGenerator, GeneratorUnavailable, GeneratorError.
    """
    return _installed(verdicts).make(kind, config).warm_up


@cache
def _installed(verdicts: Path | None) -> GeneratorRegistry:
    return GeneratorRegistry.discover(Verdicts(verdicts))
