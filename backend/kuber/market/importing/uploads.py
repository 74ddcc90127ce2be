"""Uploaded files on disk while they are looked at and imported."""

import asyncio
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO
from uuid import UUID

from kuber.market.errors import NoRoomForUpload

MAX_UPLOAD_BYTES = 2_000_000_000
_PART_BYTES = 1_000_000
_SPARE_BYTES = 500_000_000
"""Of the disk, which stays free for everything else."""
_ORPHAN_S = 86_400.0
_LABEL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file that has arrived."""

    label: str
    """What the user calls it; never opened."""
    sha256: str
    size_bytes: int


class Uploads:
    """The folder in which uploads lie, one file for each import, named by its id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, import_id: UUID) -> Path:
        """Return where the file of an import lies, or would."""
        return self._folder / str(import_id)

    async def save(self, import_id: UUID, filename: str, content: BinaryIO) -> StoredUpload:
        """Store an uploaded file; raises NoRoomForUpload."""
        label = PurePath(filename.replace("\\", "/")).name[:_LABEL_CHARACTERS] or "upload"
        digest, size = await asyncio.to_thread(self._write, self.path(import_id), content)
        return StoredUpload(label, digest, size)

    async def delete(self, import_id: UUID) -> None:
        """Throw the file of an import away, if there is one."""
        await asyncio.to_thread(self.path(import_id).unlink, missing_ok=True)

    def orphans(self) -> Iterator[UUID]:
        """Give the files that are older than a day, to be thrown away unless an import has them."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            try:
                import_id, old = UUID(path.name), time.time() - path.stat().st_mtime > _ORPHAN_S
            except (ValueError, OSError):  # not ours, or gone meanwhile
                continue
            if old:
                yield import_id

    def _write(self, path: Path, content: BinaryIO) -> tuple[str, int]:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content.seek(0, os.SEEK_END)
        size = content.tell()
        content.seek(0)
        if shutil.disk_usage(path.parent).free - size < _SPARE_BYTES:
            raise _no_room()
        digest = hashlib.sha256()
        try:
            with path.open("wb") as file:
                while part := content.read(_PART_BYTES):
                    digest.update(part)
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _no_room() from error
        return digest.hexdigest(), size


def _no_room() -> NoRoomForUpload:
    return NoRoomForUpload(
        "The server has no room for the file now. Nothing was stored; an administrator can make"
        " room on its disk.",
        retry_after_s=60,
    )
