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
        self._notes: dict[str | Note, Note] = {}
        self._counts: dict[str, int] = {}

    def add(self, code: str, message: str) -> None:
        """Note one thing; what is said already is not said again."""
        if len(self._notes) < MOST_NOTES:
            note = Note(code, message)
            self._notes.setdefault(note, note)

    def count(self, code: str, count: int, one: str, many: str) -> None:
        """Note how often something is so in a file that is read part by part.

        `one` is the sentence for a count of 1, `many` holds `{count}` for any other.
        """
        total = self._counts.get(code, 0) + count
        self._counts[code] = total
        message = one if total == 1 else many.format(count=f"{total:,}")
        self._notes[code] = Note(code, message)

    def all(self) -> tuple[Note, ...]:
        """Return them in the order in which they were made."""
        return tuple(self._notes.values())
