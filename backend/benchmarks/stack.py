"""A stack of its own for a benchmark: temporary data, free port, gone afterwards."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import psutil
import psycopg

from kuber.identity.limit_kinds import LIMITS
from kuber.infra.embedded.process import free_port
from kuber.workers.stack_state import family

PASSWORD = "correct horse 9 battery"  # noqa: S105  of an account that lives as long as the benchmark


@dataclass(frozen=True)
class Stack:
    """A running stack; `ready_s` is how long `up -d` took."""

    url: str
    database_url: str
    redis_url: str
    kafka_bootstrap: str
    services: dict[str, int]
    ready_s: float

    async def sign_up(self, client: httpx.AsyncClient) -> None:
        """Make an account without limits that would show, and let `client` speak for it."""
        account = {"email": f"bench-{uuid4().hex[:12]}@example.com", "password": PASSWORD}
        made = (await client.post("/api/v1/auth/register", json=account)).raise_for_status()
        async with await psycopg.AsyncConnection.connect(self.database_url) as database:
            for name in LIMITS:
                await database.execute(
                    "insert into limits (scope, name, value) values (%s, %s, %s)",
                    (f"user:{made.json()['id']}", name, 10**12),
                )
        tokens = (await client.post("/api/v1/auth/login", json=account)).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    @contextmanager
    def paused(self, *services: str) -> Iterator[None]:
        """Stop the processes of `services` for a while."""
        members = [one for name in services for one in self.processes(name)]
        for process in members:
            process.suspend()
        try:
            yield
        finally:
            for process in members:
                process.resume()

    def processes(self, service: str) -> list[psutil.Process]:
        """Return the process of a service and its children; a fork server's are services."""
        return family(psutil.Process(self.services[service]), self.services.values())

    def memory_mb(self) -> dict[str, float]:
        """Return the resident memory of each service with its children, in MB (10**6 bytes).

        Proportional set size where the kernel tells it, so that shared pages count once.
        """
        return {name: _pss(self.processes(name)) / 1e6 for name in self.services}


@contextmanager
def running_stack(**settings: str) -> Iterator[Stack]:
    """Start a stack with `./kuber up -d`'s own command, yield it, stop it."""
    with tempfile.TemporaryDirectory(prefix="kuber-bench-") as home:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KUBER_")},
            "KUBER_HOME": home,
            "KUBER_PORT": str(free_port()),
            **settings,
        }
        began = time.perf_counter()
        _kuber(environment, "up", "-d")
        ready_s = time.perf_counter() - began
        try:
            status = json.loads(_kuber(environment, "status", "--json"))
            yield Stack(
                status["url"],
                status["database_url"],
                status["redis_url"],
                status["kafka_bootstrap"],
                {service["name"]: service["pid"] for service in status["services"]},
                ready_s,
            )
        finally:
            _kuber(environment, "down")


def _kuber(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kuber.cli", *arguments],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=180,
    )
    return done.stdout


def _pss(processes: Sequence[psutil.Process]) -> int:
    total = 0
    for one in processes:
        try:
            memory = one.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        total += getattr(memory, "pss", memory.rss)
    return total
