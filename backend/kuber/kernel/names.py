"""Names and notes that people give: text in which something can be seen, and nothing is hidden."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_MOST_CHARACTERS = 120
_MOST_OF_A_NOTE = 2000

_BIDI_CONTROLS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Embeddings, overrides and isolates: they turn round what stands beside the name, too."""
_MARKS = frozenset("\u061c\u200e\u200f")
"""They change the direction of what stands beside them, and show nothing."""
_JOINERS = frozenset("\u200c\u200d")
"""They show nothing and change what is seen: Persian is written with them, and so are emoji."""
_PREFIXES = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
"""Signs for numbers: the only ones of their category that are drawn."""
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""The flag of a region, spelt by characters that nobody sees."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Mn", "Mc", "Me", "Zl", "Zp", "Zs"})
"""Categories of characters that show nothing by themselves."""
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and symbols that are drawn as nothing: Hangul fillers, the empty Braille pattern."""
_IGNORABLE = (0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000))
_IGNORABLES = frozenset(map(chr, _IGNORABLE))
_NOTHING = _BLANKS | _IGNORABLES
_LINE_ENDS = frozenset({"Cc", "Zl", "Zp"})


def is_visible(text: str) -> bool:
    """Say whether anything of `text` can be seen."""
    return any(one not in _NOTHING and unicodedata.category(one) not in _UNSEEN for one in text)


def without_bidi_controls(text: str) -> str:
    """Return `text` without the characters that turn round the direction of what follows."""
    return "".join(one for one in text if one not in _BIDI_CONTROLS)


def _hidden(text: str) -> Iterator[str]:
    """Yield what nobody sees in `text` beside line breaks and control characters."""
    for one in _FLAG.sub("", text):
        odd = unicodedata.category(one) == "Cf" and one not in _JOINERS and one not in _PREFIXES
        if odd or one in _IGNORABLES:
            yield one


def _open(text: str) -> str:
    """Return `text`; raises ValueError for what turns it round or is hidden in it."""
    for one in _hidden(text):
        if one in _BIDI_CONTROLS or one in _MARKS:
            what = "characters that turn round the direction of text"
        else:
            what = "characters that nobody sees"
        raise ValueError(f"holds {what} (U+{ord(one):04X}): leave them out")
    return text


def _checked(text: str) -> str:
    _open(text)
    if any(unicodedata.category(one) in _LINE_ENDS for one in text):
        raise ValueError("holds line breaks or control characters: leave them out")
    if not is_visible(text):
        raise ValueError("shows nothing: use at least one letter, digit or symbol")
    return text


def _noted(text: str) -> str:
    _open(text)
    if any(unicodedata.category(one) == "Cc" and one not in "\n\r\t" for one in text):
        raise ValueError("holds control characters: leave them out")
    return text


def _shown(text: str) -> str | None:
    shown = without_bidi_controls(text)
    return shown if is_visible(shown) else None


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=_MOST_CHARACTERS),
    AfterValidator(_checked),
]
"""A name of 1 to 120 characters, without spaces around it."""

Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=_MOST_OF_A_NOTE),
    AfterValidator(_noted),
]
"""A text of up to 2000 characters in any number of lines, without spaces around it."""

Label = Annotated[str, StringConstraints(max_length=80), AfterValidator(_shown)]
"""A name of at most 80 characters within a stored document, None when it shows nothing: documents
were stored before names were looked at.
"""
