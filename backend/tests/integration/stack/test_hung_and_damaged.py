"""Real servers that hang, and servers whose files were damaged: they come back by themselves."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

from kuber.infra.embedded.damage import set_aside
from kuber.infra.embedded.home import Home
from kuber.infra.embedded.postgres import PostgresServer
from kuber.infra.embedded.process import CannotStart, Command, ForegroundServer, free_port
from kuber.infra.embedded.valkey import ValkeyServer
from kuber.infra.pulse import has_pulse
from kuber.workers.liveness import Patience, api_answers, postgres_answers, redis_answers
from kuber.workers.supervisor import Service, ServiceState, Supervisor, Watched
from tests.fixtures.waiting import LIMIT_S, until_async

SHORT = Patience(every_s=0.1, silent_for_s=1.0, tries=2)


@pytest.fixture(autouse=True)
def quick_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuber.workers.liveness.ASK_WITHIN_S", 0.5)


@asynccontextmanager
async def kept(*services: Service) -> AsyncIterator[tuple[list[Watched], bytearray]]:
    """Keep `services` running while the block runs; gives them and what the supervisor noted."""
    stop, ready, notes = asyncio.Event(), asyncio.Event(), bytearray()

    def output(name: str, piece: bytes) -> None:
        if name == "supervisor":
            notes.extend(piece)

    supervisor = Supervisor([services], output=output, changed=lambda _: None, patience=SHORT)
    running = asyncio.create_task(supervisor.run(stop, ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    try:
        yield supervisor.services, notes
    finally:
        stop.set()
        await running


PULSING = """
import pathlib, sys, time
while True:
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(0.05)
"""


async def test_a_frozen_program_without_a_port_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.infra.pulse.SILENT_AFTER_S", 1.0)
    file = tmp_path / "pulse"
    argv = (sys.executable, "-c", PULSING, str(file))
    service = Service(
        "frozen",
        Command(argv, tmp_path, {}),
        prepare=partial(file.unlink, missing_ok=True),
        is_ready=file.exists,
        answers=partial(has_pulse, file),
    )
    async with kept(service) as ([watched], _):
        first = watched.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        await until_async(lambda: is_another(watched, first), "another process")
        assert watched.restarts == 1


async def is_another(watched: Watched, first: int) -> bool:
    return watched.pid not in (None, first) and watched.state is ServiceState.RUNNING


def test_a_program_that_has_not_come_to_its_file_yet_is_not_silent(tmp_path: Path) -> None:
    file = tmp_path / "pulse"
    assert has_pulse(file)
    file.touch()
    assert has_pulse(file)
    os.utime(file, (0, 0))
    assert not has_pulse(file)


async def test_a_stopped_postgres_is_replaced_and_keeps_its_rows(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", free_port(), "secret")
    service = Service(
        "postgres",
        server.command(),
        server.prepare,
        server.is_ready,
        answers=partial(postgres_answers, server.port),
    )
    async with kept(service) as ([watched], notes):
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("create table kept (id int)")
            connection.execute("insert into kept values (7)")
            assert watched.pid is not None
            program = psutil.Process(watched.pid)
            family = [program, *program.children(recursive=True)]
            for process in family:
                process.send_signal(signal.SIGSTOP)
            await until_async(
                lambda: watched.pid not in (None, program.pid) and server.is_ready(),
                "a PostgreSQL in its place",
            )
        with psycopg.connect(server.url) as connection:
            assert connection.execute("select id from kept").fetchone() == (7,)
        assert b"postgres did not answer for" in notes
        _, left = psutil.wait_procs(family, timeout=LIMIT_S)
        assert [p for p in left if p.status() != psutil.STATUS_ZOMBIE] == []


async def test_a_stopped_valkey_is_replaced_and_one_that_answers_is_not(tmp_path: Path) -> None:
    servers = [ValkeyServer(tmp_path / name, free_port(), "secret") for name in ("one", "two")]
    services = [
        Service(
            server.folder.name,
            server.command(),
            server.prepare,
            server.is_ready,
            answers=partial(redis_answers, server.port),
        )
        for server in servers
    ]
    async with kept(*services) as ([one, two], _):
        before = one.pid
        assert before is not None
        os.kill(before, signal.SIGSTOP)
        await until_async(
            lambda: one.pid not in (None, before) and servers[0].is_ready(), "a Valkey in its place"
        )
        assert one.restarts == 1
        assert two.restarts == 0


def test_any_answer_is_a_sign_of_life_and_silence_is_none(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path, free_port(), "secret")
    server.prepare()
    with ForegroundServer(server.command(), server.is_ready, tmp_path / "log") as running:
        running.wait_ready()
        assert redis_answers(server.port), "although it wants a password"
        assert not api_answers(tmp_path / "no.sock", "127.0.0.1", server.port), "this is no HTTP"
    assert not redis_answers(server.port)


@pytest.mark.parametrize("file", ["base.rdb", "incr.aof", "manifest"])
async def test_damaged_data_of_valkey_are_set_aside(tmp_path: Path, file: str) -> None:
    server = ValkeyServer(tmp_path / "valkey", free_port(), "secret")
    server.prepare()
    with ForegroundServer(server.command(), server.is_ready, tmp_path / "log") as running:
        running.wait_ready()
    (damaged,) = (server.folder / "appendonlydir").glob(f"*{file}")
    damaged.write_bytes(os.urandom(200))
    service = Service("valkey", server.command(), server.prepare, server.is_ready, mend=server.mend)
    async with kept(service) as (_, notes):
        with Redis.from_url(server.url) as client:
            assert client.set("key", "value")
    (aside,) = server.folder.glob("appendonlydir.damaged-*")
    assert aside.name.encode() in notes
    assert (aside / damaged.name).exists()


def test_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path, free_port(), "secret")
    (tmp_path / "appendonlydir").mkdir()
    assert server.mend(b"Can't open the AOF: No space left on device") is None
    assert server.mend(b"Address already in use") is None


def rows_of(server: PostgresServer, log: Path) -> list[tuple[int]]:
    server.prepare()
    with ForegroundServer(server.command(), server.is_ready, log) as running:
        running.wait_ready()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("create table if not exists kept (id int)")
            found = connection.execute("select id from kept").fetchall()
            connection.execute("insert into kept values (7)")
    return found


def test_the_rows_outlive_a_lost_password_and_a_lost_mark(tmp_path: Path) -> None:
    folder, log = tmp_path / "postgres", tmp_path / "log"
    assert rows_of(PostgresServer(folder, free_port(), "the first"), log) == []
    second = PostgresServer(folder, free_port(), "it's another")
    assert rows_of(second, log) == [(7,)]
    (second.data / "KUBER_COMPLETE").unlink()
    assert rows_of(second, log) == [(7,), (7,)]


def test_a_folder_that_is_no_cluster_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    told: list[str] = []
    server = PostgresServer(tmp_path / "postgres", free_port(), "secret", tell=told.append)
    server.data.mkdir(parents=True)
    (server.data / "base").write_text("what is left")
    assert rows_of(server, tmp_path / "log") == []
    (aside,) = server.folder.glob("data.damaged-*")
    assert (aside / "base").read_text() == "what is left"
    assert aside.name in told[0]


def test_half_of_a_first_start_is_begun_again(tmp_path: Path) -> None:
    told: list[str] = []
    server = PostgresServer(tmp_path / "postgres", free_port(), "secret", tell=told.append)
    server.data.mkdir(parents=True)
    (server.folder / "being-made").touch()
    (server.data / "PG_VERSION").write_text("18")
    assert rows_of(server, tmp_path / "log") == []
    assert told == []


def home_with(tmp_path: Path, told: list[str]) -> Home:
    home = Home(tmp_path / "home", tell=told.append)
    home.create()
    return home


@pytest.mark.parametrize("content", [b"\xff\xfe random", b"[]", b'{"jwt": 7}', b"", b"{"])
def test_damaged_secrets_come_from_the_copy(tmp_path: Path, content: bytes) -> None:
    told: list[str] = []
    home = home_with(tmp_path, told)
    first = home.secret("jwt")
    (home.root / "secrets.json").write_bytes(content)
    assert home.secret("jwt") == first
    (aside,) = home.root.glob("secrets.json.damaged-*")
    assert aside.read_bytes() == content
    assert len(told) == 1
    assert aside.name in told[0]


def test_secrets_that_are_lost_twice_are_made_anew_and_it_is_said(tmp_path: Path) -> None:
    told: list[str] = []
    home = home_with(tmp_path, told)
    first = home.secret("jwt")
    for name in ("secrets.json", "secrets.copy.json"):
        (home.root / name).write_bytes(b"\xff")
    assert home.secret("jwt") != first
    assert "sign in again" in told[0]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b'{"redis": 99999999}'])
def test_damaged_ports_are_chosen_anew(tmp_path: Path, content: bytes) -> None:
    home = home_with(tmp_path, [])
    (home.root / "ports.json").write_bytes(content)
    assert 0 < home.port("redis") < 65536


def test_what_is_set_aside_twice_in_a_second_is_kept_twice(tmp_path: Path) -> None:
    kept_files = []
    for text in ("one", "two"):
        (tmp_path / "file").write_text(text)
        kept_files.append(set_aside(tmp_path / "file"))
    assert [path.read_text() for path in kept_files] == ["one", "two"]


async def test_a_preparation_that_fails_ends_the_start_with_its_reason(tmp_path: Path) -> None:
    def refuse() -> None:
        raise CannotStart("there is no room")

    server = ValkeyServer(tmp_path, free_port(), "secret")
    with pytest.raises(Exception, match="there is no room"):
        async with kept(Service("valkey", server.command(), refuse)):
            raise AssertionError("it must not start")
