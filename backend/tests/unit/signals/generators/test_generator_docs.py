"""The reference names every kind and every function as they are."""

import re
from pathlib import Path

import pytest

from kuber.signals.generators.base import Detector, SignalGenerator
from kuber.signals.generators.expressions.functions import FUNCTIONS
from tests.fakes.generator_bars import REGISTRY, bars_at

DOCS = Path(__file__).parents[5] / "docs"
REFERENCE = (DOCS / "reference" / "generators.md").read_text()
HOW_TO = (DOCS / "how-to" / "add-a-signal-generator.md").read_text()


def test_every_kind_stands_in_the_reference_with_its_type_and_settings() -> None:
    for row in REGISTRY.catalogue():
        line = next(line for line in REFERENCE.splitlines() if line.startswith(f"| `{row.kind}`"))
        assert f"`{row.signal_type}`" in line
        for name in row.config_schema.get("properties", {}):
            assert row.unavailable or f"`{name}`" in line or f"`{name} " in line, name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_stands_in_the_reference_as_it_is_written(name: str) -> None:
    assert f"`{FUNCTIONS[name].usage}`" in REFERENCE


def test_the_class_of_the_how_to_works() -> None:
    code = next(text for text in re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL))
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - our own documentation
    config, generator = names["GapUpConfig"], names["GapUp"]
    assert isinstance(generator, type)
    assert issubclass(generator, SignalGenerator)
    assert isinstance(config, type)
    detector = generator(config()).detector("AAPL")
    assert isinstance(detector, Detector)
    found = [detector.on_bar(bar) for bar in bars_at([100, 101, 106, 106])]
    assert [one is not None for one in found] == [False, False, True, False]
