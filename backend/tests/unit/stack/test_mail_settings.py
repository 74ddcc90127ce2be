"""What of the settings of mail is wrong is said at the start, without a part of the secret."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from kuber.config import Settings, describe
from kuber.notifications.mail import SmtpSender

SERVER = "smtp://user:secret@mail.example.com:587"


def settings(**more: Any) -> Settings:
    return Settings(
        database_url=SecretStr("postgresql://x"),
        redis_url=SecretStr("redis://x"),
        kafka_bootstrap="x",
        jwt_secret=SecretStr("x" * 32),
        **more,
    )


@pytest.mark.parametrize(
    "url",
    [
        "smtp://user:Gitw50#2secret@mail.example.com:587",
        "smtp://user:PQRS/WXYZ@mail.example.com:587",
        "smtp://user:1234#x@mail.example.com:587",
        "smtp://user:1234?x@mail.example.com:587",
        "smtp://mail.example.com:587/inbox",
        "smtp://[::1",
        "smtp://mail.example.com:99999",
        "http://mail.example.com",
    ],
)
def test_an_address_with_other_parts_is_refused_without_showing_any(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(smtp_url=SecretStr(url))
    said = describe(refused.value)
    assert "KUBER_SMTP_URL: Value error, must look like" in said
    assert not any(part in said for part in ("Gitw50", "2secret", "PQRS", "WXYZ", "1234", "99999"))


@pytest.mark.parametrize("url", [SERVER, SERVER + "/", "smtps://host", "smtp://u:p%23q%2F@h:25"])
def test_an_address_of_a_server_is_taken(url: str) -> None:
    taken = settings(smtp_url=SecretStr(url), mail_from="kuber@example.com")
    assert taken.smtp_url == SecretStr(url)


@pytest.mark.parametrize(
    "sender",
    ["kübér@example.com", "Kuber <x@ex..ample.com>", f"x@{'a' * 64}.com", "kuber@", "no address"],
)
def test_a_sender_that_no_mail_can_come_from_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(smtp_url=SecretStr(SERVER), mail_from=sender)
    assert "KUBER_MAIL_FROM: Value error, must" in describe(refused.value)


def test_a_sender_on_a_domain_outside_ascii_is_written_as_dns_knows_it() -> None:
    taken = settings(smtp_url=SecretStr(SERVER), mail_from="Kübér <kuber@münchen.de>")
    sender = SmtpSender(SERVER, taken.mail_from)
    assert sender.sender == "=?utf-8?b?S8O8YsOpcg==?= <kuber@xn--mnchen-3ya.de>"


@pytest.mark.parametrize("url", ["https://", "http://[::1", "https://kuber.example.com:99999"])
def test_a_public_address_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(public_url=url)
    assert "KUBER_PUBLIC_URL: Value error, must name a host" in describe(refused.value)
