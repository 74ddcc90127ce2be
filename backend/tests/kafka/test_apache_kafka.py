"""The real broker of a development stack: it keeps its messages, and `./kuber up` can have it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kuber.infra.embedded.process import ForegroundServer
from kuber.infra.kafka import ALL_TOPICS
from kuber.workers.supervisor import ServiceState
from tests.fakes.kafka import new_broker, publish, read_all, topics_of
from tests.fixtures.stack import started_stack

pytestmark = pytest.mark.kafka


def test_messages_outlive_the_broker(tmp_path: Path) -> None:
    broker = new_broker(tmp_path)
    with _running(broker.make()):
        assert set(ALL_TOPICS) <= topics_of(broker.bootstrap)
        publish(broker.bootstrap, "audit.event", {"kept": 1})
    with _running(broker.make()):
        assert read_all(broker.bootstrap, "audit.event", 1) == [{"kept": 1}]


def test_up_starts_apache_kafka_and_a_run_reaches_it(tmp_path: Path) -> None:
    with started_stack(tmp_path / "home", {"KUBER_KAFKA": "apache"}) as stack:
        [kafka] = [item for item in stack.record.services if item.name == "kafka"]
        assert kafka.state is ServiceState.RUNNING
        assert kafka.pid is not None
        assert b"kafka.Kafka" in Path(f"/proc/{kafka.pid}/cmdline").read_bytes()
        run = stack.kuber("run-pipeline", *_GOLDEN)
        assert run.returncode == 0, run.stdout + run.stderr
        [fill] = read_all(stack.record.kafka_bootstrap, "executions.fill", 1)
        assert fill["symbol"] == "AAPL"
    assert not Path(f"/proc/{kafka.pid}").exists()


_GOLDEN = (
    *("--template", "golden-cross", "--symbol", "AAPL"),
    *("--as-of", "2009-05-14T21:00:00Z", "--seed", "7"),
)


@contextmanager
def _running(server: ForegroundServer) -> Iterator[None]:
    with server:
        server.wait_ready(60)
        yield
