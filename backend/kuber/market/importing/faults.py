"""Collecting what is wrong with a file, line by line."""

from collections import Counter

from kuber.kernel.errors import Problem
from kuber.market.errors import ImportRefused

MAX_PROBLEMS = 20
_MANY = 10_000
NOTHING_IMPORTED = "Nothing was imported."


class Faults:
    """Problems of one file; lines count from 1, the header included."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._counts: Counter[tuple[str, str | None]] = Counter()
        self._advice: dict[str, str] = {}

    @property
    def many(self) -> bool:
        """Whether there are so many that reading on makes no sense."""
        return self._counts.total() >= _MANY

    def advise(self, code: str, remedy: str) -> None:
        """Have problems of one kind name this remedy, since what is wrong is known of the file."""
        self._advice[code] = remedy

    def add(
        self,
        code: str,
        message: str,
        remedy: str,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        """Note one problem; of one kind in one column only the first ones are kept."""
        self._counts[code, field] += 1
        if self._counts[code, field] <= MAX_PROBLEMS:
            remedy = self._advice.get(code, remedy)
            self._problems.append(Problem(message, remedy, field=field, line=line, code=code))

    def refuse_if_any(self) -> None:
        """Raise ImportRefused with the first problems in line order when there are any."""
        if not self._problems:
            return
        ordered = sorted(self._problems, key=lambda problem: problem.line or 0)
        count = self._counts.total()
        noun = "problem" if count == 1 else "problems"
        more = f", {MAX_PROBLEMS} of them are listed" if count > MAX_PROBLEMS else ""
        raise ImportRefused(
            f"The file has {count} {noun}{more}. {NOTHING_IMPORTED}", ordered[:MAX_PROBLEMS]
        )


def refuse(
    code: str, message: str, remedy: str, line: int | None = None, field: str | None = None
) -> ImportRefused:
    """Return the refusal of a file for one problem."""
    problem = Problem(message, remedy, field=field, line=line, code=code)
    return ImportRefused(f"{message} {NOTHING_IMPORTED}", (problem,))
