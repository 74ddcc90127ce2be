"""Sending mail over SMTP."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formataddr, formatdate, parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

SEND_WITHIN_S = 60.0
"""For all of one mail, from the connection to the server's last word."""
_GOOD_BYE_S = 2.0
_LONGEST_SAID = 200
_NO_SMTPUTF8 = (
    "takes no address with letters outside of ASCII before the @: use an account with another"
    " address, or a server that offers SMTPUTF8."
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one address; `delivery_id` names it, so that one sent twice can be told."""

    delivery_id: UUID
    address: str
    subject: str
    text: str


class MailNotSent(Exception):
    """The mail did not go out; `final` when the server will never take it."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class MailSender(Protocol):
    """Hands mail to a server; raises MailNotSent."""

    async def send(self, letter: Letter) -> None: ...


class SmtpSender:
    """Sends each mail over a connection of its own.

    `url` is `smtp://user:secret@host:587`, upgraded to TLS where the server offers it, or
    `smtps://...:465`. The log-in is never sent unencrypted to another machine.
    """

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        name, address = parseaddr(sender)
        assert parts.hostname, "the settings were checked"
        address = _ascii_domain(address)
        self._host = parts.hostname
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._secret = unquote(parts.password) if parts.password else None
        self.sender = formataddr((name or "Kuber", address))
        self._domain = address.rpartition("@")[2]

    async def send(self, letter: Letter) -> None:
        """Hand one mail to the server; raises MailNotSent, after `SEND_WITHIN_S` at the latest.

        Once the server has taken the mail it is sent, whatever comes of the good-bye.
        """
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._secret,
            use_tls=self._tls,
            start_tls=self._start_tls(),
            timeout=SEND_WITHIN_S,
        )
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await client.connect()
                await self._send(client, letter)
        except MailNotSent:
            raise
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
            raise _not_sent(error) from error
        else:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(_GOOD_BYE_S):
                    await client.quit()
        finally:
            client.close()

    async def _send(self, client: aiosmtplib.SMTP, letter: Letter) -> None:
        message, to = self._message(letter), _ascii_domain(letter.address)
        if to.isascii():
            message["To"] = to
            await client.send_message(message)
            return
        await client.ehlo()
        if not client.supports_extension("SMTPUTF8"):
            raise MailNotSent(f"The mail server {_NO_SMTPUTF8}", final=True)
        # As it stands: `Message` would write an encoded word, which is no address (RFC 6532).
        content = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
        await client.sendmail(
            parseaddr(self.sender)[1],
            [to],
            b"To: %b\r\n%b" % (to.encode(), content),
            mail_options=["SMTPUTF8"],
        )

    def _start_tls(self) -> bool | None:
        """Return whether TLS is demanded, left out, or (None) taken where the server offers it.

        On this machine it is left out: nobody can listen, and certificates are often home-made.
        """
        if self._tls or self._host in ("localhost", "127.0.0.1", "::1"):
            return False
        return True if self._user else None

    def _message(self, letter: Letter) -> MIMEText:
        """Return the mail without whom it goes to."""
        # Not EmailMessage: it takes a text that looks like an encoded word for one, and what such
        # a word hides, line ends for instance, becomes part of the header.
        message = MIMEText(letter.text, "plain", "utf-8")
        subject = "".join(one for one in " ".join(letter.subject.split()) if one.isprintable())
        message["From"] = self.sender
        plain = subject.isascii() and "=?" not in subject
        message["Subject"] = subject if plain else _encoded(subject)
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{letter.delivery_id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        return message


def _encoded(subject: str) -> str:
    return Header(subject, "utf-8", header_name="Subject").encode()


def _ascii_domain(address: str) -> str:
    """Return the address with its domain as DNS knows it; raises ValueError."""
    name, _, domain = address.rpartition("@")
    if any(one.isspace() or not one.isprintable() for one in name):
        raise ValueError("no address")
    return f"{name}@{domain.encode('idna').decode()}"


def _not_sent(error: Exception) -> MailNotSent:
    final = False
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=refused) if refused:
            reason = f"refuses the address: {_said(refused[0].code, refused[0].message)}"
            final = refused[0].code >= 500
        case aiosmtplib.SMTPAuthenticationError():
            reason = "does not accept the installation's log-in."
        case aiosmtplib.SMTPSenderRefused():
            reason = "does not accept the installation as a sender."
        case aiosmtplib.SMTPDataError(code=code, message=message):
            reason, final = f"refuses the mail: {_said(code, message)}", code >= 500
        case aiosmtplib.SMTPNotSupported() | ValueError():
            reason, final = "cannot write to this address.", True
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            reason = f"did not answer within {SEND_WITHIN_S:g} s."
        case aiosmtplib.SMTPResponseException(code=code, message=message) if code > 0:
            reason = f"refuses the connection: {_said(code, message)}"
        case _ if _is_about_tls(error):
            reason = "has no certificate that is trusted, or TLS failed."
        case _:
            reason = "cannot be reached, or closed the connection."
    return MailNotSent(f"The mail server {reason}", final=final)


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _said(code: int, message: str) -> str:
    """Return what a server said on one line, as it can be stored; it may be in any encoding."""
    line = " ".join(message.encode("utf-8", "replace").decode().split())
    return f"{code} {''.join(one for one in line if one.isprintable())[:_LONGEST_SAID]}".strip()
