"""A broker that speaks Kafka's protocol, for development and tests: librdkafka's mock cluster.

Topics live in memory and are trimmed; whatever must survive lives in PostgreSQL. Run it as
`python -m kuber.infra.embedded.kafka PORT TOPIC:PARTITIONS...`.
"""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kuber.infra.embedded.process import Command, accepts_connections

PARTITIONS = 6
"""Partitions of every topic of the development broker."""

_REBALANCE_DELAY_MS = 100


@dataclass(frozen=True)
class KafkaServer:
    """One mock broker on 127.0.0.1 that has `topics` from the start."""

    port: int
    topics: tuple[str, ...]

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"127.0.0.1:{self.port}"

    def command(self, cwd: Path) -> Command:
        """Return the command that runs the broker in the foreground."""
        topics = [f"{topic}:{PARTITIONS}" for topic in self.topics]
        return Command(
            argv=(sys.executable, "-m", "kuber.infra.embedded.kafka", str(self.port), *topics),
            cwd=cwd,
            env={"PATH": "/usr/bin:/bin", "LANG": "C", **_import_path()},
        )

    def is_ready(self) -> bool:
        """Say whether the broker accepts connections."""
        return accepts_connections(self.port)


def _import_path() -> dict[str, str]:
    # The child finds this package where this process found it, installed or not.
    return {"PYTHONPATH": str(Path(__file__).parents[3])}


def _librdkafka() -> ctypes.CDLL:
    """Return the library that the wheel of confluent-kafka has loaded into this process."""
    import confluent_kafka.cimpl  # noqa: F401  loads the library

    maps = Path("/proc/self/maps").read_text().splitlines()
    library = ctypes.CDLL(next(line.split()[-1] for line in maps if "librdkafka" in line))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures: dict[str, tuple[object, list[object]]] = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_host_port": (None, [pointer, ctypes.c_int32, text, number]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def _listener_on(port: int) -> int:
    """Return this process's file descriptor that listens on `port`."""
    for entry in Path("/proc/self/fd").iterdir():
        try:
            candidate = socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:
            continue
        with candidate:
            try:
                listens = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                address = candidate.getsockname()
            except OSError:
                continue
        if listens and isinstance(address, tuple) and address[1] == port:
            return int(entry.name)
    raise AssertionError(f"the mock cluster does not listen on {port}")


def serve(port: int, topics: Sequence[str]) -> None:
    """Run a broker on `port` with `topics` (`name:partitions`) until SIGTERM or SIGINT."""
    # Blocked first, so that librdkafka's threads leave these signals to `sigwait` below.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    listener.setblocking(False)
    library = _librdkafka()
    error = ctypes.create_string_buffer(512)
    handle = library.rd_kafka_new(0, library.rd_kafka_conf_new(), error, 512)
    assert handle, error.value
    cluster = library.rd_kafka_mock_cluster_new(handle, 1)
    chosen = int(library.rd_kafka_mock_cluster_bootstraps(cluster).decode().rsplit(":", 1)[1])
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, _REBALANCE_DELAY_MS)
    for topic in topics:
        name, partitions = topic.rsplit(":", 1)
        library.rd_kafka_mock_topic_create(cluster, name.encode(), int(partitions), 1)
    # The mock picks its own port; its poll loop gets our listener in place of its own.
    os.dup2(listener.fileno(), _listener_on(chosen), inheritable=False)
    listener.close()
    library.rd_kafka_mock_broker_set_host_port(cluster, 1, b"127.0.0.1", port)
    sys.stdout.write(f"listening on 127.0.0.1:{port}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
