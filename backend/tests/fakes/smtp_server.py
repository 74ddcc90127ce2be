"""A mail server on 127.0.0.1 that does what a test says."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from kuber.infra.embedded.process import free_port


class MailServer:
    """Takes every mail, unless `recipient` or `content` is another answer than "250 OK"; while
    `hangs` it answers nothing any more once it has heard of the sender."""

    def __init__(self) -> None:
        self.says_good_bye = True
        self.recipient = "250 OK"
        self.content = "250 OK"
        self.hangs = False
        self.calls = 0
        self.recipients: list[str] = []
        self.mails: list[EmailMessage] = []

    async def handle_MAIL(  # noqa: N802  the library's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        mail_options: list[str],
    ) -> str:
        self.calls += 1
        while self.hangs:  # noqa: ASYNC110  the test sets it from another thread
            await asyncio.sleep(0.05)
        envelope.mail_from = address
        return "250 OK"

    async def handle_QUIT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        while not self.says_good_bye:  # noqa: ASYNC110  the test sets it from another thread
            await asyncio.sleep(0.05)
        return "221 Bye"

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        if self.recipient == "250 OK":
            envelope.rcpt_tos.append(address)
            self.recipients.append(address)
        return self.recipient

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.content == "250 OK":
            raw = envelope.content
            assert isinstance(raw, bytes)
            message = message_from_bytes(raw, policy=default)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
        return self.content


@contextmanager
def mail_server(*, takes_utf8: bool = True) -> Iterator[tuple[MailServer, str]]:
    """Run a server; give it and its address as a setting names it."""
    handler, port = MailServer(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, enable_SMTPUTF8=takes_utf8)
    controller.start()
    try:
        yield handler, f"smtp://127.0.0.1:{port}"
    finally:
        handler.hangs, handler.says_good_bye = False, True
        controller.stop()


def text_of(message: EmailMessage) -> str:
    """Return the plain text of a mail."""
    body = message.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text
