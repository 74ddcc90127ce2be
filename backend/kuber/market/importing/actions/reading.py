"""From a whole file of splits and dividends to what it tells."""

from collections.abc import Iterator
from itertools import chain

from kuber.market.errors import ImportTooLarge
from kuber.market.importing.actions.alpaca import read_alpaca
from kuber.market.importing.actions.collecting import Actions, Place
from kuber.market.importing.actions.table import ActionLayout, ActionTable, recognise
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.faults import Faults, refuse
from kuber.market.importing.naming import symbol_in_name
from kuber.market.importing.notes import Notes
from kuber.market.importing.said import How, Known, Said
from kuber.market.importing.text import Block

MOST_CHARACTERS = 20_000_000


def read_actions(
    filename: str, blocks: Iterator[Block], first: Block, said: Said, notes: Notes
) -> FileFacts | None:
    """Return what a file of splits and dividends tells, None when it is one of bars.

    `first` is the first of its blocks. Raises ImportRefused naming lines and remedies,
    ImportTooLarge.
    """
    faults = Faults()
    actions = Actions(faults, notes)
    everything = _limited(chain([first], blocks))
    if first.text.lstrip()[:1] in ("{", "["):
        read_alpaca("".join(block.text for block in everything), actions, notes)
        understood = {"separator": Known("JSON", How.FILE)}
    else:
        layout = recognise(first.text, notes)
        if layout is None:
            return None
        symbol = _symbol(filename, layout, said, actions, notes)
        table = ActionTable(layout, symbol, actions, faults, day_is_first=said.day_is_first)
        for block in everything:
            table.read(block)
            if faults.many:
                break
        understood = {"columns": Known(_columns(layout), How.FILE)}
    faults.refuse_if_any()
    found = actions.all()
    if not found:
        raise refuse(
            "empty_file",
            "The file tells of no split and no cash dividend.",
            "Choose a file with a line for each of them.",
        )
    symbols = sorted({one.symbol for one in found})
    understood["symbol"] = Known(
        ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if symbols[3:] else ""),
        How.SAID
        if said.symbol and symbols == [actions.symbol(said.symbol, Place("symbol"))]
        else How.FILE,
    )
    return FileFacts(None, (), notes.all(), understood, actions=found)


def _limited(blocks: Iterator[Block]) -> Iterator[Block]:
    read = 0
    for block in blocks:
        read += len(block.text)
        if read > MOST_CHARACTERS:
            raise ImportTooLarge(
                f"A file of splits and dividends may have {MOST_CHARACTERS:,} characters: split it"
                " by symbol."
            )
        yield block


def _symbol(
    filename: str, layout: ActionLayout, said: Said, actions: Actions, notes: Notes
) -> str | None:
    """Return the symbol of a file without a column for it; raises ImportRefused."""
    if "symbol" in layout.places:
        return None
    named = said.symbol or layout.symbol or symbol_in_name(filename, notes)
    if named is None:
        raise refuse(
            "missing_column",
            "The file does not say which symbol its splits and dividends are of.",
            "Name the symbol beside the file, or add a column 'symbol'.",
            field="symbol",
        )
    return actions.symbol(named, Place("symbol"))


def _columns(layout: ActionLayout) -> str:
    places = sorted((at, role) for role, at in layout.places.items())
    return ", ".join(f"{layout.header[at]} = {role}" for at, role in places)
