"""Apache Kafka 4.3 in KRaft mode on one machine: one process is the broker and its controller."""

import asyncio
import base64
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from kuber.infra.embedded.java import fetch_jars, find_java
from kuber.infra.embedded.process import CannotStart, Command, accepts_connections
from kuber.infra.kafka import KafkaUnavailable, ensure_topics

VERSION = "4.3.0"
TITLE = f"Apache Kafka {VERSION}"
_PACKAGES = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")
_SMALL = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_QUIET = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)


@dataclass(frozen=True)
class ApacheKafkaServer:
    """One broker with its data in `folder`, listening on 127.0.0.1, that gets every topic.

    `controller_port` is for the broker's talk with itself.
    """

    folder: Path
    port: int
    controller_port: int

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Fetch Kafka when it is not here, write its configuration, format new storage.

        Raises CannotStart when Java or Kafka cannot be had.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(self._settings())
        if (self._data / "meta.properties").exists():
            return
        formatted = subprocess.run(
            (
                *(*self._java, "kafka.tools.StorageTool", "format"),
                *("--cluster-id", _cluster_id(), "--config", str(self._config)),
            ),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if formatted.returncode:
            said = (formatted.stdout + formatted.stderr)[-1000:]
            raise CannotStart(f"{TITLE} could not format its storage:\n{said}")

    def command(self) -> Command:
        """Return the command that runs the broker in the foreground. Raises CannotStart."""
        return Command(
            argv=(*self._java, *_QUIET, "kafka.Kafka", str(self._config)),
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LANG": "C"},
        )

    def is_ready(self) -> bool:
        """Say whether the broker answers and has every topic; creates those it lacks."""
        if not accepts_connections(self.port):
            return False
        try:
            asyncio.run(ensure_topics(self.bootstrap))
        except KafkaUnavailable:
            return False
        return True

    @cached_property
    def _java(self) -> tuple[str, ...]:
        jars = fetch()
        return (str(find_java(TITLE)), *_SMALL, "-cp", f"{jars}/*")

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _settings(self) -> str:
        """Return the configuration: everything once, as befits a single broker."""
        values = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://{self.bootstrap},"
            f"CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self._data),
            "log.index.size.max.bytes": str(1024 * 1024),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "3",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "3",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "3",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
        }
        return "".join(f"{name}={value}\n" for name, value in values.items())


def fetch() -> Path:
    """Return the folder of Kafka's packages, fetched when they are not here, with a Java to run
    them made sure of. Raises CannotStart."""
    find_java(TITLE)
    return fetch_jars(TITLE, f"kafka-{VERSION}", _PACKAGES)


def _cluster_id() -> str:
    """Return a new id as Kafka writes it; one that began with a dash would pass for an option."""
    while (text := base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
