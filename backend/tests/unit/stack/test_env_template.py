"""The template of the environment names every setting, and no other."""

import re
from pathlib import Path

from kuber.config import Settings, StackSettings

TEMPLATE = Path(__file__).parents[4] / "docs" / "env.template"
COMPOSE_ONLY = {"KUBER_POSTGRES_PASSWORD", "KUBER_REDIS_PASSWORD"}


def test_the_template_names_every_setting_once() -> None:
    named = re.findall(r"^#(KUBER_[A-Z_]+)=", TEMPLATE.read_text(), re.MULTILINE)
    fields = {*Settings.model_fields, *StackSettings.model_fields}
    assert sorted(named) == sorted({f"KUBER_{name.upper()}" for name in fields} | COMPOSE_ONLY)


def test_the_template_shows_the_defaults() -> None:
    shown = dict(re.findall(r"^#(KUBER_[A-Z_]+)=(.+)$", TEMPLATE.read_text(), re.MULTILINE))
    for name, field in Settings.model_fields.items():
        if not field.is_required() and field.default not in (None, ""):
            default = str(field.default)
            expected = default.lower() if isinstance(field.default, bool) else default
            assert shown[f"KUBER_{name.upper()}"] == expected, name
