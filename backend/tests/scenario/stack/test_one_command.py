"""`./kuber up`, `status`, `down`: what they promise, on the real stack."""

import os
import signal
import socket
from functools import partial
from pathlib import Path

import httpx
import psutil

from tests.fixtures.stack import StackUnderTest, started_stack
from tests.fixtures.waiting import LIMIT_S, until

SERVICES = [
    "postgres",
    "valkey",
    "kafka",
    "api",
    "worker",
    "fork-server",
    "relay",
    "dispatcher",
    "orders",
    "services",
]


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the processes that carry this data folder in their environment or command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            traces = [process.environ().get("KUBER_HOME", ""), *process.cmdline(), process.cwd()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(home) in trace for trace in traces):
            found.append(process)
    return found


def test_the_address_answers_and_is_able_to_work(running_stack: StackUnderTest) -> None:
    assert httpx.get(f"{running_stack.url}/ready", timeout=LIMIT_S).status_code == 200


def test_status_has_exactly_the_promised_shape(running_stack: StackUnderTest) -> None:
    status = running_stack.status()
    assert list(status) == [
        *("url", "kafka_bootstrap", "redis_url", "database_url", "services"),
        *("lost_log_bytes", "unsaved", "halted"),
    ]
    assert status["url"] == running_stack.url
    assert [service["name"] for service in status["services"]] == SERVICES
    for service in status["services"]:
        assert list(service) == ["name", "state", "pid", "rss_mb", "restarts"]
        assert service["state"] == "running"
        assert service["rss_mb"] > 1


def test_the_stack_stays_within_its_memory(running_stack: StackUnderTest) -> None:
    assert sum(service["rss_mb"] for service in running_stack.status()["services"]) < 1200


def test_a_second_start_changes_nothing_and_names_the_address(
    running_stack: StackUnderTest,
) -> None:
    before = running_stack.status()["services"]
    second = running_stack.kuber("up", "-d")
    assert second.returncode == 0
    assert f"already running at {running_stack.url}" in second.stdout
    after = running_stack.status()["services"]
    assert [s["pid"] for s in after] == [s["pid"] for s in before]


def test_the_api_never_loads_crewai(running_stack: StackUnderTest) -> None:
    maps = Path(f"/proc/{running_stack.pid('api')}/maps").read_text()
    assert "pydantic_core" in maps
    assert "chromadb" not in maps
    assert "onnxruntime" not in maps


def test_processes_beside_the_web_server_say_that_they_are_alive(
    running_stack: StackUnderTest,
) -> None:
    for service in ("worker", "relay", "services"):
        alive = partial(running_stack.kuber, "alive", service)
        until(lambda ask=alive: ask().returncode == 0, f"a sign of life of the {service}")  # type: ignore[misc]


def test_a_killed_service_comes_back_and_the_restart_is_counted(
    running_stack: StackUnderTest,
) -> None:
    before = running_stack.pid("relay")
    os.kill(before, signal.SIGKILL)

    def is_back() -> bool:
        relay = next(s for s in running_stack.status()["services"] if s["name"] == "relay")
        return bool(relay["state"] == "running" and relay["pid"] != before and relay["restarts"])

    until(is_back, "the relay's return")


def test_a_busy_port_that_was_asked_for_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stack = StackUnderTest(tmp_path / "home", taken.getsockname()[1])
        refused = stack.kuber("up", "-d")
    assert refused.returncode == 1
    assert f"port {stack.port} is taken" in refused.stdout
    assert "KUBER_PORT=" in refused.stdout


def test_a_bad_setting_is_named_before_anything_starts(tmp_path: Path) -> None:
    stack = StackUnderTest(tmp_path / "home", 0, {"KUBER_PORT": "70000"})
    refused = stack.kuber("up", "-d")
    assert refused.returncode == 1
    assert "KUBER_PORT" in refused.stderr


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_is_clean(tmp_path: Path) -> None:
    with started_stack(tmp_path / "home", {}) as stack:
        assert len(processes_of(stack.home)) > len(SERVICES)
        os.kill(stack.record.supervisor_pid, signal.SIGKILL)
        until(lambda: not processes_of(stack.home), "the end of every process")
        assert stack.kuber("status").returncode == 3
        assert stack.kuber("up", "-d").returncode == 0
        assert {s["state"] for s in stack.status()["services"]} == {"running"}
        stopped = stack.kuber("down")
        assert stopped.returncode == 0
        assert processes_of(stack.home) == []
