"""The containers are given every setting that the image does not fix."""

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from kuber.bootstrap.services import SERVICES
from kuber.commands.stack import OTHER_SERVICES, OUTSIDE
from kuber.config import Settings

ROOT = Path(__file__).parents[4]
NOT_FOR_CONTAINERS = {
    "api_socket": "the supervisor of the embedded stack asks there",
    "demo_password": "the demo account is for a server that only its own machine reaches",
}


def given() -> dict[str, str]:
    """Return what the compose file gives to every process of Kuber."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    found: dict[str, str] = compose["x-kuber"]["environment"]
    return found


def test_containers_get_every_setting() -> None:
    fixed = set(re.findall(r"\bKUBER_[A-Z_]+(?==)", (ROOT / "Dockerfile").read_text()))
    wanted = {f"KUBER_{name.upper()}" for name in Settings.model_fields.keys() - NOT_FOR_CONTAINERS}
    assert wanted - fixed == given().keys()
    assert not given().keys() & fixed, "the image has decided on these"


def test_every_process_of_kuber_gets_them() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = {name: one for name, one in services.items() if one["image"].startswith("kuber:")}
    assert {"api", "worker", "relay", "dispatcher"} <= ours.keys()
    assert {name for name, one in ours.items() if one["environment"] != given()} == set()


def test_every_service_runs_in_the_containers_and_under_up() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    commands = [one.get("command", [])[:] for one in services.values()]
    run = [name for command in commands if command[:1] == ["services"] for name in command[1:]]
    assert sorted(run) == sorted(SERVICES)
    assert sorted((*OTHER_SERVICES, *OUTSIDE, "dispatcher", "orders")) == sorted(SERVICES)


def test_what_has_to_be_asked_for_is_not_started_by_itself() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    asked_for = {
        name: one.get("command", [])[1:] for name, one in services.items() if "profiles" in one
    }
    assert asked_for == {"intents": list(OUTSIDE)}


def test_the_image_brings_the_trading_hours_to_where_processes_read_them() -> None:
    image = (ROOT / "Dockerfile").read_text()
    last = image[image.rindex("FROM ") :]
    assert "KUBER_HOME=/var/lib/kuber" in last
    assert last.index("USER kuber") < last.index("RUN python -m kuber.cli calendars")


def test_the_api_reads_checkpoints_and_only_the_linker_the_key() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = {name: one.get("volumes", []) for name, one in services.items()}
    folder, keys = (given()[f"KUBER_AUDIT_{one}"].split(":-")[1][:-1] for one in ("DIR", "KEY_DIR"))
    assert f"audit:{folder}:ro" in mounted["api"]
    assert f"audit:{folder}" in mounted["audit"]
    assert [name for name, one in mounted.items() if f"audit-key:{keys}" in one] == ["audit"]
    assert not [
        name for name, one in mounted.items() if "audit-key" in str(one) and name != "audit"
    ]
    assert not Path(keys).is_relative_to(folder)


def test_what_nobody_has_set_keeps_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given().items():
        if value.endswith(":-}"):
            monkeypatch.setenv(name, "")
    monkeypatch.setenv("KUBER_DATABASE_URL", "postgresql://kuber:x@postgres:5432/kuber")
    monkeypatch.setenv("KUBER_REDIS_URL", "redis://:x@redis:6379/0")
    monkeypatch.setenv("KUBER_KAFKA_BOOTSTRAP", "kafka:9092")
    monkeypatch.setenv("KUBER_JWT_SECRET", "x" * 32)
    settings = Settings()
    for name, field in Settings.model_fields.items():
        if not field.is_required():
            assert getattr(settings, name) == field.default, name
