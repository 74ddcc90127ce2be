"""Checkpoints outside the database: what tells that its end was cut off, or a backup put back.

`<chain>.jsonl` holds one checkpoint a line, `<chain>.head.json` the newest state. Both are written
after the commit of what they speak of: they never know more than the database did.
"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import structlog

from kuber.audit.canonical import canonical
from kuber.audit.types import Checkpoint

log = structlog.get_logger(__name__)

_MOST_CHARACTERS = 1000
"""Of each text of a checkpoint; its longest is a signature."""


@dataclass(frozen=True, slots=True)
class OutsideRecord:
    """What the files say; `unread` names what could not be read, in a sentence."""

    checkpoints: tuple[Checkpoint, ...]
    unread: str | None

    @property
    def highest(self) -> Checkpoint | None:
        """The checkpoint that knows most of the chain."""
        return max(self.checkpoints, key=lambda one: one.position, default=None)


def read_outside(folder: Path, chain_id: UUID | None) -> OutsideRecord:
    """Return all checkpoints of a chain, of every chain when its id is not known any more.

    What cannot be read is said, never raised.
    """
    unread: list[str] = []
    chain = "*" if chain_id is None else str(chain_id)
    paths = [*folder.glob(f"{chain}.jsonl"), *folder.glob(f"{chain}.head*.json")]
    paths = sorted(path for path in paths if _is_of_a_chain(path))
    found = [one for path in paths for one in _read_lines(path, unread)]
    if not found and not unread:
        unread.append(f"There is no checkpoint of this chain in {folder}.")
    return OutsideRecord(tuple(found), " ".join(unread) or None)


class OutsideFiles:
    """The files of one chain in `folder`."""

    def __init__(self, folder: Path, chain_id: UUID) -> None:
        self.folder = folder
        self._chain_id = chain_id
        self._lines = folder / f"{chain_id}.jsonl"
        self._head = folder / f"{chain_id}.head.json"

    def read(self) -> OutsideRecord:
        """Return all checkpoints of the files."""
        return read_outside(self.folder, self._chain_id)

    def append(self, checkpoint: Checkpoint) -> None:
        """Add one line, on disk when this returns; a torn last line is ended first.

        Raises OSError; then the file is as it was.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lines.open("a+b", buffering=0) as file:
            size = file.tell()
            torn = size and not _ends_with_newline(file.fileno(), size)
            line = (b"\n" if torn else b"") + line_of(checkpoint) + b"\n"
            try:
                if file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    os.ftruncate(file.fileno(), size)
                raise

    def put_head(self, checkpoint: Checkpoint) -> None:
        """Note the newest state, in the place of the one before; a damaged one is kept aside."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._set_damaged_aside()
        draft = self._head.with_name(self._head.name + ".new")
        with draft.open("wb") as file:
            file.write(line_of(checkpoint) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._head)

    def there(self) -> frozenset[str]:
        """Return the names of those of the two files that are there."""
        return frozenset(one.name for one in (self._head, self._lines) if os.path.lexists(one))

    def head(self) -> Checkpoint | None:
        """Return the newest state as it was noted last; None when it cannot be read."""
        return next(_read_lines(self._head, []), None)

    def set_head_aside(self, position: int) -> None:
        """Keep the newest state under a name of its own, so that nothing ever replaces it."""
        with suppress(OSError):
            content, number = self._head.read_bytes(), 0
            while True:
                more = f"-{number}" if number else ""
                kept = self._head.with_name(f"{self._chain_id}.head-{position}{more}.json")
                with suppress(FileExistsError), kept.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                    break
                number += 1
            self._head.unlink()

    def _set_damaged_aside(self) -> None:
        """Rename a head that cannot be read, so that verification names it; raises OSError."""
        if not os.path.lexists(self._head) or self.head() is not None:
            return
        number, kept = 0, self._head.with_name(f"{self._chain_id}.head-damaged.json")
        while os.path.lexists(kept):
            number += 1
            kept = self._head.with_name(f"{self._chain_id}.head-damaged-{number}.json")
        self._head.rename(kept)  # one linker writes here: nobody takes the name in between
        log.error("audit_head_damaged", kept_as=kept.name)


def _ends_with_newline(descriptor: int, size: int) -> bool:
    return os.pread(descriptor, 1, size - 1) == b"\n"


def line_of(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as one line of JSON."""
    return canonical(
        {
            "chain_id": checkpoint.chain_id,
            "chain_position": checkpoint.position,
            "hash": checkpoint.hash,
            "key_id": checkpoint.key_id,
            "signature": checkpoint.signature,
            "timestamp": checkpoint.at,
        }
    ).encode()


def _read_lines(path: Path, unread: list[str]) -> Iterator[Checkpoint]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        unread.append(f"{path.name} cannot be read: {error.strerror}.")
        return
    if not lines and path.suffix == ".json":  # a head has one line
        unread.append(f"{path.name} is empty.")
    damaged: list[int] = []
    for number, line in enumerate(lines, start=1):
        try:
            yield _checkpoint(json.loads(line))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            damaged.append(number)
    if damaged:
        others = f" and {len(damaged) - 1} others" if len(damaged) > 1 else ""
        unread.append(f"Line {damaged[0]}{others} of {path.name} cannot be read.")


def _is_of_a_chain(path: Path) -> bool:
    """Say whether a file is named after a chain; people keep exports in the folder, too."""
    with suppress(ValueError):
        return str(UUID(path.name.partition(".")[0])) == path.name.partition(".")[0]
    return False


def _checkpoint(said: dict[str, object]) -> Checkpoint:
    """Return what a line says; raises ValueError, KeyError, TypeError or OverflowError."""
    position = said["chain_position"]
    if type(position) is not int or not 1 <= position < 2**63:
        raise ValueError("no place of a chain")
    at = datetime.fromisoformat(_text(said, "timestamp"))
    if at.tzinfo is None:
        raise ValueError("no instant")
    return Checkpoint(
        UUID(_text(said, "chain_id")),
        position,
        bytes.fromhex(_text(said, "hash")),
        at.astimezone(UTC),
        _text(said, "key_id"),
        bytes.fromhex(_text(said, "signature")),
    )


def _text(said: dict[str, object], name: str) -> str:
    value = said[name]
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS:
        raise TypeError(name)
    value.encode()  # no halves of surrogate pairs
    return value
