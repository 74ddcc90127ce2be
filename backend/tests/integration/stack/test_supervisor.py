"""The supervisor starts in order, restarts what dies, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import psutil
import pytest

from kuber.infra.embedded.process import Command
from kuber.workers.supervisor import (
    Service,
    ServiceState,
    StackFailed,
)
from tests.fixtures.waiting import LIMIT_S, until_async
from tests.fixtures.watching import Watcher, is_gone

SLEEPER = "import time\nprint('up and ready.', flush=True)\ntime.sleep(60)"
DEAF = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf.', flush=True)\ntime.sleep(60)"
)


def program(tmp_path: Path, text: str, *arguments: str) -> Command:
    return Command((sys.executable, "-c", text, *arguments), tmp_path, dict(os.environ))


async def test_a_tier_starts_once_the_tier_before_is_ready(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    slow = f"import time, pathlib\ntime.sleep(.3)\npathlib.Path({str(flag)!r}).touch()\n{SLEEPER}"
    job = f"import pathlib, sys\nsys.exit(not pathlib.Path({str(flag)!r}).exists())"
    watcher = Watcher(
        (Service("first", program(tmp_path, slow), is_ready=flag.exists),),
        (Service("job", program(tmp_path, job), once=True),),
        (Service("last", program(tmp_path, SLEEPER), ready_when_said=b" ready."),),
    )
    await watcher.until_ready()
    await watcher.end()
    assert [entry for entry in watcher.history if entry[1] in ("running", "done", "stopped")] == [
        ("first", ServiceState.RUNNING),
        ("job", ServiceState.DONE),
        ("last", ServiceState.RUNNING),
        ("last", ServiceState.STOPPED),
        ("first", ServiceState.STOPPED),
    ]


async def test_a_killed_service_is_started_again(tmp_path: Path) -> None:
    watcher = Watcher((Service("one", program(tmp_path, SLEEPER)),))
    await watcher.until_ready()
    before = watcher.pid("one")
    os.kill(before, signal.SIGKILL)
    watched = watcher.supervisor.services[0]
    await until_async(lambda: watched.pid not in (None, before), "a new process")
    assert watched.restarts == 1
    assert b"ended with signal SIGKILL" in watcher.output["supervisor"]
    await watcher.end()


async def test_a_program_that_keeps_failing_fails_the_start(tmp_path: Path) -> None:
    watcher = Watcher(
        (Service("good", program(tmp_path, SLEEPER)),),
        (Service("bad", program(tmp_path, "raise SystemExit('no database')"), is_ready=bool),),
    )
    with pytest.raises(StackFailed, match="bad: ended with exit code 1 before it was ready"):
        await watcher.until_ready()
    assert b"no database" in watcher.output["bad"]
    assert ("good", ServiceState.STOPPED) in watcher.history


async def test_a_program_that_is_never_ready_fails_the_start(tmp_path: Path) -> None:
    never = Service("slow", program(tmp_path, SLEEPER), is_ready=bool, ready_within_s=0.3)
    watcher = Watcher((never,))
    with pytest.raises(StackFailed, match="slow: was not ready within"):
        await watcher.until_ready()


async def test_a_program_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    deaf = Service("deaf", program(tmp_path, DEAF), grace_s=0.3, ready_when_said=b"deaf.")
    watcher = Watcher((deaf,))
    await watcher.until_ready()
    pid = watcher.pid("deaf")
    await watcher.end()
    assert is_gone(pid)


async def test_stopping_ends_the_children_of_a_service_too(tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {DEAF!r}])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    watcher = Watcher((Service("family", program(tmp_path, parent)),))
    await watcher.until_ready()

    def said() -> list[bytes]:
        return watcher.output.get("family", b"").split()

    await until_async(lambda: b"deaf." in said() and len(said()) == 2, "the child and its number")
    (child,) = (int(one) for one in said() if one != b"deaf.")
    await watcher.end()
    await until_async(partial(is_gone, child), "the end of the child")


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import asyncio, os, pathlib, sys
        from kuber.infra.embedded.process import Command
        from kuber.workers.supervisor import Service, Supervisor
        forking = (
            "import os\\nif os.fork() == 0:\\n"
            "    from kuber.infra.embedded.process import die_with_parent\\n"
            "    die_with_parent()\\n" + {SLEEPER!r}
        )
        here = pathlib.Path({str(tmp_path)!r})
        deaf = Command((sys.executable, "-c", {DEAF!r}), here, dict(os.environ), death_signal=9)
        fork = Command((sys.executable, "-c", forking), here, dict(os.environ))
        supervisor = Supervisor(
            [[Service("deaf", deaf), Service("fork", fork, ready_when_said=b"ready.")]],
            output=lambda *_: None,
            changed=lambda _: None,
        )
        asyncio.run(supervisor.run(asyncio.Event(), lambda: print("ready", flush=True)))
        """
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        (sys.executable, "-c", script), stdout=subprocess.PIPE, env=environment
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"ready\n"
        family = psutil.Process(killed.pid).children(recursive=True)
        killed.kill()
    assert len(family) == 3
    _, left = psutil.wait_procs(family, timeout=LIMIT_S)
    assert [process for process in left if not is_gone(process.pid)] == []
