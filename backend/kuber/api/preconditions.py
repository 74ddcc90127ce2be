"""The header If-Match, as RFC 9110 section 13.1.1 has it; a bare revision counts as its tag."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from kuber.api.errors import RevisionRequired
from kuber.kernel.errors import ErrorKind, KuberError, Problem

_TAG = re.compile(r'(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"|(?P<bare>[0-9]{1,10})')
_GAP = re.compile(r"[ \t]*(?:,[ \t]*)+|[ \t]+$")
_MOST = 2**31
_REMEDY = 'Send If-Match: <revision>, as the pipeline says, or its ETag: "<revision>".'


class MalformedHeader(KuberError):
    """A header cannot be read."""

    kind = ErrorKind.MALFORMED
    code = "bad_request"
    title = "A header cannot be read"


@dataclass(frozen=True, slots=True)
class Expected:
    """The revisions that a change may be made over; `whichever`: over any that there is."""

    revisions: frozenset[int] = frozenset()
    whichever: bool = False

    @property
    def only(self) -> int | None:
        """The one revision that is named; None when there are more, or none that can match."""
        return next(iter(self.revisions)) if len(self.revisions) == 1 else None

    def allows(self, revision: int) -> bool:
        """Say whether the change may be made over `revision`."""
        return self.whichever or revision in self.revisions


def expected(if_match: str | None) -> Expected:
    """Return what the header says, its lines joined by commas.

    A weak tag, and one that is no revision, matches nothing. Raises RevisionRequired without a
    header, and MalformedHeader.
    """
    if if_match is None:
        raise RevisionRequired(
            "Send the header If-Match with the revision that you loaded.",
            [Problem("No revision was given.", "Send If-Match: <revision>.", field="If-Match")],
        )
    text = if_match.strip(" \t")
    if text == "*":
        return Expected(whichever=True)
    found: set[int] = set()
    place, count = 0, 0
    while place < len(text):
        tag = _TAG.match(text, place)
        if tag is None:
            break
        count += 1
        name = tag["bare"] or tag["tag"] or ""
        if not tag["weak"] and re.fullmatch("[1-9][0-9]{0,9}", name) and int(name) < _MOST:
            found.add(int(name))
        place = tag.end()
        gap = _GAP.match(text, place)
        if gap is None:
            break
        place = gap.end()
    if not count or place < len(text):
        message = "If-Match names no revision and no list of entity tags."
        raise MalformedHeader(message, [Problem(message, _REMEDY, field="If-Match")])
    return Expected(frozenset(found))


def _expected(
    request: Request,
    _if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="The revision that the change is based on."),
    ] = None,
) -> Expected:
    lines = request.headers.getlist("if-match")
    return expected(", ".join(lines) if lines else None)


IfMatch = Annotated[Expected, Depends(_expected)]
"""What the request's If-Match says."""
