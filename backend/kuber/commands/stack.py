"""The development stack: which processes it has, and with which settings they start."""

import hashlib
import http.client
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from kuber.commands import calendars
from kuber.commands.programs import (
    GIVE_MEMORY_BACK,
    PROGRAM,
    api_command,
    fork_server_command,
    relay_command,
    services_command,
    worker_command,
)
from kuber.config import Settings, StackSettings, describe, process_environment, why_no_demo
from kuber.infra.embedded.apache_kafka import ApacheKafkaServer
from kuber.infra.embedded.damage import clear_place
from kuber.infra.embedded.home import Home
from kuber.infra.embedded.kafka import KafkaServer
from kuber.infra.embedded.postgres import PostgresServer, new_password
from kuber.infra.embedded.process import CannotStart, Command, port_is_free
from kuber.infra.embedded.valkey import ValkeyServer
from kuber.infra.kafka import ALL_TOPICS
from kuber.infra.pulse import has_pulse
from kuber.workers.fork_server import FORKS_READY, IS_SUPPORTED, ForkServer
from kuber.workers.liveness import api_answers, postgres_answers, redis_answers
from kuber.workers.supervisor import WORKER_READY, Service

DEFAULT_PORT = 8000
PORTS_TO_TRY = 100
_LONGEST_SOCKET_PATH = 108
_RECOVERED_WITHIN_S = 600.0
"""How long a database may take to read what it has after a crash."""

OTHER_SERVICES = (
    *("sweep", "scheduler", "scanners", "generators", "feed", "audit", "notifier"),
    *("ledger_check", "reconciliation", "imports"),
)
"""Services that share a process in the development stack; the dispatcher and the order service have
their own."""

OUTSIDE = ("intents",)
"""What takes orders of outside agents; only where that was asked for."""

ECHOED = ("supervisor", "api", "worker", "fork-server", "relay", "dispatcher", "orders", "services")
"""Whose log lines are shown on the terminal of `up`."""


@dataclass(frozen=True)
class Addresses:
    """Where the stack's parts are reached; holds secrets."""

    host: str
    port: int
    database_url: str
    redis_url: str
    kafka_bootstrap: str
    jwt_secret: str
    demo_password: str | None
    no_demo_because: str | None = None
    trusted_proxies: str = ""

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return f"http://{_reachable(self.host)}:{self.port}"


@dataclass(frozen=True)
class StackPlan:
    """What to start, tier by tier, and the addresses that result."""

    addresses: Addresses
    tiers: tuple[tuple[Service, ...], ...]
    migrated: "MigrationMark"


