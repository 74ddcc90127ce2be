"""Files that cannot be read or written: set aside, or one sentence that says what to do."""

import errno
import time
from collections.abc import Callable
from pathlib import Path

Tell = Callable[[str], None]
"""Takes a sentence for people."""

_REMEDIES = {
    errno.ENOSPC: "The disk is full: make room and try again.",
    errno.EDQUOT: "The disk quota is used up: make room and try again.",
    errno.EROFS: "It cannot be written to: name a folder that can, with KUBER_HOME.",
    errno.EACCES: "Give yourself the right to it, or name another folder with KUBER_HOME.",
    errno.EPERM: "Give yourself the right to it, or name another folder with KUBER_HOME.",
    errno.ENOTDIR: "A file stands where a folder should: move it away, or set another KUBER_HOME.",
    errno.EEXIST: "A file stands where a folder should: move it away, or set another KUBER_HOME.",
    errno.EISDIR: "A folder stands where a file should: move it away and try again.",
    errno.ENAMETOOLONG: "The path is too long: name a shorter folder with KUBER_HOME.",
    errno.EIO: "The disk fails: look at the machine's log.",
    errno.ELOOP: "Its links lead in a circle: name another folder with KUBER_HOME.",
}


def silent(_sentence: str) -> None:
    """Tell nobody."""


def remedy_of(error: OSError) -> str | None:
    """Return what is wrong with a file and what to do about it, in one line; None when the failure
    is of another kind."""
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is None:
        return None
    # Of a file that could not be put in the place of another it is the other that is in the way.
    name = error.filename2 or error.filename
    place = f"{name}: " if isinstance(name, str | Path) else ""
    return f"{place}{(error.strerror or 'it failed').lower()}. {remedy}"


def clear_place(path: Path, tell: Tell = silent) -> None:
    """Set aside a folder that stands where the file `path` should, and tell."""
    if path.is_dir() and not path.is_symlink():
        tell(f"{path} was a folder where a file should be and is now {set_aside(path).name}.")


def set_aside(path: Path) -> Path:
    """Rename `path`, a file or folder, to `NAME.damaged-TIME` beside it; return where it is."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    return path.rename(target)
