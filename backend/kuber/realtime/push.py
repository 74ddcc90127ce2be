"""Who is connected and wants to be told at once."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Message = TypeVar("Message")


class Push(Generic[Key, Message]):
    """The open connections that want to hear of each thing, such as a user or a symbol."""

    def __init__(self) -> None:
        self._watchers: dict[Key, set[Callable[[Message], None]]] = defaultdict(set)

    def join(self, key: Key, put: Callable[[Message], None]) -> None:
        """Call `put` with each message from now on; it returns at once."""
        self._watchers[key].add(put)

    def leave(self, key: Key, put: Callable[[Message], None]) -> None:
        """Call `put` no more."""
        if key in self._watchers:
            self._watchers[key].discard(put)
            if not self._watchers[key]:
                del self._watchers[key]

    @contextmanager
    def watching(self, key: Key, put: Callable[[Message], None]) -> Iterator[None]:
        """Have `put` called with each message while the block runs."""
        self.join(key, put)
        try:
            yield
        finally:
            self.leave(key, put)

    def watched(self) -> set[Key]:
        """Return what anybody wants to hear of."""
        return set(self._watchers)

    def tell(self, key: Key, message: Message) -> None:
        """Hand a message to everybody who wants to hear of `key`."""
        for put in tuple(self._watchers.get(key, ())):
            put(message)
