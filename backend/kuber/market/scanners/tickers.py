"""Lists of tickers as people and their servers write them."""

from collections.abc import Sequence

import orjson

from kuber.kernel.errors import Problem
from kuber.market.scanners.errors import BadTickerList, ScannerRefused
from kuber.market.scanners.types import MAX_TICKERS
from kuber.market.symbols import canonical_symbol

_MOST_PROBLEMS = 50
_REMEDY = f"Give 1 to {MAX_TICKERS} tickers."
_SHAPE = 'Answer with JSON: ["AAPL", "MSFT"] or {"tickers": ["AAPL", "MSFT"]}.'


def typed_tickers(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the tickers of a list that somebody typed, each once, in order.

    Raises ScannerRefused with a problem for each text that is no symbol.
    """
    if not texts:
        raise _refused([Problem("No ticker is named.", _REMEDY, field="tickers")])
    if len(texts) > MAX_TICKERS:
        message = f"{len(texts)} tickers are more than {MAX_TICKERS}."
        raise _refused([Problem(message, _REMEDY, field="tickers", code="too_long")])
    found, problems = [], []
    for place, text in enumerate(texts):
        try:
            found.append(canonical_symbol(text))
        except ValueError as error:
            problems.append(
                Problem(
                    f"{error}.",
                    "Correct it or leave it out.",
                    field=f"tickers.{place}",
                    code="bad_ticker",
                )
            )
    if problems:
        raise _refused(problems[:_MOST_PROBLEMS], count=len(problems))
    return tuple(dict.fromkeys(found))


def answered_tickers(content: bytes) -> tuple[str, ...]:
    """Return the tickers in the JSON that a user's server answered, each once; may be none.

    One bad ticker refuses the whole list: half a list would pass for the whole one.
    Raises BadTickerList.
    """
    try:
        answer: object = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadTickerList(f"The answer is not JSON. {_SHAPE}") from error
    texts = answer.get("tickers") if isinstance(answer, dict) else answer
    if not isinstance(texts, list):
        raise BadTickerList(f"The answer holds no list of tickers. {_SHAPE}")
    if len(texts) > MAX_TICKERS:
        raise BadTickerList(
            f"The answer names {len(texts)} tickers. Give {MAX_TICKERS} at the most."
        )
    found = []
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise BadTickerList(f"Entry {place + 1} of the answer is no text. {_SHAPE}")
        try:
            found.append(canonical_symbol(text))
        except ValueError as error:
            raise BadTickerList(f"Entry {place + 1} of the answer: {error}.") from error
    return tuple(dict.fromkeys(found))


def _refused(problems: list[Problem], *, count: int = 1) -> ScannerRefused:
    detail = problems[0].message if count == 1 else f"{count} tickers are wrong."
    return ScannerRefused(detail, problems)
