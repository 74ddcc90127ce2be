"""Finds the installed signal generators, built in and from plug-ins, by entry point."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint
from inspect import isabstract
from typing import Any

import structlog
from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from kuber.infra.plugin_registry import PluginRegistry
from kuber.infra.plugins import PluginKind, Verdicts
from kuber.kernel.errors import Problem
from kuber.kernel.setting_problems import setting_problem
from kuber.signals.catalog import signal_types
from kuber.signals.generators.base import (
    MAX_WARM_UP,
    GeneratorClass,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)
from kuber.signals.generators.errors import GeneratorError, GeneratorUnavailable, UnknownGenerator
from kuber.signals.generators.expressions.grammar import BadExpression
from kuber.signals.generators.schemas import GeneratorKindOut

GROUP = "kuber.generators"
"""The entry point group in which packages announce their generators."""
_KIND = PluginKind(GROUP, f"{__name__}:examine")

log = structlog.get_logger(__name__)


class GeneratorRegistry(PluginRegistry[GeneratorClass, GeneratorKindOut]):
    """The generators of this installation. Broken ones are in `problems` and left out."""

    kind = _KIND
    called = "kind"

    def __init__(self, announced: Iterable[EntryPoint], verdicts: Verdicts | None = None) -> None:
        super().__init__(announced, verdicts)
        for one in self.installed.values():
            if one.row.unavailable is not None:
                log.info("generator_unavailable", generator=one.name, reason=one.row.unavailable)

    def get(self, kind: str) -> GeneratorClass:
        """Return the generator's class; raises UnknownGenerator."""
        if kind not in self.installed:
            known = ", ".join(self.installed) or "none"
            raise UnknownGenerator(
                f"No generator of kind {kind!r} is installed. Installed are: {known}.",
                [Problem("Unknown kind.", f"Use one of: {known}.", field="kind")],
            )
        return self.installed[kind].plugin

    def signal_type_of(self, kind: str) -> str:
        """Return what a generator of this kind sends; empty when the kind is not installed."""
        return self.get(kind).metadata.signal_type if kind in self.installed else ""

    def catalogue(self) -> tuple[GeneratorKindOut, ...]:
        """Return what `GET /api/v1/generator-kinds` shows, by kind."""
        return tuple(self.installed[kind].row for kind in sorted(self.installed))

    @cached_property
    def fingerprint(self) -> str:
        """What tells this set of generators from another: kinds, forms, packages, versions."""
        return self.fingerprint_of(versions=True)

    def make(self, kind: str, config: Mapping[str, JsonValue]) -> SignalGenerator[Any]:
        """Return a generator with checked settings.

        Raises UnknownGenerator, GeneratorUnavailable, GeneratorError naming each wrong field.
        """
        generator = self.get(kind)
        if generator.unavailable is not None:
            raise GeneratorUnavailable(
                f"{generator.metadata.name}: {generator.unavailable}",
                [Problem(generator.unavailable, "Choose another kind.", field="kind")],
            )
        checked = _settings(generator, config)
        if isinstance(checked, list):
            raise GeneratorError("The settings of the generator are not right.", checked)
        try:
            made = generator(checked)
            bars = made.warm_up
        except (Exception, SystemExit) as error:
            raise _fault(generator, f"{type(error).__name__}: {error}") from error
        if not (isinstance(bars, int) and 0 <= bars <= MAX_WARM_UP):
            raise _fault(generator, f"warm_up is {bars!r}, not a number from 0 to {MAX_WARM_UP}")
        return made

    @staticmethod
    def load(
        entry_point: EntryPoint, provider: str
    ) -> tuple[str, GeneratorClass, GeneratorKindOut]:
        generator = _checked(entry_point.load())
        meta = generator.metadata
        row = GeneratorKindOut(
            kind=meta.kind,
            name=meta.name,
            description=meta.description,
            signal_type=meta.signal_type,
            config_schema=generator.config_schema(),
            provider=provider,
            unavailable=generator.unavailable,
        )
        return meta.kind, generator, row


def examine(entry_point: EntryPoint) -> None:
    """Raise when the announced generator cannot be used, whatever else is installed."""
    GeneratorRegistry.load(entry_point, "under examination")


def _settings(
    generator: GeneratorClass, config: Mapping[str, JsonValue]
) -> GeneratorConfig | list[Problem]:
    """Return the checked settings, or what is wrong with them: they are looked at once."""
    try:
        return generator.Config.model_validate(dict(config))
    except ValidationError as error:
        return [
            problem
            for item in error.errors(include_url=False)
            for problem in _problems(generator.Config, item)
        ]
    except (Exception, SystemExit) as error:
        raise _fault(generator, f"{type(error).__name__}: {error}") from error


def _fault(generator: GeneratorClass, reason: str) -> GeneratorError:
    """Return the error of a plug-in whose own code cannot take the settings."""
    problem = Problem(
        f"{generator.metadata.name} failed: {reason}",
        "Choose other settings, or tell the makers of this generator.",
        code="bad_config",
    )
    return GeneratorError("The generator cannot be made.", [problem])


def _checked(loaded: object) -> GeneratorClass:
    """Return `loaded` when it is a complete generator; raises TypeError saying what is not."""
    if not (isinstance(loaded, type) and issubclass(loaded, SignalGenerator)):
        raise TypeError("it is not a subclass of SignalGenerator")
    if isabstract(loaded):
        raise TypeError("it has no warm_up or no detector method")
    metadata = getattr(loaded, "metadata", None)
    if not isinstance(metadata, GeneratorMetadata):
        raise TypeError("it has no metadata (a GeneratorMetadata)")
    if metadata.signal_type not in signal_types():
        raise TypeError(
            f"nobody can subscribe to its signal type {metadata.signal_type!r}, take one of:"
            f" {', '.join(sorted(signal_types()))}"
        )
    if not (isinstance(loaded.Config, type) and issubclass(loaded.Config, GeneratorConfig)):
        raise TypeError("its Config is not a subclass of GeneratorConfig")
    return loaded


def _problems(config: type[GeneratorConfig], item: ErrorDetails) -> Iterator[Problem]:
    fault = item.get("ctx", {}).get("error")
    if isinstance(fault, BadExpression):
        for one in fault.problems:
            message = f"Column {one.column}: {one.message}."
            yield Problem(message, one.remedy, field="expression", code="bad_config")
        return
    yield setting_problem(config, item, "generator")
