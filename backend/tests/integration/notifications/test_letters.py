"""What a mail looks like, and what servers answer to it."""

from uuid import uuid4

import aiosmtplib
import pytest

from kuber.notifications import mail
from kuber.notifications.mail import Letter, SmtpSender
from kuber.notifications.types import NoticeKind
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


def test_a_domain_outside_of_ascii_is_written_as_dns_knows_it() -> None:
    sender = SmtpSender("smtp://127.0.0.1:1", "Kuber <k@example.com>")
    letter = Letter(uuid4(), "ann@bücher.example", "Hello", "Text")
    assert sender._message(letter)["To"] == "ann@xn--bcher-kva.example"
