"""The demo account is for a server that only its own machine reaches."""

# ruff: noqa: S104  addresses that nothing here listens at

from typing import Any

import pytest
from pydantic import SecretStr

from kuber.api.v1.system import _demo_login
from kuber.commands import say
from kuber.config import Settings, is_loopback, why_no_demo
from kuber.workers.stack_state import StackRecord

PASSWORD = "three quiet herons"


def settings(**more: Any) -> Settings:
    return Settings(
        database_url=SecretStr("postgresql://x"),
        redis_url=SecretStr("redis://x"),
        kafka_bootstrap="x",
        jwt_secret=SecretStr("x" * 32),
        demo_password=SecretStr(PASSWORD),
        **more,
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"host": "localhost"},
        {"host": "127.8.7.6"},
        {"host": "::1"},
        {"public_url": "http://localhost:4200"},
        {"public_url": "http://[::1]:8000"},
    ],
)
def test_on_loopback_the_log_in_is_offered(more: dict[str, str]) -> None:
    shown = _demo_login(settings(**more))
    assert shown is not None
    assert shown.password == PASSWORD


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"host": "0.0.0.0"}, "KUBER_HOST"),
        ({"host": "::"}, "KUBER_HOST"),
        ({"host": "192.168.1.7"}, "KUBER_HOST"),
        ({"host": "kuber.example.com"}, "KUBER_HOST"),
        ({"host": "localhost.example.com"}, "KUBER_HOST"),
        ({"trusted_proxies": "127.0.0.1"}, "KUBER_TRUSTED_PROXIES"),
        ({"public_url": "https://kuber.example.com"}, "KUBER_PUBLIC_URL"),
        ({"public_url": "https://127.0.0.1.example.com"}, "KUBER_PUBLIC_URL"),
    ],
)
def test_where_others_reach_it_none_is_offered_and_the_reason_named(
    more: dict[str, str], named: str
) -> None:
    made = settings(**more)
    assert _demo_login(made) is None
    assert named in (why_no_demo(made) or "")


def test_in_production_none_is_offered() -> None:
    assert _demo_login(settings(environment="production")) is None


@pytest.mark.parametrize("host", ["::ffff:127.0.0.1", "LOCALHOST", "[::1]"])
def test_other_spellings_of_this_machine(host: str) -> None:
    assert is_loopback(host)


def test_the_start_says_why_there_is_no_demo_account(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    record = StackRecord(
        phase="ready", supervisor_pid=1, url="http://127.0.0.1:8000", host="0.0.0.0", port=8000,
        database_url="", redis_url="", kafka_bootstrap="", jwt_secret="", home=tmp_path,
        no_demo_because=why_no_demo(settings(host="0.0.0.0")),
    )  # fmt: skip
    say.ready_box(record)
    shown = capsys.readouterr().out
    assert "KUBER_HOST is 0.0.0.0" in shown
    assert PASSWORD not in shown
