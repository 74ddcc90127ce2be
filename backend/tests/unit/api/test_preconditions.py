"""What a change says it is based on: RFC 9110, section 13.1.1."""

import pytest

from kuber.api.errors import RevisionRequired
from kuber.api.preconditions import MalformedHeader, expected


@pytest.mark.parametrize(
    ("header", "revisions"),
    [
        ("7", {7}),
        ('"7"', {7}),
        (' "7"\t', {7}),
        ('"6", "7"', {6, 7}),
        ('"6" ,, "7" ,', {6, 7}),
        ("6,7", {6, 7}),
        ('W/"7"', set()),
        ('W/"7", "8"', {8}),
        ('"a,b", "8"', {8}),
        ('"abc"', set()),
        ('""', set()),
        ('"007"', set()),
        ('"2147483647"', {2147483647}),
        ('"2147483648"', set()),
    ],
)
def test_tags_name_revisions_and_weak_or_other_ones_match_none(
    header: str, revisions: set[int]
) -> None:
    assert expected(header).revisions == revisions
    assert not expected(header).whichever


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        ",",
        "abc",
        '"7',
        '7"',
        "-1",
        "1.5",
        "W/7",
        'w/"7"',
        '*, "7"',
        '"7" "8"',
        '"a b"',
        "**",
    ],
)
def test_what_is_no_list_of_tags_is_malformed_and_says_so(header: str) -> None:
    with pytest.raises(MalformedHeader) as refused:
        expected(header)
    assert [problem.field for problem in refused.value.problems] == ["If-Match"]


def test_a_star_allows_whichever_revision_there_is() -> None:
    assert expected("*").allows(1)
    assert expected("*").allows(99)
    assert not expected('"1"').allows(99)


def test_without_the_header_a_revision_is_asked_for() -> None:
    with pytest.raises(RevisionRequired):
        expected(None)
