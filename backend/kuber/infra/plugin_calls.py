"""Calling code of plug-ins from the middle of a process that serves others, too."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class PluginCodeFailed(Exception):
    """Code of a plug-in raised what would have ended the process, or passed for a cancellation."""


def call_plugin(code: Callable[[], T]) -> T:
    """Call code that is not awaited.

    Raises what it raises if that is an Exception, and PluginCodeFailed for SystemExit,
    KeyboardInterrupt and their like.
    """
    try:
        return code()
    except Exception:
        raise
    except BaseException as error:
        raise PluginCodeFailed(f"Code of a plug-in raised {type(error).__name__}.") from error
