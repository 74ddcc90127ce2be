"""The rule of `kernel/storable` at the edge: for every query, and every body that is JSON."""

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from kuber.kernel.errors import Problem
from kuber.kernel.storable import NotStorable, check_storable, text_fault

_MOST_IN_A_PATH = 2**31 - 1


async def _check(connection: HTTPConnection) -> None:
    for name, text in connection.query_params.multi_items():
        if fault := text_fault(text) or text_fault(name):
            raise NotStorable(fault[0], [Problem(*fault, field=name.replace("\0", ""))])
    for part in map(str, connection.path_params.values()):
        # What cannot exist is treated like what does not.
        if text_fault(part) or (part.isdecimal() and (len(part) > 10 or _too_large(part))):
            raise HTTPException(404)
    # FastAPI has read the body by now, and the request keeps what it said.
    check_storable(getattr(connection, "_json", None))


def _too_large(digits: str) -> bool:
    return int(digits) > _MOST_IN_A_PATH


STORABLE = Depends(_check)
"""Refuses with 422, and the field, what could not be kept; with 404 ids that cannot exist."""
