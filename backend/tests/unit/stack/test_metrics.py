"""Services serve their figures where they are told to, and say so when they cannot."""

import socket

import httpx
import pytest
from pydantic import SecretStr

from kuber.config import BadSettings, Settings
from kuber.infra.embedded.process import free_port
from kuber.startup import serve_metrics
from tests.fixtures.waiting import LIMIT_S


def settings(port: int | None) -> Settings:
    return Settings(
        database_url=SecretStr("postgresql://kuber@db/kuber"),
        redis_url=SecretStr("redis://redis"),
        kafka_bootstrap="kafka:9092",
        jwt_secret=SecretStr("a secret of this test, 32+ characters"),
        metrics_port=port,
    )


def test_figures_are_served_at_the_port() -> None:
    port = free_port()
    serve_metrics(settings(port))
    shown = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT_S).text
    assert "kuber_dead_letters_total" in shown


def test_without_a_port_nothing_listens() -> None:
    serve_metrics(settings(None))


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(
            BadSettings, match=f"KUBER_METRICS_PORT: 127.0.0.1:{taken.getsockname()[1]}"
        ):
            serve_metrics(settings(taken.getsockname()[1]))
