"""Who is connected and wants to be told at once."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kuber.infra.db import JsonObject
from kuber.kernel.ids import UserId

Put = Callable[[JsonObject], None]
"""Hands a message to one connection; returns at once."""


class Push:
    """The open connections of each user, for messages of one topic."""

    def __init__(self) -> None:
        self._watchers: dict[UserId, set[Put]] = defaultdict(set)

    @contextmanager
    def watching(self, user_id: UserId, put: Put) -> Iterator[None]:
        """Have `put` called with each message while the block runs."""
        self._watchers[user_id].add(put)
        try:
            yield
        finally:
            self._watchers[user_id].discard(put)
            if not self._watchers[user_id]:
                del self._watchers[user_id]

    def connected(self) -> set[UserId]:
        """Return the users who have an open connection."""
        return set(self._watchers)

    def tell(self, user_id: UserId, message: JsonObject) -> None:
        """Hand a message to every connection of a user."""
        for put in tuple(self._watchers.get(user_id, ())):
            put(message)
