"""`alive`: whether a process without an HTTP port does its work; for containers' health checks."""

import socket

from kuber.commands import say
from kuber.config import Settings

_ANSWER_WITHIN_S = 5.0


def check(settings: Settings, service: str) -> int:
    """Return 0 when the worker, relay or services of this machine do their work, else 1."""
    checks = {"worker": _worker, "relay": _relay, "services": _services}
    if service not in checks:
        say.failure(f"Nothing is known about {service}: choose from {', '.join(checks)}")
        return 2
    alive = checks[service](settings)
    say.line(f"{service} {'is alive' if alive else 'does not answer'}")
    return 0 if alive else 1


def _worker(settings: Settings) -> bool:
    """Ask this machine's worker for a sign of life through the broker."""
    from kuber.workers.celery_app import make_celery

    control = make_celery(settings.redis_url.get_secret_value()).control
    name = f"celery@{socket.gethostname()}"
    return bool(control.ping(destination=[name], timeout=_ANSWER_WITHIN_S))


def _relay(settings: Settings) -> bool:
    """Look whether a relay is connected to the database."""
    import psycopg

    query = "select count(*) from pg_stat_activity where application_name = 'kuber-relay'"
    url = settings.database_url.get_secret_value()
    with psycopg.connect(url, connect_timeout=int(_ANSWER_WITHIN_S)) as connection:
        row = connection.execute(query).fetchone()
    return bool(row and row[0])


def _services(settings: Settings) -> bool:
    """Look whether every long-running service of this machine was heard of late and gets on.

    One that waits for another server is well: a new process would have to wait as long.
    """
    import psycopg

    from kuber.infra.heartbeats import ALL_WELL

    url = settings.database_url.get_secret_value()
    with psycopg.connect(url, connect_timeout=int(_ANSWER_WITHIN_S)) as connection:
        row = connection.execute(ALL_WELL, (socket.gethostname(),)).fetchone()
    return bool(row and row[0])
