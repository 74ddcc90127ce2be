"""Who is connected and wants to be told at once."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from kuber.kernel.ids import UserId

Message = TypeVar("Message")


class Push(Generic[Message]):
    """The open connections of each user, for messages of one topic."""

    def __init__(self) -> None:
        self._watchers: dict[UserId, set[Callable[[Message], None]]] = defaultdict(set)

    @contextmanager
    def watching(self, user_id: UserId, put: Callable[[Message], None]) -> Iterator[None]:
        """Have `put` called with each message while the block runs; it returns at once."""
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

    def tell(self, user_id: UserId, message: Message) -> None:
        """Hand a message to every connection of a user."""
        for put in tuple(self._watchers.get(user_id, ())):
            put(message)
