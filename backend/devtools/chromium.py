"""The browser that the tests drive: the system's Chromium."""

import os
import shutil
from pathlib import Path

from devtools import apt

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_or_install() -> Path:
    """Return the browser, installed with apt where that is allowed. Raises StepFailed."""
    apt.ensure("Chromium", lambda: _find() is not None, ["chromium"])
    found = _find()
    assert found is not None, "it was made sure of"
    return found


def _find() -> Path | None:
    chosen = os.environ.get("CHROMIUM")
    for name in (chosen, *_NAMES):
        path = shutil.which(name) if name else None
        if path:
            return Path(path)
    return None
