"""Names what changed places in the chain: entries, links with their entries, or hashes. Pure.

Two entries that were swapped are two places that do not hash to what stands beside them, like two
that were changed. What tells them apart is that each fits where the other stands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from kuber.audit.chain import MOST_SUSPECTS, Damage, Finding, Seam, Suspect, Walk, entry_hash

Places = Mapping[int, int]
"""Where what stands at a place belongs."""
_Fits = Callable[[Suspect, Suspect], bool]


def with_reordering(findings: Iterable[Finding], walk: Walk) -> Iterator[Finding]:
    """Give `findings`, with `reordered` where things changed places, and without what follows from
    that; what was put in between is named at its own place.

    walk: the one that went over the whole chain; it knows what may have changed places.
    """
    moved, restored = _moves(walk.suspects)
    for found in findings:
        place = found.chain_position
        if place is not None and place in moved and found.damage is Damage.ENTRY_CHANGED:
            detail = f"What stands here belongs at place {moved[place]}."
            yield replace(found, damage=Damage.REORDERED, detail=detail)
        elif found.damage is not Damage.LINK_CHANGED:
            yield found
        elif not _closes(place, walk.seams, restored):
            first = None if place is None or place in moved else _put_in(place, walk)
            yield found if place is None or first is None else _at_its_own(found, first, place)


def _put_in(place: int, walk: Walk) -> int | None:
    """Return the first of the places right before `place` that were put in; None without any.

    What stands at `place` was hashed for an earlier one, and what stands in between fits. So was
    what stands behind it; where nothing does, one that was put in can still be told from a copy.
    """
    here, behind = walk.suspects.get(place), walk.suspects.get(place + 1)
    is_last = place == walk.tip.position
    if here is None or (behind is None and not is_last):
        return None
    for first in range(place - 1, max(0, place - MOST_SUSPECTS), -1):
        if first in walk.suspects:
            return None
        if _hash_of(here, first, here.previous_hash) == here.hash:
            if behind is None:
                return (
                    first if first == place - 1 and here.hash != walk.seams[place].before else None
                )
            moved_on = _hash_of(behind, first + 1, behind.previous_hash) == behind.hash
            return first if moved_on else None
        if first in walk.seams:
            return None
    return None


def _at_its_own(found: Finding, first: int, place: int) -> Finding:
    which = "This one was" if first == place - 1 else f"Those up to {place - 1} were"
    detail = f"{which} put in between: what stands at place {place} was hashed as place {first}."
    return replace(found, chain_position=first, detail=detail)


def _moves(suspects: Mapping[int, Suspect]) -> tuple[Places, Mapping[int, Suspect]]:
    """Return what changed places, and the links whose hashes did, as they stood before."""
    moved: dict[int, int] = {}
    restored: dict[int, Suspect] = {}
    for fits in (_entry_fits, _link_fits, _hash_fits):
        left = {place: link for place, link in suspects.items() if place not in moved}
        belongs = _rings(_belongs(left, fits))
        moved |= belongs
        if fits is not _entry_fits:
            restored |= {there: left[here] for here, there in belongs.items()}
    return moved, restored


def _belongs(suspects: Mapping[int, Suspect], fits: _Fits) -> Places:
    found: dict[int, int] = {}
    shift = 1
    for place, here in suspects.items():
        # A stretch that was moved goes by one step, as a rule: that is tried first.
        for other in (place + shift, *suspects):
            there = suspects.get(other)
            if there is not None and other != place and fits(here, there):
                found[place], shift = other, other - place
                break
    return found


def _rings(belongs: Places) -> Places:
    """Return those that come back to where they began: nothing else changed places only."""
    whole: dict[int, int] = {}
    for start in belongs:
        if start in whole:
            continue
        ring, place = [start], belongs[start]
        while place != start and place in belongs and len(ring) < len(belongs):
            ring.append(place)
            place = belongs[place]
        if place == start:
            whole |= {one: belongs[one] for one in ring}
    return whole


def _entry_fits(here: Suspect, there: Suspect) -> bool:
    """Say whether the entry that stands here is the one that was hashed there."""
    return _hash_of(here, there.position, there.previous_hash) == there.hash


def _link_fits(here: Suspect, there: Suspect) -> bool:
    """Say whether link and entry that stand here together were hashed as place there."""
    return _hash_of(here, there.position, here.previous_hash) == here.hash


def _hash_fits(here: Suspect, there: Suspect) -> bool:
    """Say whether the hashes that stand here are those of the entry that stands there."""
    return _hash_of(there, there.position, here.previous_hash) == here.hash


def _hash_of(link: Suspect, position: int, previous_hash: bytes) -> bytes:
    return entry_hash(position, previous_hash, link.middle, link.end)


def _closes(place: int | None, seams: Mapping[int, Seam], restored: Mapping[int, Suspect]) -> bool:
    """Say whether the chain holds at `place` once everything stands where it belongs."""
    if place is None or place not in seams:
        return False
    if place not in restored and place - 1 not in restored:
        return False
    named, before = seams[place]
    if place in restored:
        named = restored[place].previous_hash
    if place - 1 in restored:
        before = restored[place - 1].hash
    return named == before
