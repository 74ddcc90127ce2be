"""Computing an indicator on bars: its settings and its answer are checked, its faults are named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from pydantic import JsonValue, ValidationError

from kuber.infra.plugin_child import in_words
from kuber.kernel.setting_problems import setting_problem
from kuber.market.chart_indicators.errors import IndicatorFailed, IndicatorRefused
from kuber.market.chart_indicators.indicator import (
    MAX_WARM_UP,
    Indicator,
    IndicatorClass,
    IndicatorSettings,
)
from kuber.market.types import Bars, FloatArray

_T = TypeVar("_T")
_MOST_PROBLEMS = 20
_NUMBERS = "fiu"
"""The kinds of arrays that hold real numbers."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Settings of an indicator, complete, as JSON; and how many bars they need before the first."""

    settings: Mapping[str, JsonValue]
    warm_up: int


def choose(kind: IndicatorClass, given: Mapping[str, JsonValue]) -> Chosen:
    """Return the settings with what was left out.

    Raises IndicatorRefused naming each wrong one, IndicatorFailed.
    """
    settings = settings_of(kind, given)
    title = kind.metadata.title

    def read() -> Chosen:
        bars = kind().warm_up(settings)
        if not (isinstance(bars, int) and 0 <= bars <= MAX_WARM_UP):
            raise ValueError(f"its warm_up is {bars!r}, not a number from 0 to {MAX_WARM_UP}")
        return Chosen(settings.model_dump(mode="json"), bars)

    return _guarded(title, read)


def settings_of(kind: IndicatorClass, given: Mapping[str, JsonValue]) -> IndicatorSettings:
    """Return checked settings. Raises IndicatorRefused naming each wrong one, IndicatorFailed."""
    title = kind.metadata.title

    def read() -> IndicatorSettings | ValidationError:
        try:
            return kind.Settings.model_validate(dict(given))
        except ValidationError as error:
            return error

    found = _guarded(title, read)
    if isinstance(found, ValidationError):
        problems = [
            setting_problem(kind.Settings, item, "indicator")
            for item in found.errors(include_url=False, include_input=False)[:_MOST_PROBLEMS]
        ]
        raise IndicatorRefused(f"The settings of {title} are not right.", problems)
    return found


def lines_of(
    indicator: Indicator[Any], bars: Bars, settings: IndicatorSettings
) -> dict[str, FloatArray]:
    """Return each line by its name, shape (n,), NaN where there is no answer.

    Raises IndicatorFailed for whatever the indicator's code does that it may not.
    """
    names = tuple(indicator.metadata.lines)
    if not len(bars):
        return {name: np.empty(0) for name in names}
    return _guarded(
        indicator.metadata.title,
        lambda: _checked(indicator.compute(_read_only(bars), settings), names, len(bars)),
    )


def _guarded(title: str, work: Callable[[], _T]) -> _T:
    """Return what `work` returns; whatever it raises is a failure of the indicator `title`."""
    try:
        return work()
    except MemoryError:  # the process is ended: it may be in any state
        raise
    except _Fault as fault:
        raise IndicatorFailed(f"{title} failed: {fault}.") from fault
    except BaseException as error:
        raise IndicatorFailed(f"{title} failed: {in_words(error)}.") from error


class _Fault(Exception):
    """What is wrong with an answer, in words."""


def _checked(found: object, names: tuple[str, ...], count: int) -> dict[str, FloatArray]:
    if not isinstance(found, Mapping):
        raise _Fault(f"it returned a {type(found).__name__}, not its lines by name")
    if set(found) != set(names):
        got = ", ".join(sorted(map(str, found))) or "none"
        raise _Fault(f"it returned the lines {got}, not {', '.join(names)}")
    return {name: _line(name, found[name], count) for name in names}


def _line(name: str, values: object, count: int) -> FloatArray:
    array = np.asarray(values)
    if array.shape != (count,):
        raise _Fault(
            f"its line {name} has the shape {array.shape}, not ({count},) for {count} bars"
        )
    if array.dtype.kind not in _NUMBERS:
        raise _Fault(f"its line {name} holds {array.dtype}, not numbers")
    line: FloatArray = array.astype(np.float64)
    if np.isinf(line).any():
        bar = int(np.flatnonzero(np.isinf(line))[0])
        raise _Fault(f"its line {name} is infinite at bar {bar}; NaN says that there is no answer")
    return line


def _read_only(bars: Bars) -> Bars:
    """Return the same bars in views that nobody can write to."""
    views = bars.window(0, len(bars))
    for field in fields(views):
        value = getattr(views, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return views
