"""The fork server: forks do what a program of their own would do, and end with it."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from kuber.commands.programs import PROGRAM
from kuber.commands.stack import make_plan
from kuber.config import StackSettings
from kuber.infra.embedded.home import Home
from kuber.infra.embedded.process import Command
from kuber.workers.fork_server import FORKS_READY, IS_SUPPORTED, ForkServer
from kuber.workers.stack_state import memory_mb
from kuber.workers.supervisor import Service
from tests.fixtures.waiting import until_async
from tests.fixtures.watching import Watcher, is_gone

pytestmark = pytest.mark.skipif(not IS_SUPPORTED, reason="forks without exec: Linux alone")

SERVER = """
import os, sys
from pathlib import Path
from kuber.kernel.ids import new_id
from kuber.workers.fork_server import serve

minted = new_id()
request = serve(Path(sys.argv[1]))
if request is not None:
    os.chdir(request.cwd)
    exec(request.argv[0])
"""
SLEEPER = "import time; print('up.', flush=True); time.sleep(60)"
TOLD = """
import json
from pathlib import Path

shown = Path("/proc/self/environ").read_text()
read = sys.stdin.read()
print(json.dumps([os.getcwd(), request.env, str(new_id()), shown, read, os.getsid(0)]), flush=True)
time = __import__("time").sleep(60)
"""


class Forks:
    """A supervisor with a fork server and services that it forks."""

    def __init__(self, folder: Path, **texts: str) -> None:
        self.folder = folder
        self.forks = ForkServer()
        self.pulse = folder / "pulse"
        argv = (sys.executable, "-c", SERVER, str(self.pulse))
        path = os.pathsep.join(one for one in sys.path if one)
        server = Command(argv, folder, {"PYTHONPATH": path}, death_signal=signal.SIGKILL)
        self.watcher = Watcher(
            (Service("server", server, ready_when_said=FORKS_READY, serves=self.forks),),
            tuple(
                Service(
                    name,
                    Command((text,), folder, {"NAME": name}),
                    forked_by=self.forks,
                    ready_when_said=None if "60" not in text else b"\n",
                )
                for name, text in texts.items()
            ),
        )

    def pid(self, name: str) -> int:
        return self.watcher.pid(name)

    def restarts(self, name: str) -> int:
        services = self.watcher.supervisor.services
        return next(one.restarts for one in services if one.service.name == name)

    async def until_started_again(self, name: str, before: int) -> None:
        services = self.watcher.supervisor.services
        watched = next(one for one in services if one.service.name == name)
        await until_async(lambda: watched.pid not in (None, before), f"{name} started again")


async def test_a_fork_has_its_own_folder_environment_output_session_and_ids(tmp_path: Path) -> None:
    stack = Forks(tmp_path, one=TOLD, other=TOLD)
    await stack.watcher.until_ready()
    said = {name: json.loads(stack.watcher.output[name]) for name in ("one", "other")}
    pids = {name: stack.pid(name) for name in said}
    await stack.watcher.end()
    for name, (folder, env, _, shown, read, session) in said.items():
        assert (folder, env, read, session) == (str(tmp_path), {"NAME": name}, "", pids[name])
        assert "PYTHONPATH" in shown, "the kernel shows the environment of the server"
    assert said["one"][2] != said["other"][2], "two forks never mint the same id"
    assert all(is_gone(pid) for pid in pids.values())


async def test_a_killed_fork_is_started_again_beside_the_others(tmp_path: Path) -> None:
    stack = Forks(tmp_path, one=SLEEPER, other=SLEEPER)
    await stack.watcher.until_ready()
    one, other, server = (stack.pid(name) for name in ("one", "other", "server"))
    os.kill(one, signal.SIGKILL)
    await stack.until_started_again("one", one)
    assert b"one ended with signal SIGKILL" in stack.watcher.output["supervisor"]
    assert (stack.pid("other"), stack.pid("server")) == (other, server)
    await stack.watcher.end()
    assert is_gone(other)


async def test_the_exit_code_of_a_fork_is_told(tmp_path: Path) -> None:
    ends = "import pathlib\nif not pathlib.Path('again').exists():\n"
    ends += " pathlib.Path('again').touch(); sys.exit(3)\n" + SLEEPER
    stack = Forks(tmp_path, one=ends)
    await stack.watcher.until_ready()
    assert b"one ended with exit code 3 before it was ready" in stack.watcher.output["supervisor"]
    assert stack.restarts("one") == 1
    await stack.watcher.end()


async def test_a_killed_server_takes_its_forks_along_and_all_start_again(tmp_path: Path) -> None:
    stack = Forks(tmp_path, one=SLEEPER)
    await stack.watcher.until_ready()
    one, server = stack.pid("one"), stack.pid("server")
    os.kill(server, signal.SIGKILL)
    await stack.until_started_again("server", server)
    await stack.until_started_again("one", one)
    assert is_gone(one)
    await stack.watcher.end()


async def test_server_and_forks_end_when_the_other_end_of_the_socket_is_closed(
    tmp_path: Path,
) -> None:
    stack = Forks(tmp_path, one=SLEEPER)
    await stack.watcher.until_ready()
    one, server = stack.pid("one"), stack.pid("server")
    stack.forks.connect().close()
    await until_async(lambda: is_gone(server) and is_gone(one), "the end of both")
    assert b"server ended with exit code 0" in stack.watcher.output["supervisor"]
    await stack.watcher.end()


async def test_memory_of_forks_is_not_counted_again_as_that_of_the_server(tmp_path: Path) -> None:
    stack = Forks(tmp_path, one=SLEEPER, other=SLEEPER)
    await stack.watcher.until_ready()
    server, one, other = (stack.pid(name) for name in ("server", "one", "other"))
    alone = memory_mb(server, (server, one, other))
    assert alone == pytest.approx(memory_mb(server, (one, other)), rel=0.05)
    whole = alone + memory_mb(one) + memory_mb(other)
    assert memory_mb(server) == pytest.approx(whole, rel=0.05)
    await stack.watcher.end()


async def test_the_server_shows_that_it_lives(tmp_path: Path) -> None:
    stack = Forks(tmp_path)
    await stack.watcher.until_ready()
    await until_async(stack.pulse.exists, "a pulse")
    await stack.watcher.end()


async def test_a_fork_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    stack = Forks(tmp_path)
    await stack.watcher.until_ready()
    read_end, write_end = os.pipe()
    command = Command((SLEEPER.replace("60", "600"),), tmp_path, {})
    asked = asyncio.create_task(stack.forks.fork(command, write_end))
    await asyncio.sleep(0)
    asked.cancel()
    os.close(write_end)
    os.set_blocking(read_end, False)

    def nobody_writes() -> bool:
        try:
            return not os.read(read_end, 100)
        except BlockingIOError:
            return False

    await until_async(nobody_writes, "the end of the fork")
    os.close(read_end)
    await stack.watcher.end()


def test_the_stack_forks_relay_and_services_from_a_server_that_knows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBER_JWT_SECRET", "a secret of thirty-two characters")
    home = Home(tmp_path / "home")
    home.create()
    plan = make_plan(StackSettings(home=home.root, port=None), home)
    services = {one.name: one for tier in plan.tiers for one in tier}
    server = services["fork-server"]
    assert {name for name in server.command.env if name.startswith("KUBER_")} == {"KUBER_HOME"}
    assert server.serves is not None
    forked = {name: one for name, one in services.items() if one.forked_by is server.serves}
    assert forked.keys() == {"relay", "dispatcher", "orders", "services"}
    for one in forked.values():
        assert one.command.argv[:3] == PROGRAM
        assert one.command.env["KUBER_JWT_SECRET"] == "a secret of thirty-two characters"
    assert any(server in tier for tier in plan.tiers[:-1]), "it is ready before them"
