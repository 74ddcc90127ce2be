"""What an import has to say besides its bars: every guess, and whatever was left out or mended."""

from dataclasses import dataclass

MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence, with a code for programs."""

    code: str
    message: str


class Notes:
    """The notes of one file, each once."""

    def __init__(self) -> None:
        self._notes: dict[Note, None] = {}

    def add(self, code: str, message: str) -> None:
        """Note one thing; what is said already is not said again."""
        if len(self._notes) < MOST_NOTES:
            self._notes.setdefault(Note(code, message))

    def all(self) -> tuple[Note, ...]:
        """Return them in the order in which they were made."""
        return tuple(self._notes)
