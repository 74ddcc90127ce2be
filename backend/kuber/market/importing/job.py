"""Reading an uploaded file as a task for a child: nothing heavy is imported by who only asks."""

from kuber.infra.child import Streamed
from kuber.market.importing.facts import FileFacts
from kuber.market.types import Source, Timeframe


def read_upload(
    filename: str,
    content: bytes,
    timeframe: Timeframe,
    timezone: str | None,
    symbol: str | None,
) -> Streamed[FileFacts]:
    """Return what an uploaded file holds, and its rows as a binary COPY; raises as `parse_bars`."""
    from kuber.market.importing.copy_rows import read_file  # brings polars, 40 MB
    from kuber.market.importing.parser import Said

    return read_file(filename, content, Said(timeframe, timezone, symbol), Source.IMPORTED)
