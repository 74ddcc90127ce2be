"""Who may have signed what: the keys that the chain names, each from its place on."""

import json
from bisect import bisect_right
from collections.abc import Iterator
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kuber.audit.chain import Damage, Finding
from kuber.audit.keys import is_signed, key_id_of
from kuber.audit.types import AuditEventType, Checkpoint


class Custody:
    """Takes the entries that name keys, in the order of their places.

    A key counts from the place of its entry until the next one's. `key_rotated` says that the key
    before signed the one that follows; `key_replaced` breaks the line: nobody vouches for the new
    key.
    """

    def __init__(self) -> None:
        self.chain_id: UUID | None = None
        self.said = "Nothing is signed."
        self._places: list[int] = []
        self._ids: list[str] = []
        self._public: dict[str, bytes] = {}
        self._vouched: dict[str, str] = {}
        """The key that vouches for a key."""

    @property
    def key_id(self) -> str | None:
        """The key that signs from the last entry on that names one."""
        return self._ids[-1] if self._ids else None

    def take(self, place: int, kind: str, data: str) -> Iterator[Finding]:
        """Take up one entry; give what is wrong with it."""
        try:
            said = json.loads(data)
            public = bytes.fromhex(said["public_key"])
            if kind == AuditEventType.CHAIN_STARTED and self.chain_id is None:
                self.chain_id = UUID(said["chain_id"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # the walk says that the entry was changed
        key_id = key_id_of(public)
        if kind == AuditEventType.KEY_ROTATED:
            if self._ids and _vouches(self._public[self._ids[-1]], said, public):
                self._vouched.setdefault(key_id, self._ids[-1])
            else:
                detail = f"The key before did not sign the key {key_id}."
                yield Finding(place, Damage.CHECKPOINT_CHANGED, detail)
        self._places.append(place)
        self._ids.append(key_id)
        self._public[key_id] = public

    def judge(self, checkpoint: Checkpoint, link_hash: bytes | None) -> Iterator[Finding]:
        """Give what is wrong with a checkpoint whose entry's hash is `link_hash`."""
        place = checkpoint.position
        at = bisect_right(self._places, place)
        key_id = self._ids[at - 1] if at else None
        if link_hash != checkpoint.hash:
            detail = "Its hash is not that of the entry."
        elif checkpoint.chain_id != self.chain_id:
            detail = f"It speaks of another chain, {checkpoint.chain_id}."
        elif checkpoint.key_id != key_id:
            detail = f"Key {checkpoint.key_id} signed it, and {key_id} signs at this place."
        elif not is_signed(checkpoint, self._public[key_id]):
            detail = "Its signature is wrong."
        else:
            return
        yield Finding(place, Damage.CHECKPOINT_CHANGED, detail)

    def forged(self, checkpoint: Checkpoint) -> bool:
        """Return whether the key that a checkpoint names is known, and did not sign it."""
        public = self._public.get(checkpoint.key_id)
        return public is not None and not is_signed(checkpoint, public)

    def authorship(self, trusted: str | None, newest: Checkpoint | None) -> Iterator[Finding]:
        """Say in `said` who can have signed the newest checkpoint; give a finding if not `trusted`,
        or a key that `trusted` vouches for, over other keys or none."""
        signer = newest.key_id if newest else None
        if trusted is None:
            if signer is not None:
                self.said = (
                    f"Consistent with key {signer}. Whose key that is, was not checked: compare it"
                    " with the one you noted."
                )
            return
        line, passed = signer, set[str]()
        while line is not None and line != trusted and line not in passed:
            passed.add(line)
            line = self._vouched.get(line)
        if line == trusted:
            self.said = f"Signed with the key that you trust, {trusted}."
            if signer != trusted:
                self.said = f"Signed with {signer}, for which the key that you trust vouches."
            return
        self.said = f"The key that you trust, {trusted}, is not behind the newest checkpoint."
        place = newest.position if newest else None
        yield Finding(place, Damage.CHECKPOINT_CHANGED, self.said)


def _vouches(old: bytes, said: dict[str, object], public: bytes) -> bool:
    try:
        signature = bytes.fromhex(str(said["signature"]))
        Ed25519PublicKey.from_public_bytes(old).verify(signature, public.hex().encode())
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True
