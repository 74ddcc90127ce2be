"""The text of a file, block by block: decoded, whole lines, their numbers counted."""

import codecs
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kuber.market.errors import ImportRefused
from kuber.market.importing.faults import refuse

BLOCK_CHARACTERS = 4_000_000
"""Of one block, about: 60,000 bars."""
MAX_LINE_CHARACTERS = 1_000_000
_SAVE_AS = "Save the file as CSV in UTF-8."


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file, ended by "\\n" but for the last one; lines count from 1."""

    text: str
    first_line: int
    read_bytes: int
    """How much of the file was read by the end of the block."""


def text_blocks(parts: Iterable[bytes]) -> Iterator[Block]:
    """Give the text of a file whose bytes come in parts; an empty file gives none.

    No block ends within quotes. Raises ImportRefused for what is neither UTF-8 nor UTF-16 with its
    mark, holds binary data, or has a line without end.
    """
    decoder = _Decoder()
    kept, line, read_bytes = "", 1, 0
    for part in parts:
        read_bytes += len(part)
        kept += decoder.decode(part)
        if len(kept) < BLOCK_CHARACTERS:
            continue
        cut = _end_of_lines(kept)
        if cut == 0:
            if len(kept) > BLOCK_CHARACTERS + MAX_LINE_CHARACTERS:
                raise _endless_line(line)
            continue
        yield Block(kept[:cut], line, read_bytes)
        line += kept.count("\n", 0, cut)
        kept = kept[cut:]
    kept += decoder.decode(b"", final=True)
    if kept:
        yield Block(kept, line, read_bytes)


def _end_of_lines(text: str) -> int:
    """Return where the last line that is whole ends, 0 when quotes are open everywhere."""
    cut = text.rfind("\n") + 1
    quotes = text.count('"', 0, cut)
    while cut and quotes % 2:
        opened = text.rfind('"', 0, cut)  # no line that ends behind it is whole
        before = text.rfind("\n", 0, opened) + 1
        quotes -= text.count('"', before, cut)
        cut = before
    return cut


def _endless_line(line: int) -> ImportRefused:
    return refuse(
        "endless_line",
        f"A line of more than {MAX_LINE_CHARACTERS:,} characters, or a quote that is never closed.",
        "Write a line for each bar, and close every quote.",
        line,
    )


class _Decoder:
    """Decodes UTF-8, or UTF-16 where the file begins with its mark; ends of lines become "\\n"."""

    def __init__(self) -> None:
        self._bytes: io.IncrementalNewlineDecoder | None = None
        self._head = b""
        self._line = 1

    def decode(self, part: bytes, *, final: bool = False) -> str:
        if self._bytes is None:
            self._head += part
            if len(self._head) < len(codecs.BOM_UTF8) and not final:
                return ""
            part, self._head = self._head, b""
            self._bytes = self._choose(part)
        try:
            text = self._bytes.decode(part, final)
        except UnicodeDecodeError as error:
            raise self._undecodable(error) from error
        if (at := text.find("\0")) >= 0:
            raise refuse(
                "not_text",
                "The file holds binary data.",
                "Upload a CSV or Parquet file.",
                self._line + text.count("\n", 0, at),
            )
        self._line += text.count("\n")
        return text

    @staticmethod
    def _choose(head: bytes) -> io.IncrementalNewlineDecoder:
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")()
        return io.IncrementalNewlineDecoder(decoder, translate=True)

    def _undecodable(self, error: UnicodeDecodeError) -> ImportRefused:
        if error.encoding.startswith("utf-16"):
            return refuse("not_utf8", "The file breaks off.", _SAVE_AS)
        line = self._line + error.object.count(b"\n", 0, error.start)
        return refuse("not_utf8", "The file is not UTF-8 text.", _SAVE_AS, line)
