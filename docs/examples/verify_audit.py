#!/usr/bin/env python3
"""Verify an export of Kuber's record without Kuber: one file, nothing but the standard library.

    ./kuber audit export record.jsonl
    python3 verify_audit.py record.jsonl --key 0123456789abcdef

An entry's hash is the SHA-256 of its line as it stands, without `"hash":"...",`; it names the hash
of the entry before. Lines are canonical JSON (keys sorted, no white space, UTF-8): one that says
the same in another form was changed. Checkpoints are signed with Ed25519 (RFC 8032). With
`--key`, the id of the signing key as it was noted elsewhere, the signatures count for something:
without it anybody could have made the file. Ends with 1 when anything is wrong.
"""

import argparse
import hashlib
import json
import re
import sys

FIRST = "0" * 64
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
MOST_SUSPECTS = 500  # compared with each other, to see whether they changed places
KEY_EVENTS = ("chain_started", "key_rotated", "key_replaced")


# Before and behind "hash", which the hash leaves out, and the parts of the line that it is made of.
ENTRY = re.compile(
    rb'(\{"chain_position":([0-9]+))(,"correlation_id":.*)"hash":"([0-9a-f]{64})",'
    rb'("previous_hash":")([0-9a-f]{64})(","timestamp":"[^"]*","user_id":(?:null|"[^"]*")\})',
    re.DOTALL,
)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def add(a, b):
    """Add two points in extended coordinates (RFC 8032, 5.1.4)."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    left, right = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = right - left, d - c, d + c, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decode(encoded):
    """Return the point of 32 bytes, None when there is none (RFC 8032, 5.1.3)."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public, text, signature):
    """Verify an Ed25519 signature (RFC 8032, 5.1.7)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, nonce = decode(public), decode(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + text).digest()
    challenge = int.from_bytes(digest, "little") % L
    x1, y1, z1, _ = multiply(scalar, BASE)
    x2, y2, z2, _ = add(nonce, multiply(challenge, key))
    return (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


def pieces(text, line):
    """Split an entry as it stands: what is hashed between place and hash before, and behind it.

    None when the line is not written like any entry.
    """
    found = ENTRY.fullmatch(text)
    if found is None:
        return None
    _, place, middle, said, name, previous, end = found.groups()
    written = [int(place), said.decode(), previous.decode()]
    if written != [line["chain_position"], line["hash"], line["previous_hash"]]:
        return None
    return middle + name, end


def hash_of(place, previous, middle, end):
    line = b'{"chain_position":%d%b%b%b' % (place, middle, previous.encode(), end)
    return hashlib.sha256(line).hexdigest()


class Suspect:
    """An entry that does not hash to what stands beside it."""

    def __init__(self, line, written):
        self.place, self.hash = line["chain_position"], line["hash"]
        self.previous, self.pieces = line["previous_hash"], written

    def hash_at(self, place, previous):
        return hash_of(place, previous, *self.pieces)


# Whether what stands here belongs there: the entry alone, with its hashes, or the hashes alone.
def entry_fits(here, there):
    return here.hash_at(there.place, there.previous) == there.hash


def both_fit(here, there):
    return here.hash_at(there.place, here.previous) == here.hash


def hashes_fit(here, there):
    return there.hash_at(there.place, here.previous) == here.hash


def rings(suspects, fits):
    """Return where what stands at a place belongs, of those that changed places among them."""
    belongs, shift = {}, 1
    for place, here in suspects.items():
        for other in (place + shift, *suspects):
            if other in suspects and other != place and fits(here, suspects[other]):
                belongs[place], shift = other, other - place
                break
    whole = {}
    for start, place in belongs.items():
        ring = [start]
        while place != start and place in belongs and len(ring) < len(belongs):
            ring.append(place)
            place = belongs[place]
        if place == start:
            whole.update((one, belongs[one]) for one in ring)
    return whole


class Record:
    """What was read so far, and what is wrong with it."""

    def __init__(self):
        self.position, self.hash = 0, FIRST
        self.hashes = {}
        self.gaps = []  # (first place, the one behind the last)
        self.late = set()  # places whose line came behind a later one
        self.suspects = {}
        self.seams = {}  # place: the hash that it names as the one before, and that one
        self.chain_id = None
        self.keys = []  # (place, id, public key), in the order of the places
        self.vouched = {}  # the key that signed that a key follows it
        self.newest = (0, None)  # place and key of the newest checkpoint that is right
        self.problems = []

    def complain(self, place, what):
        self.problems.append((place, what))

    def entry(self, line, text):
        place, said = line["chain_position"], line["hash"]
        if place in self.hashes or place < 1:
            self.complain(place, f"there twice, again behind place {self.position}")
            return
        if place <= self.position:
            self.late.add(place)
            self.complain(place, f"reordered: its line stands behind that of {self.position}")
            self.hashes[place] = said
            return
        if place != self.position + 1:
            self.gaps.append((self.position + 1, place))
        elif line["previous_hash"] != self.hash:
            self.seams[place] = line["previous_hash"], self.hash
            self.complain(place, "link_changed: it does not name the hash of the entry before")
        if "data" not in line:
            self.complain(place, "entry_missing: its place is there, the entry is not")
        elif (written := pieces(text, line)) is None:
            self.complain(place, "entry_changed: it is not written as entries are hashed")
        elif hash_of(place, line["previous_hash"], *written) != said:
            if len(self.suspects) < MOST_SUSPECTS:
                self.suspects[place] = Suspect(line, written)
            self.complain(place, "entry_changed: it does not hash to what stands beside it")
        elif line["event_type"] in KEY_EVENTS:
            self.key(place, line["event_type"], line["data"])
        self.position, self.hash = place, said
        self.hashes[place] = said

    def key(self, place, kind, said):
        public = bytes.fromhex(said["public_key"])
        key_id = hashlib.sha256(public).hexdigest()[:16]
        if kind == "chain_started" and self.chain_id is None:
            self.chain_id = said["chain_id"]
        if kind == "key_rotated":
            signature = bytes.fromhex(said["signature"])
            if self.keys and is_signed(self.keys[-1][2], public.hex().encode(), signature):
                self.vouched.setdefault(key_id, self.keys[-1][1])
            else:
                self.complain(place, "checkpoint_changed: the key before did not sign this one")
        self.keys.append((place, key_id, public))

    def checkpoint(self, line, text):
        place, is_canonical = line["chain_position"], text == canonical(line)
        signature = bytes.fromhex(line.pop("signature"))
        signer = next((key for key in reversed(self.keys) if key[0] <= place), None)
        named = next((key[2] for key in self.keys if key[1] == line["key_id"]), None)
        if line["chain_id"] != self.chain_id:
            self.complain(1, f"cut_or_restored: there is a checkpoint of chain {line['chain_id']}")
        elif named and not is_signed(named, canonical(line), signature):
            at = min(place, self.position)
            self.complain(at, "checkpoint_changed: its signature is wrong")
        elif place > self.position:
            detail = f"cut: a checkpoint knows place {place}, the record ends at {self.position}"
            self.complain(self.position + 1, detail)
        elif self.hashes.get(place) != line["hash"]:
            self.complain(place, "cut_or_restored: a checkpoint knows another hash")
        elif signer is None or signer[1] != line["key_id"]:
            self.complain(place, "checkpoint_changed: another key signs at this place")
        elif not is_canonical:
            self.complain(place, "checkpoint_changed: it is not written as checkpoints are signed")
        else:
            self.newest = max(self.newest, (place, signer[1]))

    def finish(self):
        """Say what is missing, and name what changed places instead of what follows from it."""
        for first, end in self.gaps:
            place = next((one for one in range(first, end) if one not in self.late), None)
            if place is not None:
                self.complain(place, f"missing, {end} follows {first - 1}")
        moved, restored = {}, {}
        for fits in (entry_fits, both_fit, hashes_fit):
            left = {place: one for place, one in self.suspects.items() if place not in moved}
            found = rings(left, fits)
            moved.update(found)
            if fits is not entry_fits:
                restored.update((there, left[here]) for here, there in found.items())
        problems, self.problems = self.problems, []
        for place, what in problems:
            if place in moved and what.startswith("entry_changed"):
                self.complain(place, f"reordered: what stands here belongs at {moved[place]}")
            elif not what.startswith("link_changed"):
                self.complain(place, what)
            elif not self.closes(place, restored):
                first = None if place in moved else self.put_in(place)
                if first is None:
                    self.complain(place, what)
                else:
                    said = f"put in between, what stands at {place} was hashed as {first}"
                    self.complain(first, f"link_changed: {said}")

    def closes(self, place, restored):
        """Say whether the chain holds at a place once everything stands where it belongs."""
        named, before = self.seams[place]
        if place not in restored and place - 1 not in restored:
            return False
        if place in restored:
            named = restored[place].previous
        if place - 1 in restored:
            before = restored[place - 1].hash
        return named == before

    def put_in(self, place):
        """Return the first of the places right before one that were put in; None without any."""
        here, behind = self.suspects.get(place), self.suspects.get(place + 1)
        if here is None or (behind is None and place != self.position):
            return None
        for first in range(place - 1, max(0, place - MOST_SUSPECTS), -1):
            if first in self.suspects:
                return None
            if here.hash_at(first, here.previous) == here.hash:
                if behind is None:
                    is_copy = here.hash == self.seams[place][1]
                    return first if first == place - 1 and not is_copy else None
                fits = behind.hash_at(first + 1, behind.previous) == behind.hash
                return first if fits else None
            if first in self.seams:
                return None
        return None

    def is_trusted(self, trusted):
        """Say whether the newest checkpoint is signed by the key, or one that it vouches for."""
        key, passed = self.newest[1], set()
        while key is not None and key != trusted and key not in passed:
            passed.add(key)
            key = self.vouched.get(key)
        return key is not None and key == trusted


def main():
    parser = argparse.ArgumentParser(description="Verify an export of Kuber's record.")
    parser.add_argument("file")
    parser.add_argument("--key", help="id of the signing key, as it was noted elsewhere")
    wanted = parser.parse_args()
    record = Record()
    checkpoints = 0
    with open(wanted.file, "rb") as lines:
        for number, ended in enumerate(lines, start=1):
            text = ended.removesuffix(b"\n")
            try:
                line = json.loads(text.decode())
                if type(line["chain_position"]) is not int:
                    raise TypeError("a place is a whole number")
                if "signature" in line:
                    record.checkpoint(line, text)
                    checkpoints += 1
                else:
                    record.entry(line, text)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                record.complain(record.position + 1, f"line {number} cannot be read: {error!r}")
    record.finish()
    if wanted.key is not None and not record.is_trusted(wanted.key):
        what = f"the key {wanted.key} is not behind the newest checkpoint"
        record.complain(record.newest[0], f"checkpoint_changed: {what}")
    for place, what in sorted(record.problems, key=lambda problem: problem[0])[:100]:
        print(f"place {place}: {what}")
    if not checkpoints:
        print("No checkpoint: whether the end was cut off cannot be said.")
    if wanted.key is None:
        print(f"Signed with {record.newest[1]}; whose key that is, was not checked (--key).")
    print(f"{record.position} entries, {checkpoints} checkpoints, {len(record.problems)} problems.")
    return 1 if record.problems else 0


if __name__ == "__main__":
    sys.exit(main())
