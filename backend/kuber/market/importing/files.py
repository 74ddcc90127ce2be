"""The bytes of an uploaded file as parts of CSV text, whatever kind of file it is."""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from kuber.market.errors import ImportTooLarge
from kuber.market.importing import parquet_to_csv
from kuber.market.importing.actions.table import ACTION_NAMES
from kuber.market.importing.columns import KNOWN_NAMES
from kuber.market.importing.faults import refuse
from kuber.market.importing.layout import empty_file

MAX_ROWS = 50_000_000
_PART_BYTES = 1_000_000
_PARQUET_MAGIC = b"PAR1"
_TEXT_SUFFIXES = frozenset(("", ".csv", ".tsv", ".txt", ".json"))
_NAMES = sorted({*KNOWN_NAMES, *ACTION_NAMES})
_ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


def text_parts(filename: str, content: bytes | Path) -> Iterator[bytes]:
    """Give the text of a CSV or Parquet file, part by part, recognised by content and extension.

    `filename` is only looked at for its extension; `content` is the file's, or where it lies.
    Raises ImportRefused when it is no such file or empty, ImportTooLarge.
    """
    source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    with source:
        if _is_parquet(source):
            yield from _from_parquet(source)
            return
        suffix = PurePath(filename).suffix.lower()
        if suffix not in _TEXT_SUFFIXES:
            if source.read(1) == b"":
                raise empty_file()
            raise refuse(
                "unknown_format",
                f"This is not a {suffix[1:8]} file that can be read."
                if suffix == ".parquet"
                else f"Files of the type {suffix[:9]!r} cannot be read.",
                "Upload a CSV or Parquet file.",
            )
        while part := source.read(_PART_BYTES):
            yield part


def _is_parquet(source: BinaryIO) -> bool:
    head = source.read(len(_PARQUET_MAGIC))
    source.seek(0, io.SEEK_END)
    size = source.tell()
    source.seek(max(0, size - len(_PARQUET_MAGIC)))
    tail = source.read()
    source.seek(0)
    return head == tail == _PARQUET_MAGIC and size > 2 * len(_PARQUET_MAGIC)


def _from_parquet(source: BinaryIO) -> Iterator[bytes]:
    program = [sys.executable, "-I", parquet_to_csv.__file__, *_NAMES, str(MAX_ROWS)]
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as said:
        if isinstance(source, io.BytesIO):
            shutil.copyfileobj(source, copy)
            copy.seek(0)
            source = cast(BinaryIO, copy)
        with subprocess.Popen(
            program, stdin=source, stdout=subprocess.PIPE, stderr=said, env=_ENVIRONMENT
        ) as child:
            assert child.stdout is not None
            try:
                while part := child.stdout.read(_PART_BYTES):
                    yield part
            except BaseException:  # whoever reads gave up, or is gone
                child.kill()
                raise
            code = child.wait()
        said.seek(0)
        _require_done(code, said.read(200).decode(errors="replace"), source)


def _require_done(code: int, said: str, source: BinaryIO) -> None:
    if code == parquet_to_csv.TOO_MANY_ROWS:
        raise ImportTooLarge(f"The file has more than {MAX_ROWS:,} rows.")
    if code == parquet_to_csv.TOO_MUCH:
        most_mb = parquet_to_csv.most_bytes(source.seek(0, io.SEEK_END)) // 1_000_000
        raise ImportTooLarge(
            f"The file unfolds to more than {most_mb:,} MB: split it by symbol, or write shorter"
            " values."
        )
    if code == parquet_to_csv.BAD_COLUMN:
        raise refuse(
            "bad_column",
            f"The column {said[:40]!r} does not hold plain values.",
            "Write numbers, tickers or times.",
            1,
            said[:40],
        )
    if code != 0:
        raise refuse("bad_parquet", "The Parquet file cannot be read.", "Write the file anew.")
