"""The text of a file, block by block, and how its parts make up whole lines."""

import codecs
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.errors import ImportRefused
from kuber.market.importing import text
from kuber.market.importing.text import Block, text_blocks

CONTENT = 'a,b\n1,"two\nlines"\n\n3,\u20ac\nend'


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of about ten characters."""
    monkeypatch.setattr(text, "BLOCK_CHARACTERS", 10)
    monkeypatch.setattr(text, "MAX_LINE_CHARACTERS", 30)


def parts(content: bytes, size: int = 1) -> Iterable[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def refused(content: Iterable[bytes]) -> tuple[str | None, int | None]:
    with pytest.raises(ImportRefused) as caught:
        list(text_blocks(content))
    (problem,) = caught.value.problems
    assert problem.remedy
    return problem.code, problem.line


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_every_encoding_and_end_of_line_gives_the_same_text_with_its_lines(
    codec: str, mark: bytes, end: str, size: int
) -> None:
    content = mark + CONTENT.replace("\n", end).encode(codec)
    blocks = list(text_blocks(parts(content, size)))
    assert "".join(block.text for block in blocks) == CONTENT
    assert blocks[-1].read_bytes == len(content)
    line = 1
    for block in blocks:
        assert block.first_line == line
        line += block.text.count("\n")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text('ab,"\n \u20ac', min_size=1, max_size=12), max_size=12),
    st.integers(1, 9),
)
def test_no_block_ends_within_a_line_or_within_quotes(written: list[str], size: int) -> None:
    content = "".join(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK_CHARACTERS", 10)
        patch.setattr(text, "MAX_LINE_CHARACTERS", 1000)
        blocks = list(text_blocks(parts(content.encode(), size)))
    assert "".join(block.text for block in blocks) == content
    for block in blocks[:-1]:
        assert block.text.endswith("\n")
        assert block.text.count('"') % 2 == 0


@pytest.mark.usefixtures("small")
def test_a_long_file_comes_in_blocks() -> None:
    blocks = list(text_blocks(parts(b"1,2\n" * 30, 6)))
    assert len(blocks) > 5
    assert blocks[1].first_line == 1 + blocks[0].text.count("\n")
    assert [block.read_bytes for block in blocks] == sorted({one.read_bytes for one in blocks})


def test_an_empty_file_has_no_block_and_a_mark_alone_neither() -> None:
    assert list(text_blocks([])) == []
    assert list(text_blocks([codecs.BOM_UTF8])) == []
    assert list(text_blocks([b"a"])) == [Block("a", 1, 1)]


@pytest.mark.usefixtures("small")
def test_a_line_without_end_and_an_open_quote_are_refused_before_they_fill_the_memory() -> None:
    taken = 0

    def endless(first: bytes) -> Iterable[bytes]:
        nonlocal taken
        taken = 0
        yield first
        while taken < 1000:
            taken += 1
            yield b"xxxx"

    assert refused(endless(b"a\nb\n")) == ("endless_line", 3)
    assert taken < 20
    assert refused(endless(b'a\nb\n"c\n')) == ("endless_line", 3)


@pytest.mark.usefixtures("small")
def test_what_is_no_text_is_refused_with_its_line() -> None:
    assert refused(parts(b"a\nb\nc\0d\n")) == ("not_text", 3)
    assert refused(parts(b"a\nb\nc\xff\n")) == ("not_utf8", 3)
    assert refused([b"a\n" * 20, b"b\xe9\n"]) == ("not_utf8", 21)
    assert refused([codecs.BOM_UTF16_LE + "a\n".encode("utf-16-le") + b"x"])[0] == "not_utf8"
