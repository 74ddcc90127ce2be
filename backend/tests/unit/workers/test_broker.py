"""How Celery reaches Redis, by each of the addresses that may be set."""

from typing import Any

import pytest
from redis import Connection, SSLConnection, UnixDomainSocketConnection

from kuber.workers.celery_app import make_celery


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What Celery's transport would connect with."""
    # A channel asks the server at once whether it is there.
    monkeypatch.setattr("redis.client.Redis.ping", lambda _: True)

    def of(url: str) -> dict[str, Any]:
        channel = make_celery(url).connection().default_channel
        found: dict[str, Any] = channel._connparams()
        return found

    return of


def test_a_plain_address(parameters: Any) -> None:
    found = parameters("redis://:secret@cache:6380/1")
    assert issubclass(found["connection_class"], Connection)
    assert not issubclass(found["connection_class"], SSLConnection)
    assert (found["host"], found["port"], found["db"]) == ("cache", 6380, 1)
    assert found["password"] == "secret"


@pytest.mark.parametrize("query", ["", "?ssl_cert_reqs=CERT_REQUIRED"])
def test_an_address_with_tls_stays_one_with_tls(parameters: Any, query: str) -> None:
    found = parameters(f"rediss://:secret@cache:6380/1{query}")
    assert issubclass(found["connection_class"], SSLConnection)
    assert (found["host"], found["db"]) == ("cache", 1)


def test_the_address_of_a_socket(parameters: Any) -> None:
    found = parameters("unix:///run/redis.sock?db=2")
    assert issubclass(found["connection_class"], UnixDomainSocketConnection)
    assert (found["path"], found["db"]) == ("/run/redis.sock", 2)


def test_a_lost_connection_gives_no_message_back(parameters: Any) -> None:
    channel = make_celery("redis://cache:6380/1").connection().default_channel
    assert not channel.do_restore
