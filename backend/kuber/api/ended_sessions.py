"""Sessions whose tokens a route has refused lately."""

import time

from kuber.identity.types import SessionId

_MOST = 10_000
_KEPT_S = 60.0


class EndedSessions:
    """Remembers them for a minute: what comes with their tokens counts as a stranger's, so that
    whoever took a token does not use up what its owner may send."""

    def __init__(self) -> None:
        self._since: dict[SessionId, float] = {}

    def add(self, session_id: SessionId) -> None:
        """Remember a session; the oldest is forgotten when there are too many."""
        self._since.pop(session_id, None)
        self._since[session_id] = time.monotonic()
        if len(self._since) > _MOST:
            del self._since[next(iter(self._since))]

    def __contains__(self, session_id: SessionId) -> bool:
        since = self._since.get(session_id)
        return since is not None and time.monotonic() - since < _KEPT_S
