"""A stranger's web server: whatever it answers, also nothing, slowly, or without end."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class ListServer:
    """What the server answers next, and what it was asked.

    `answers` are sent in turn, the last one again and again; an answer is the raw bytes of an HTTP
    message. After it the server waits `pause_s` before it closes.
    """

    port: int = 0
    answers: list[bytes] = field(default_factory=list)
    before_s: float = 0
    endless: bytes = b""
    requests: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first request."""
    server_names: list[str | None] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tickers"

    def answer(self, body: object, status: str = "200 OK", **headers: str) -> None:
        """Answer with JSON from now on."""
        self.answers = [message(json.dumps(body).encode(), status, **headers)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.decode())
            self.asked.set()
            await asyncio.sleep(self.before_s)
            writer.write(self.answers[0] if len(self.answers) == 1 else self.answers.pop(0))
            while self.endless:
                writer.write(self.endless)
                await writer.drain()
                await asyncio.sleep(0.01)
            await writer.drain()
        writer.close()


def message(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Return the bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return message(b"", status, Location=location)


@asynccontextmanager
async def list_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[ListServer]:
    """Serve on a free port of 127.0.0.1."""
    stranger = ListServer(answers=[message(b'["AAPL","MSFT"]')])
    if tls is not None:

        def note_name(_socket: object, name: str | None, _context: object) -> None:
            stranger.server_names.append(name)

        tls.sni_callback = note_name
    server = await asyncio.start_server(stranger.serve, "127.0.0.1", 0, ssl=tls)
    stranger.port = server.sockets[0].getsockname()[1]
    yield stranger
    server.close()


def tls_pair(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server that proves to be `host`, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / f"{host}.pem"
    path.write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())
