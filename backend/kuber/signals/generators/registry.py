"""Finds the installed signal generators, built in and from plug-ins, by entry point."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any

import structlog
from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from kuber.agents.base import SettingFault
from kuber.infra.plugins import PluginKind, PluginProblem, Verdicts, load_plugins
from kuber.kernel.errors import Problem
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

_BOUNDS = {
    "greater_than_equal": ("of at least", "ge"),
    "less_than_equal": ("of at most", "le"),
    "greater_than": ("above", "gt"),
    "less_than": ("below", "lt"),
}

log = structlog.get_logger(__name__)


class GeneratorRegistry:
    """The generators of this installation. Broken ones are in `problems` and left out."""

    def __init__(self, announced: Iterable[EntryPoint], verdicts: Verdicts | None = None) -> None:
        self._rows: dict[str, GeneratorKindOut] = {}
        self._classes: dict[str, GeneratorClass] = {}
        self._versions: dict[str, str] = {}
        verdicts = verdicts or Verdicts()
        self.verdicts_folder = verdicts.folder
        """Where other processes find what is known of the plug-ins; None when nowhere."""
        self.problems: tuple[PluginProblem, ...] = load_plugins(
            _KIND, announced, verdicts, self._install
        )

    @classmethod
    def discover(cls, verdicts: Verdicts | None = None) -> "GeneratorRegistry":
        """Return the registry of everything installed in this Python environment."""
        return cls(entry_points(group=GROUP), verdicts)

    def get(self, kind: str) -> GeneratorClass:
        """Return the generator's class; raises UnknownGenerator."""
        if kind not in self._classes:
            known = ", ".join(self._classes) or "none"
            raise UnknownGenerator(
                f"No generator of kind {kind!r} is installed. Installed are: {known}.",
                [Problem("Unknown kind.", f"Use one of: {known}.", field="kind")],
            )
        return self._classes[kind]

    def signal_type_of(self, kind: str) -> str:
        """Return what a generator of this kind sends; empty when the kind is not installed."""
        return self._classes[kind].metadata.signal_type if kind in self._classes else ""

    def catalogue(self) -> tuple[GeneratorKindOut, ...]:
        """Return what `GET /api/v1/generator-kinds` shows, by kind."""
        return tuple(self._rows[kind] for kind in sorted(self._rows))

    @cached_property
    def fingerprint(self) -> str:
        """What tells this set of generators from another: kinds, forms, packages, versions."""
        rows = sorted(
            (kind, row.model_dump_json(), self._versions[kind]) for kind, row in self._rows.items()
        )
        return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]

    def problems_of(self, kind: str, config: Mapping[str, JsonValue]) -> list[Problem]:
        """Return what is wrong with settings, each with field and remedy.

        Fields are named as in the settings, without a prefix. Raises UnknownGenerator, and
        GeneratorError when the generator's own code fails on them.
        """
        checked = _settings(self.get(kind), config)
        return checked if isinstance(checked, list) else []

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

    def _install(self, entry_point: EntryPoint, provider: str) -> None:
        generator, row = _load(entry_point, provider)
        if row.kind in self._classes:
            owner = self._rows[row.kind].provider
            raise TypeError(f"the kind {row.kind!r} is already taken by {owner}")
        self._classes[row.kind], self._rows[row.kind] = generator, row
        self._versions[row.kind] = entry_point.dist.version if entry_point.dist else ""
        if row.unavailable is not None:
            log.info("generator_unavailable", generator=row.kind, reason=row.unavailable)


def examine(entry_point: EntryPoint) -> None:
    """Raise when the announced generator cannot be used, whatever else is installed."""
    _load(entry_point, "under examination")


def _load(entry_point: EntryPoint, provider: str) -> tuple[GeneratorClass, GeneratorKindOut]:
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
    return generator, row


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
    if isinstance(fault, SettingFault):
        yield _named(config, fault.field, fault.field, f"{fault}.", fault.remedy)
        return
    path = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    name = str(item["loc"][0]) if item["loc"] else ""
    yield _named(config, name, path, f"{message[:1].lower()}{message[1:]}.", _remedy(config, item))


def _named(
    config: type[GeneratorConfig], name: str, path: str, message: str, remedy: str
) -> Problem:
    field = config.model_fields.get(name)
    label = (field.title if field and field.title else name) or "Settings"
    return Problem(f"{label}: {message}", remedy, field=path or None, code="bad_config")


def _remedy(config: type[GeneratorConfig], item: ErrorDetails) -> str:
    context = item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return f"Remove it; this generator knows: {', '.join(config.model_fields) or 'none'}."
        case "missing":
            return "Fill it in."
        case str(kind) if kind in _BOUNDS:
            words, key = _BOUNDS[kind]
            return f"Choose a value {words} {context.get(key)}."
        case "enum" | "literal_error":
            return f"Choose one of: {context.get('expected')}."
        case _:
            return "Correct the value as the message says."
