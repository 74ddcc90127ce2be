"""What a mail looks like, and what servers answer to it."""

from uuid import uuid4

import aiosmtplib
import pytest

from kuber.notifications import mail
from kuber.notifications.mail import Letter, MailNotSent, SmtpSender
from kuber.notifications.types import NoticeKind
from tests.fakes.smtp_server import MailServer, mail_server, text_of
from tests.integration.notifications.conftest import ADDRESS, Office, Post


async def test_a_name_with_line_ends_adds_no_header(post: Post, office: Office) -> None:
    ann = await post.user()
    await post.confirm(ann)
    await post.tell(
        ann, NoticeKind.RUN_FAILED, pipeline_name="x\r\nBcc: eve@example.com", message="Ends."
    )
    await post.notifier.run_once()
    await office.mailer.run_once()
    (letter,) = office.server.mails
    assert letter["Bcc"] is None
    assert letter["Subject"] == "x Bcc: eve@example.com failed"


@pytest.mark.parametrize(
    "name",
    [
        "=?utf-8?q?x=0D=0ABcc:_eve@example.com=0D=0AReply-To:_e@example.com?=",
        "=?utf-8?b?AAAA?=",
        "=?utf-8?q?Alles_gut?=",
        "Größe und 値段 " + "lang " * 20,
    ],
)
async def test_a_name_that_looks_like_an_encoded_word_stays_what_it_is(
    post: Post, office: Office, name: str
) -> None:
    ann = await post.user()
    await post.confirm(ann)
    await post.tell(ann, pipeline_name=name)
    await post.notifier.run_once()
    await office.mailer.run_once()
    (letter,) = office.server.mails
    (notice,) = await post.notices(ann)
    assert letter["Bcc"] is letter["Reply-To"] is None
    assert letter["Subject"] == notice.title


@pytest.mark.parametrize("charset", ["latin-1", "gbk"])
async def test_a_refusal_in_another_encoding_settles_the_mail(
    post: Post, office: Office, charset: str
) -> None:
    ann = await post.user()
    await post.confirm(ann)
    refusal = "550 5.1.1 Empfänger unbekannt" if charset == "latin-1" else "550 用户不存在"
    raw = refusal.encode(charset).decode("ascii", "surrogateescape")
    error = aiosmtplib.SMTPRecipientRefused(550, raw + "\0", ADDRESS)

    async def refuse(*_: object, **__: object) -> None:
        raise aiosmtplib.SMTPRecipientsRefused([error])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(aiosmtplib.SMTP, "send_message", refuse)
        await post.tell(ann)
        await post.notifier.run_once()
        await office.mailer.run_once()
    (delivery,) = await office.deliveries(ann)
    assert delivery.state == "failed"
    assert "550" in str(delivery.error)


async def test_a_mail_that_was_taken_is_sent_whatever_comes_of_the_good_bye(
    post: Post, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_GOOD_BYE_S", 0.1)
    ann = await post.user()
    await post.confirm(ann)
    office.server.says_good_bye = False
    await post.tell(ann)
    await post.notifier.run_once()
    await office.mailer.run_once()
    assert len(office.server.mails) == 1
    assert [one.state for one in await office.deliveries(ann)] == ["sent"]


ZOE = "zoë@bücher.example"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        (ZOE, "zoë@xn--bcher-kva.example"),
    ],
)
async def test_an_address_outside_of_ascii_is_written_as_servers_know_it(
    smtp: tuple[MailServer, str], address: str, written: str
) -> None:
    server, url = smtp
    sender = SmtpSender(url, "Kuber <k@example.com>")
    await sender.send(Letter(uuid4(), address, "Grüße", "Text"))
    (letter,) = server.mails
    assert server.recipients == [written]
    assert letter.as_bytes().decode().count(f"To: {written}\n") == 1
    assert (letter["Subject"], text_of(letter).strip()) == ("Grüße", "Text")


async def test_a_server_without_smtputf8_says_so_and_no_code_is_waited_for(post: Post) -> None:
    ann = await post.user(ZOE)
    with mail_server(takes_utf8=False) as (server, url):
        office = Office(post, server, url)
        async with post.database.transaction() as session:
            await office.channels.send_code(session, ann, ZOE)
        await office.mailer.run_once()
    (mail,) = await office.deliveries(ann)
    assert (mail.state, server.mails) == ("failed", [])
    assert mail.error is not None
    assert "letters outside of ASCII before the @: use an account with another" in mail.error
    async with post.database.transaction() as session:
        assert (await office.channels.mail(session, ann, ZOE)).state == "unconfirmed"


async def test_an_address_adds_no_header(smtp: tuple[MailServer, str]) -> None:
    sender = SmtpSender(smtp[1], "Kuber <k@example.com>")
    for address in ("zoë\r\nBcc: x@example.com, y@example.com", "zoë x@example.com"):
        with pytest.raises(MailNotSent):
            await sender.send(Letter(uuid4(), address, "Hello", "Text"))
    assert smtp[0].mails == []
