"""TA-Lib for arrays alone.

The package imports pandas and polars when they are installed, to take their series too. Kuber hands
it arrays only, and each of its processes would carry 90 MB more for nothing.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let imports of `names` fail meanwhile, except of those that are loaded already."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # what import takes for "not there"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _hidden("pandas", "polars"):
    import talib

__all__ = ["talib"]
