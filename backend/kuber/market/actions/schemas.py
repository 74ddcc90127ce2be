"""Corporate actions as the HTTP contract shows them."""

from datetime import date

from pydantic import BaseModel

from kuber.kernel.wire import DecimalText
from kuber.market.actions.types import ActionKind


class ActionOut(BaseModel):
    """A split, with its `ratio` of new shares to old such as 4:1, or a dividend with its `amount`
    for one share. `source` is the file that told of it."""

    kind: ActionKind
    ex_date: date
    ratio: str | None = None
    amount: DecimalText | None = None
    currency: str | None = None
    source: str


class ActionList(BaseModel):
    items: list[ActionOut]
    next_cursor: str | None
