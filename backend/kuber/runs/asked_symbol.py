"""The symbol that a run is asked for."""

from kuber.kernel.errors import Problem
from kuber.runs.errors import RunError
from kuber.runs.schemas import RunBody


def asked_symbol(body: RunBody) -> str:
    """Return the one symbol that was asked for, as it was written; raises RunError."""
    named = [name.strip() for name in body.symbols or []]
    if body.symbol is not None:
        named.insert(0, body.symbol.strip())
    asked = list({name.lower(): name for name in reversed(named)}.values())[::-1]
    if not asked or not asked[0]:
        raise RunError(
            "A run needs a symbol.",
            [Problem("No symbol was given.", "Name one, for example AAPL.", field="symbol")],
        )
    if len(asked) > 1:
        raise RunError(
            "A run works on one symbol.",
            [
                Problem(
                    f"{len(asked)} symbols were given.",
                    "Start one run for each symbol.",
                    field="symbols",
                )
            ],
        )
    return asked[0]
