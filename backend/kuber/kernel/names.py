"""Names that people give: one line of text in which something can be seen."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_MOST_CHARACTERS = 120

_BIDI_CONTROLS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Embeddings, overrides and isolates: they turn round what stands beside the name, too."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Mn", "Mc", "Me", "Zl", "Zp", "Zs"})
"""Categories of characters that show nothing by themselves."""
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and symbols that are drawn as nothing: Hangul fillers, the empty Braille pattern."""
_IGNORABLE = (0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000))
_NOTHING = _BLANKS | frozenset(map(chr, _IGNORABLE))
_LINE_ENDS = frozenset({"Cc", "Zl", "Zp"})


def is_visible(text: str) -> bool:
    """Say whether anything of `text` can be seen."""
    return any(one not in _NOTHING and unicodedata.category(one) not in _UNSEEN for one in text)


def without_bidi_controls(text: str) -> str:
    """Return `text` without the characters that turn round the direction of what follows."""
    return "".join(one for one in text if one not in _BIDI_CONTROLS)


def _checked(text: str) -> str:
    if any(one in _BIDI_CONTROLS for one in text):
        raise ValueError("holds characters that turn round the direction of text: leave them out")
    if any(unicodedata.category(one) in _LINE_ENDS for one in text):
        raise ValueError("holds line breaks or control characters: leave them out")
    if not is_visible(text):
        raise ValueError("shows nothing: use at least one letter, digit or symbol")
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

Label = Annotated[str, StringConstraints(max_length=80), AfterValidator(_shown)]
"""A name of at most 80 characters within a stored document, None when it shows nothing: documents
were stored before names were looked at.
"""
