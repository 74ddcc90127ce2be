"""Findings about what the files outside the database say."""

from uuid import UUID

from kuber.audit.chain import Damage, Finding
from kuber.audit.types import Checkpoint


def replaced(chain_id: UUID, known: int) -> Finding:
    """Files know a chain that the database does not have."""
    detail = (
        f"Files outside the database know another chain, {chain_id}, up to place {known}: the whole"
        " record was replaced, or they belong to another installation."
    )
    return Finding(1, Damage.CUT_OR_RESTORED, detail)


def damaged(checkpoint: Checkpoint, last: int) -> Finding:
    """A checkpoint names a key that did not sign it."""
    detail = (
        f"The signature of a checkpoint outside the database, of {checkpoint.at:%Y-%m-%d %H:%M:%S}"
        f" UTC and for place {checkpoint.position}, is wrong: its line was damaged or forged."
    )
    return Finding(min(checkpoint.position, last), Damage.CHECKPOINT_CHANGED, detail)


def cut(checkpoint: Checkpoint, last: int) -> Finding:
    """A checkpoint that is rightly signed knows what the database does not say."""
    place = min(checkpoint.position, last + 1)
    detail = (
        f"A checkpoint of {checkpoint.at:%Y-%m-%d %H:%M:%S} UTC outside the database knows place"
        f" {checkpoint.position} as {checkpoint.hash.hex()}. The database"
        + (f" ends at {last}." if checkpoint.position > last else " says otherwise.")
        + " Its end was cut off, or an older backup was put back."
    )
    return Finding(place, Damage.CUT_OR_RESTORED, detail)
