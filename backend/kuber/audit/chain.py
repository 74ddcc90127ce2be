"""The chain itself: how an entry is hashed, and what a walk along the entries finds. Pure.

hash = SHA-256 of the UTF-8 bytes of the entry's canonical JSON without its `hash`:

    {"chain_position":1,"correlation_id":"...","data":{...},"event_id":"...","event_type":"...",
     "previous_hash":"<64 hex digits>","timestamp":"2026-01-02T03:04:05.000006Z","user_id":null}

on one line without white space. `previous_hash` is the hash of the entry before, 64 zeros for the
first.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kuber.audit.types import NO_HASH

MOST_SUSPECTS = 500
"""Each is compared with each, in a second or two for so many."""
MOST_SUSPECT_BYTES = 64 * 1024 * 1024


class Damage(StrEnum):
    """What can be wrong with the record."""

    ENTRY_CHANGED = "entry_changed"
    """The entry is not what was hashed."""
    LINK_CHANGED = "link_changed"
    """The entry's hash, or the one that it names as the hash before, is not what it was."""
    ENTRY_MISSING = "entry_missing"
    """The place is there, the entry is not."""
    POSITION_MISSING = "position_missing"
    """A place is missing between two others."""
    REORDERED = "reordered"
    """What stands here is the entry of another place, and that one's stands elsewhere, too."""
    NEVER_LINKED = "never_linked"
    """An entry that nobody queued: it was put there by hand, or its queue row was deleted."""
    CUT_OR_RESTORED = "cut_or_restored"
    """A checkpoint outside the database knows more, or other, entries than the database."""
    CHECKPOINT_CHANGED = "checkpoint_changed"
    """A checkpoint's hash is not that of its entry, or its signature is wrong."""
    ROW_DIFFERS = "row_differs"
    """What the entry speaks of says something else now, or is gone."""
    ROW_UNRECORDED = "row_unrecorded"
    """A row of which the record says nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of damage, at its place; `chain_position` None when it has none."""

    chain_position: int | None
    damage: Damage
    detail: str


class StoredLink(NamedTuple):
    """A place in the chain as it is stored; `middle` and `end` None when the entry is gone.

    middle: the entry's JSON from `,"correlation_id":` up to the opening quote of `previous_hash`.
    end: from the closing quote of `previous_hash` on.
    """

    position: int
    hash: bytes
    previous_hash: bytes
    middle: bytes | None
    end: bytes | None


class Suspect(NamedTuple):
    """A stored link whose entry is not what was hashed; fields as those of `StoredLink`."""

    position: int
    hash: bytes
    previous_hash: bytes
    middle: bytes
    end: bytes


class Seam(NamedTuple):
    """Two hashes that should be the same: the one that a link names as the one before, and it."""

    named: bytes
    before: bytes


class Tip(NamedTuple):
    """The last place that was looked at: where the next one follows."""

    position: int = 0
    hash: bytes = NO_HASH


def entry_hash(position: int, previous_hash: bytes, middle: bytes, end: bytes) -> bytes:
    """Return the hash of the entry at `position`."""
    line = b'{"chain_position":%d%b%b%b' % (
        position,
        middle,
        previous_hash.hex().encode(),
        end,
    )
    return hashlib.sha256(line).digest()


class Walk:
    """Follows the chain from `tip` on and says what is wrong with it.

    After damage it goes on from what is stored, so that one flipped entry is one finding. What does
    not hash to what stands beside it is kept for `reordering`: the first `MOST_SUSPECTS`.
    """

    def __init__(self, tip: Tip = Tip()) -> None:  # noqa: B008  it cannot be changed
        self.tip = tip
        self.checked = 0
        self.suspects: dict[int, Suspect] = {}
        """By place."""
        self.seams: dict[int, Seam] = {}
        """By the place that names another hash than that of the one before."""
        self._suspect_bytes = 0

    def follow(self, links: Iterable[StoredLink]) -> Iterator[Finding]:
        """Give the damage in `links`, which come in the order of their positions."""
        sha256 = hashlib.sha256
        position, before = self.tip
        for place, stored, previous, middle, end in links:
            if place != position + 1:
                yield _gap(position + 1, place)
            elif previous != before:
                self._note_seam(place, Seam(previous, before))
                yield Finding(
                    place,
                    Damage.LINK_CHANGED,
                    f"The hash before it is given as {previous.hex()}, and is {before.hex()}.",
                )
            if middle is None or end is None:
                yield Finding(place, Damage.ENTRY_MISSING, "The entry is gone.")
            else:
                line = b'{"chain_position":%d%b%b%b' % (
                    place,
                    middle,
                    previous.hex().encode(),
                    end,
                )
                if sha256(line).digest() != stored:
                    self._suspect(Suspect(place, stored, previous, middle, end))
                    yield Finding(
                        place, Damage.ENTRY_CHANGED, f"It does not hash to {stored.hex()}."
                    )
            position, before = place, stored
            self.checked += 1
            self.tip = Tip(position, before)

    def _suspect(self, link: Suspect) -> None:
        self._suspect_bytes += len(link.middle) + len(link.end)
        if len(self.suspects) < MOST_SUSPECTS and self._suspect_bytes <= MOST_SUSPECT_BYTES:
            self.suspects[link.position] = link

    def _note_seam(self, place: int, seam: "Seam") -> None:
        if len(self.seams) <= 2 * MOST_SUSPECTS:
            self.seams[place] = seam


def _gap(first: int, found: int) -> Finding:
    last = found - 1
    missing = f"Place {first} is" if first == last else f"Places {first} to {last} are"
    return Finding(first, Damage.POSITION_MISSING, f"{missing} missing.")
