"""Finds the installed indicators, built in and from plug-ins, by entry point."""

from importlib.metadata import EntryPoint
from inspect import isabstract

from kuber.infra.plugin_registry import Installed, PluginRegistry
from kuber.infra.plugins import BUILT_IN, PluginKind
from kuber.kernel.errors import Problem
from kuber.market.chart_indicators.computing import choose
from kuber.market.chart_indicators.contract import check_indicator, check_range_ends
from kuber.market.chart_indicators.errors import IndicatorRefused, UnknownIndicator
from kuber.market.chart_indicators.indicator import (
    Indicator,
    IndicatorClass,
    IndicatorMetadata,
    IndicatorSettings,
)
from kuber.market.chart_indicators.schemas import IndicatorKindOut

GROUP = "kuber.indicators"
"""The entry point group in which packages announce their indicators."""
_KIND = PluginKind(GROUP, f"{__name__}:examine")


class IndicatorRegistry(PluginRegistry[IndicatorClass, IndicatorKindOut]):
    """The indicators of this installation. Broken ones are in `problems` and left out."""

    kind = _KIND
    called = "indicator"

    def find(self, name: str) -> Installed[IndicatorClass, IndicatorKindOut]:
        """Return an installed indicator; raises UnknownIndicator."""
        if name not in self.installed:
            known = ", ".join(self.installed) or "none"
            raise UnknownIndicator(
                f"No indicator {name!r} is installed. Installed are: {known}.",
                [Problem("Unknown indicator.", f"Use one of: {known}.", field="name")],
            )
        return self.installed[name]

    def is_built_in(self, name: str) -> bool:
        """Return whether Kuber brings the indicator itself; raises UnknownIndicator."""
        return self.find(name).provider == BUILT_IN

    def catalogue(self) -> tuple[IndicatorKindOut, ...]:
        """Return what `GET /api/v1/market/indicator-kinds` shows, the built-in ones first."""
        return tuple(one.row for one in self.installed.values())

    @staticmethod
    def load(
        entry_point: EntryPoint, provider: str
    ) -> tuple[str, IndicatorClass, IndicatorKindOut]:
        found = _checked(entry_point.load())
        row = IndicatorKindOut.of(found, _presets(found), provider)
        return row.name, found, row


def examine(entry_point: EntryPoint) -> None:
    """Raise when the announced indicator cannot be used, whatever else is installed.

    It is computed with its default settings, every preset, and the ends of its settings' ranges.
    """
    _, found, row = IndicatorRegistry.load(entry_point, "under examination")
    check_indicator(found)
    for preset in row.presets:
        check_indicator(found, preset)
    check_range_ends(found)


def _checked(loaded: object) -> IndicatorClass:
    """Return `loaded` when it is a complete indicator; raises TypeError saying what is not."""
    if not (isinstance(loaded, type) and issubclass(loaded, Indicator)):
        raise TypeError("it is not a subclass of Indicator")
    if isabstract(loaded):
        raise TypeError("it has no compute method")
    if not isinstance(getattr(loaded, "metadata", None), IndicatorMetadata):
        raise TypeError("it has no metadata (an IndicatorMetadata)")
    if not (isinstance(loaded.Settings, type) and issubclass(loaded.Settings, IndicatorSettings)):
        raise TypeError("its Settings are not a subclass of IndicatorSettings")
    missing = [name for name, one in loaded.Settings.model_fields.items() if one.is_required()]
    if missing:
        raise TypeError(f"its settings have no default: {', '.join(missing)}")
    return loaded


def _presets(found: IndicatorClass) -> list[dict[str, object]]:
    """Return what the menu offers, each complete; raises TypeError for one that cannot be."""
    try:
        return [dict(choose(found, one).settings) for one in found.metadata.presets or ({},)]
    except IndicatorRefused as error:
        said = "; ".join(problem.message for problem in error.problems)
        raise TypeError(f"it does not take its own presets: {said}") from error