@dataclass(frozen=True)
class MigrationMark:
    """Remembers beside the embedded database that this very program has prepared it.

    Without a `file`, as for a database that is not ours, it is never set.
    """

    file: Path | None
    program: str

    @classmethod
    def of(cls, addresses: Addresses, home: Home | None) -> "MigrationMark":
        """Return the mark of this program, told from others by its sources."""
        if home is None:
            return cls(None, "")
        content = hashlib.sha256(f"{addresses.database_url} {addresses.demo_password}".encode())
        sources = source_root()
        for folder in ("kuber", "migrations"):
            for path in sorted((sources / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    content.update(str(path).encode() + path.read_bytes())
        return cls(home.service("postgres") / "prepared", content.hexdigest())

    def is_set(self) -> bool:
        """Say whether tables and seeds are as this program wants them."""
        return (
            self.file is not None
            and self.file.is_file()
            and self.file.read_bytes() == self.program.encode()
        )

    def set(self) -> None:
        """Remember that tables and seeds are as this program wants them."""
        if self.file is not None:
            clear_place(self.file)
            self.file.write_text(self.program)


def make_plan(settings: StackSettings, home: Home) -> StackPlan:
    """Decide what is started for `settings`. Raises CannotStart when the port is taken."""
    servers: list[Service] = []
    database_url = _given(settings.database_url)
    if database_url is None:
        postgres = PostgresServer(
            home.service("postgres"),
            home.port("postgres"),
            home.secret("postgres", new_password),
            tell=home.tell,
        )
        database_url = postgres.url
        servers.append(_postgres_service(postgres))
    redis_url = _given(settings.redis_url)
    if redis_url is None:
        valkey = ValkeyServer(
            home.service("valkey"), home.port("redis"), home.secret("redis", new_password)
        )
        redis_url = valkey.url
        servers.append(_valkey_service(valkey))
    bootstrap = settings.kafka_bootstrap
    if bootstrap is None:
        bootstrap, broker = _broker(settings, home)
        servers.append(broker)
    embedded = settings.database_url is None
    no_demo_because = why_no_demo(settings)
    addresses = Addresses(
        host=settings.host,
        port=choose_port(settings),
        database_url=database_url,
        redis_url=redis_url,
        kafka_bootstrap=bootstrap,
        jwt_secret=_given(settings.jwt_secret) or home.secret("jwt"),
        demo_password=None if no_demo_because else _demo_password(settings, home),
        no_demo_because=no_demo_because,
        trusted_proxies=settings.trusted_proxies,
    )
    _check(addresses)
    env = process_environment() | settings_environment(addresses, settings, home.root)
    mark = MigrationMark.of(addresses, home if embedded else None)
    preparation: list[Service] = []
    if not mark.is_set():
        preparation.append(_migration(home, env))
    if not calendars.are_kept(home):
        preparation.append(calendars.preparing(home, source_root()))
    services = (*OTHER_SERVICES, *OUTSIDE) if settings.outside_intents else OTHER_SERVICES
    application = _application(addresses, settings.worker_processes, services, home, env)
    tiers = (tuple(servers), tuple(preparation), *application)
    return StackPlan(addresses, tuple(tier for tier in tiers if tier), mark)


def _broker(settings: StackSettings, home: Home) -> tuple[str, Service]:
    """Return the broker's address and the broker. Raises CannotStart."""
    if settings.kafka == "apache":
        apache = ApacheKafkaServer(
            home.service("kafka"), home.port("kafka"), home.port("kafka-controller")
        )
        service = Service("kafka", apache.command(), apache.prepare, apache.is_ready, grace_s=15)
        return apache.bootstrap, service
    light = KafkaServer(home.port("kafka"), ALL_TOPICS)
    command = light.command(home.run)
    return light.bootstrap, Service("kafka", command, is_ready=light.is_ready, grace_s=3)


def choose_port(settings: StackSettings) -> int:
    """Return the port to serve on: the one asked for, or the next free one after the default.

    Raises CannotStart when the one asked for is taken.
    """
    if settings.port is not None:
        if port_is_free(settings.port, settings.host):
            return settings.port
        raise CannotStart(
            f"Kuber cannot start: port {settings.port} is taken by another program. Stop that "
            f"program, or choose another port: KUBER_PORT={settings.port + 1} ./kuber up"
        )
    last = DEFAULT_PORT + PORTS_TO_TRY - 1
    for port in range(DEFAULT_PORT, last + 1):
        if port_is_free(port, settings.host):
            return port
    raise CannotStart(
        f"Kuber cannot start: every port from {DEFAULT_PORT} to {last} is taken. "
        "Set KUBER_PORT to a free one."
    )


def settings_environment(
    addresses: Addresses, settings: StackSettings, home: Path
) -> dict[str, str]:
    """Return the environment variables that tell a process of the stack where everything is."""
    values: dict[str, str | None] = {
        "KUBER_HOME": str(home),
        "KUBER_HOST": addresses.host,
        "KUBER_TRUSTED_PROXIES": addresses.trusted_proxies or None,
        "KUBER_PORT": str(addresses.port),
        "KUBER_DATABASE_URL": addresses.database_url,
        "KUBER_REDIS_URL": addresses.redis_url,
        "KUBER_KAFKA_BOOTSTRAP": addresses.kafka_bootstrap,
        "KUBER_JWT_SECRET": addresses.jwt_secret,
        "KUBER_DEMO_PASSWORD": addresses.demo_password,
        "KUBER_LOG_FORMAT": settings.log_format or "console",
        "KUBER_WORKER_PROCESSES": str(settings.worker_processes),
        "KUBER_FRONTEND_DIR": _text(settings.frontend_dir or built_frontend()),
        "KUBER_API_SOCKET": _text(api_socket(home)),
        "PYTHONPATH": str(source_root()),
        "PYTHONUNBUFFERED": "1",
    }
    return {name: value for name, value in values.items() if value is not None}


def source_root() -> Path:
    """Return the folder that holds the package, `backend/` in a source tree."""
    return Path(__file__).parents[2]


def built_frontend() -> Path | None:
    """Return the folder of the built browser app beside the source, when it has been built."""
    pages = sorted(source_root().parent.glob("frontend/dist/**/index.html"))
    return pages[0].parent if pages else None


def api_socket(home: Path) -> Path | None:
    """Return the unix socket on which the supervisor asks the API how it is.

    None where the path would be longer than what the system takes (108 bytes with the end).
    """
    path = Home(home).api_socket
    return path if len(os.fsencode(path)) < _LONGEST_SOCKET_PATH else None


def _check(addresses: Addresses) -> None:
    """Refuse bad settings before anything starts. Raises CannotStart, naming them."""
    try:
        Settings(
            database_url=SecretStr(addresses.database_url),
            redis_url=SecretStr(addresses.redis_url),
            kafka_bootstrap=addresses.kafka_bootstrap,
            jwt_secret=SecretStr(addresses.jwt_secret),
        )
    except ValidationError as error:
        raise CannotStart(describe(error)) from None


def _postgres_service(server: PostgresServer) -> Service:
    return Service(
        "postgres",
        server.command(),
        server.prepare,
        server.is_ready,
        answers=partial(postgres_answers, server.port),
        ready_within_s=_RECOVERED_WITHIN_S,
        grace_s=15,
    )


def _valkey_service(server: ValkeyServer) -> Service:
    return Service(
        "valkey",
        server.command(),
        server.prepare,
        server.is_ready,
        answers=partial(redis_answers, server.port),
        mend=server.mend,
        ready_within_s=_RECOVERED_WITHIN_S,
        grace_s=5,
    )


def _migration(home: Home, env: Mapping[str, str]) -> Service:
    argv = (*PROGRAM, "migrate", "--seed")
    command = Command(argv, home.run, env, death_signal=signal.SIGKILL)
    return Service("migrate", command, once=True, ready_within_s=120)


def _application(
    addresses: Addresses,
    processes: int,
    services: tuple[str, ...],
    home: Home,
    env: Mapping[str, str],
) -> tuple[tuple[Service, ...], ...]:
    # These can be killed at any moment without loss; killed, they surely do not outlive us.
    command = partial(Command, cwd=home.run, env=env, death_signal=signal.SIGKILL)
    api = Service(
        "api",
        command(api_command(), env={**env, **GIVE_MEMORY_BACK}),
        is_ready=partial(_answers, addresses.url, "/ready"),
        answers=partial(api_answers, home.api_socket, _reachable(addresses.host), addresses.port),
        grace_s=6,
    )

    def silent(name: str, argv: tuple[str, ...], **options: Any) -> Service:
        """Return a service that listens on no port: it touches a file instead."""
        file = home.pulse(name)
        return Service(
            name,
            command(argv, env={**env, **GIVE_MEMORY_BACK, "KUBER_PULSE_FILE": str(file)}),
            prepare=partial(file.unlink, missing_ok=True),
            answers=partial(has_pulse, file),
            **options,
        )

    worker = silent("worker", worker_command(processes), ready_when_said=WORKER_READY, grace_s=26)
    server = _fork_server(home, env) if IS_SUPPORTED else None
    forked = partial(silent, forked_by=server and server.serves, grace_s=5)
    last = (
        forked("relay", relay_command()),
        forked("dispatcher", services_command("dispatcher")),
        forked("orders", services_command("orders")),
        forked("services", services_command(*services)),
    )
    # Those whom nobody waits for come last: they would take the processor from the others.
    return ((api, worker) if server is None else (api, worker, server)), last


def _fork_server(home: Home, env: Mapping[str, str]) -> Service:
    pulse = home.pulse("fork-server")
    # The kernel shows the server's environment as that of each fork, also to plug-ins: it is
    # without secrets, and a fork gets its own with the request.
    common = {name: value for name, value in env.items() if not name.startswith("KUBER_")}
    return Service(
        "fork-server",
        Command(
            fork_server_command(pulse),
            home.run,
            {**common, "KUBER_HOME": str(home.root), **GIVE_MEMORY_BACK},
            death_signal=signal.SIGKILL,
        ),
        prepare=partial(pulse.unlink, missing_ok=True),
        answers=partial(has_pulse, pulse),
        ready_when_said=FORKS_READY,
        serves=ForkServer(),
        grace_s=1,
    )


def _reachable(host: str) -> str:
    """Return the address at which this machine reaches a server that listens on `host`."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


def _answers(url: str, path: str) -> bool:
    host, port = url.removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _demo_password(settings: StackSettings, home: Home) -> str | None:
    """Return the password that was given, or one of the embedded database's own."""
    if settings.demo_password is not None:
        return settings.demo_password.get_secret_value()
    return home.secret("demo", _new_demo_password) if settings.database_url is None else None


def _new_demo_password() -> str:
    return f"demo-{new_password()[:10]}"


def _given(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None


def _text(value: Path | None) -> str | None:
    return str(value) if value is not None else None
