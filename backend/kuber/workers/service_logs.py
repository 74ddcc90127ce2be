"""What services write: files of bounded size, and lines for whoever looks on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path

_LARGEST_BYTES = 5 * 1024 * 1024
_OLDER_FILES = 2


@dataclass
class RotatingLog:
    """A log file that is set aside at `largest_bytes`; keeps `older_files` of those."""

    path: Path
    largest_bytes: int = _LARGEST_BYTES
    older_files: int = _OLDER_FILES
    _file: BufferedWriter | None = field(default=None, init=False, repr=False)

    def write(self, piece: bytes) -> None:
        """Append `piece`."""
        if self._file is None:
            self._file = self.path.open("ab")
        elif self._file.tell() + len(piece) > self.largest_bytes:
            self._file.close()
            self._set_aside()
            self._file = self.path.open("ab")
        self._file.write(piece)
        self._file.flush()

    def close(self) -> None:
        """Close the file; writing opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _set_aside(self) -> None:
        for number in range(self.older_files, 0, -1):
            newer = self.path if number == 1 else self._older(number - 1)
            if newer.exists():
                newer.replace(self._older(number))

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


class ServiceLogs:
    """The log files of a stack in one folder, `<service>.log` each.

    Lines of the services that are `echoed` also go to `show`, once it is set.
    """

    def __init__(self, folder: Path, echoed: Sequence[str]) -> None:
        self._folder = folder
        self._echoed = frozenset(echoed)
        self._files: dict[str, RotatingLog] = {}
        self._rest: dict[str, bytes] = {}
        self.show: Callable[[str, str], None] | None = None

    def write(self, service: str, piece: bytes) -> None:
        """Take what `service` has written."""
        if service not in self._files:
            self._files[service] = RotatingLog(self._folder / f"{service}.log")
        self._files[service].write(piece)
        if self.show is None or service not in self._echoed:
            return
        *lines, rest = (self._rest.get(service, b"") + piece).split(b"\n")
        self._rest[service] = rest[-65536:]
        for line in lines:
            self.show(service, line.decode(errors="replace"))

    def close(self) -> None:
        """Close every file."""
        for file in self._files.values():
            file.close()


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last `count` lines of a log; none when there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 400 * count))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-count:]
