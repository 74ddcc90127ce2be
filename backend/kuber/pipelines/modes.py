"""Which modes a pipeline may have."""

from kuber.kernel.errors import Problem
from kuber.pipelines.errors import ModeLocked
from kuber.pipelines.types import Mode
from kuber.trading.requests import TRADING_MODES


def open_mode(mode: Mode) -> str:
    """Return the name of a mode that this installation offers; raises ModeLocked."""
    if mode.value not in TRADING_MODES:
        raise ModeLocked(
            f"Mode {mode.value} is locked: it needs a verified broker connection,"
            " which this release does not offer yet.",
            [
                Problem(
                    f"{mode.value.capitalize()} is locked.",
                    "Use simulation or validation.",
                    field="mode",
                )
            ],
        )
    return mode.value
