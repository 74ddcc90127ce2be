"""Words about positions that need a person."""

from datetime import datetime


def why_set_aside(reason: str, since: datetime) -> str:
    """Return why nothing happens with a position that could not be worked."""
    return (
        f"It needs a person: since {since:%Y-%m-%d %H:%M} UTC it cannot be worked"
        f" ({reason.rstrip('.')}), and nobody watches its stop. It is tried again every 30 seconds."
    )
