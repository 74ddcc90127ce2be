"""Sessions whose tokens a route has refused lately."""

from cachetools import TTLCache

from kuber.identity.types import SessionId

_MOST = 10_000
_KEPT_S = 60.0


class EndedSessions:
    """Remembers them for a minute: what comes with their tokens counts as a stranger's, so that
    whoever took a token does not use up what its owner may send."""

    def __init__(self) -> None:
        self._kept: TTLCache[SessionId, None] = TTLCache(_MOST, _KEPT_S)

    def add(self, session_id: SessionId) -> None:
        """Remember a session; the least used is forgotten when there are too many."""
        self._kept[session_id] = None

    def __contains__(self, session_id: SessionId) -> bool:
        return session_id in self._kept
