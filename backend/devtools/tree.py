"""Checks on the files themselves: their length, and lock files without addresses.

Run as `python -m devtools.tree`.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from devtools.steps import ROOT

LONGEST_LINES = 400
_REASON = re.compile(r"over 400 lines because \S+")
_REASON_WITHIN_LINES = 15
_CODE = (".py", ".ts", ".mjs", ".html", ".scss", ".sh")
_LOCKS = (
    "backend/requirements.lock",
    "backend/requirements-stack.lock",
    "backend/requirements-dev.lock",
    "frontend/package-lock.json",
)
_ADDRESS = re.compile(
    r'"resolved"\s*:\s*"(?!file:)|^\s*(--)?(extra-)?(index|find)-(url|links)|registry\s*=|https?://'
    r"[^\s\"]*(pypi|npmjs|registry)",
    re.IGNORECASE,
)


def main() -> int:
    """Print what is wrong; return the exit code."""
    problems = [*long_files(), *addresses()]
    print("\n".join(problems))
    return 1 if problems else 0


def long_files() -> Iterator[str]:
    """Yield each file of code that is too long and does not say why."""
    for path in _own_files():
        if path.suffix not in _CODE:
            continue
        lines = path.read_text().splitlines()
        top = "\n".join(lines[:_REASON_WITHIN_LINES])
        if len(lines) > LONGEST_LINES and not _REASON.search(top):
            yield (
                f"{path.relative_to(ROOT)}: {len(lines)} lines; split it, or write at its top "
                "'over 400 lines because ...'"
            )


def addresses() -> Iterator[str]:
    """Yield each line of a lock file that names a package registry."""
    for name in _LOCKS:
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            if _ADDRESS.search(line):
                yield f"{name}:{number}: names a registry: {line.strip()[:100]}"


def _own_files() -> Iterator[Path]:
    """Yield what is, or would be, under version control; all of the source without git."""
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = filter(None, listed.stdout.split("\0"))
        yield from (path for name in names if (path := ROOT / name).is_file())
        return
    for folder in ("backend/kuber", "backend/tests", "backend/devtools", "frontend/src"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
