"""Verifying the record of this installation: all that it is compared with.

What child processes import: kept apart from the routes, so that they start at once.
"""

from functools import partial
from pathlib import Path

from kuber.audit.outside import read_outside
from kuber.audit.roles import ROLES
from kuber.audit.verify import Part, Verification, verify
from kuber.pipelines.audited import PIPELINES
from kuber.trading.audited import ORDERS

COMPARISONS = (*ORDERS, PIPELINES, ROLES)
"""How the rows of every package are compared with what the record says of them."""


def verify_record(database_url: str, folder: str, part: Part | None) -> Verification:
    """Verify the record, or one part of it; what the child process calls."""
    outside = partial(read_outside, Path(folder), None)
    return verify(database_url, COMPARISONS, outside, part=part)
