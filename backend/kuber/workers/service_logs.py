"""What services write: files of bounded size, and lines for whoever looks on."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from kuber.infra.embedded.damage import clear_place

_LARGEST_BYTES = 5 * 1024 * 1024
_OLDER_FILES = 2


@dataclass
class RotatingLog:
    """A log file that is set aside at `largest_bytes`; keeps `older_files` of those.

    What cannot be written, as on a full disk, is counted in `lost_bytes` and never raised. Once
    there is room again the log itself says how much is missing.
    """

    path: Path
    largest_bytes: int = _LARGEST_BYTES
    older_files: int = _OLDER_FILES
    lost_bytes: int = field(default=0, init=False)
    _untold_bytes: int = field(default=0, init=False, repr=False)
    _file: FileIO | None = field(default=None, init=False, repr=False)

    def write(self, piece: bytes) -> None:
        """Append `piece`, or count what of it could not be written."""
        told = b""
        if self._untold_bytes:
            told = f"\n[{self._untold_bytes} bytes of this log could not be written]\n".encode()
        written = self._append(told + piece)
        if told and written >= len(told):
            self._untold_bytes = 0
        missing = len(piece) - max(0, written - len(told))
        self._untold_bytes += missing
        self.lost_bytes += missing

    def close(self) -> None:
        """Close the file; writing opens it again."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _append(self, piece: bytes) -> int:
        """Write without a buffer, which would keep what the disk refused; return how much went."""
        written = 0
        try:
            file = self._opened(len(piece))
            while written < len(piece):
                written += file.write(piece[written:]) or 0
        except OSError:
            self.close()
        return written

    def _opened(self, more_bytes: int) -> FileIO:
        if self._file is not None and self._file.tell() + more_bytes > self.largest_bytes:
            self.close()
            self._set_aside()
        if self._file is None:
            clear_place(self.path)
            self._file = FileIO(self.path, "ab")
        return self._file

    def _set_aside(self) -> None:
        for number in range(self.older_files, 0, -1):
            newer = self.path if number == 1 else self._older(number - 1)
            if newer.exists():
                clear_place(self._older(number))
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

    @property
    def lost_bytes(self) -> int:
        """How much of what services wrote is in no log."""
        return sum(file.lost_bytes for file in self._files.values())

    def write(self, service: str, piece: bytes) -> None:
        """Take what `service` has written; raises nothing, whatever the disk says."""
        if service not in self._files:
            self._files[service] = RotatingLog(self._folder / f"{service}.log")
        self._files[service].write(piece)
        if self.show is None or service not in self._echoed:
            return
        *lines, rest = (self._rest.get(service, b"") + piece).split(b"\n")
        self._rest[service] = rest[-65536:]
        with suppress(OSError):  # the terminal may be gone
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
    except (FileNotFoundError, IsADirectoryError):
        return []
    return text.splitlines()[-count:]
