"""The key that signs checkpoints: of its own, in a file that only the linker reads.

Whoever holds the database alone cannot sign. Rotating puts the next key beside the present one;
the linker records it, signed by the old one, and goes on with the new one.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from kuber.audit.canonical import canonical
from kuber.audit.types import Checkpoint

log = structlog.get_logger(__name__)

_KEY_ID_DIGITS = 16


class DamagedKey(Exception):
    """The file of the signing key does not hold one."""


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """An Ed25519 key (RFC 8032)."""

    private: Ed25519PrivateKey

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SigningKey) and self.public == other.public

    def __hash__(self) -> int:
        return hash(self.public)

    @classmethod
    def new(cls) -> "SigningKey":
        """Make a key."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        """Short name of the key: the first half of the SHA-256 of its public part, in hex."""
        return key_id_of(self.public)

    def sign(self, text: str) -> bytes:
        """Return the signature of `text`, 64 bytes."""
        return self.private.sign(text.encode())

    def checkpoint(self, chain_id: UUID, position: int, hash_: bytes, at: datetime) -> Checkpoint:
        """Return the signed state of the chain."""
        text = checkpoint_text(chain_id, position, hash_, at, self.id)
        return Checkpoint(chain_id, position, hash_, at, self.id, self.sign(text))


def key_id_of(public: bytes) -> str:
    """Return the short name of a public key."""
    return sha256(public).hexdigest()[:_KEY_ID_DIGITS]


def checkpoint_text(chain_id: UUID, position: int, hash_: bytes, at: datetime, key_id: str) -> str:
    """Return what is signed of a checkpoint."""
    return canonical(
        {
            "chain_id": chain_id,
            "chain_position": position,
            "hash": hash_,
            "key_id": key_id,
            "timestamp": at,
        }
    )


def is_signed(checkpoint: Checkpoint, public: bytes) -> bool:
    """Say whether the holder of the key signed the checkpoint."""
    text = checkpoint_text(
        checkpoint.chain_id,
        checkpoint.position,
        checkpoint.hash,
        checkpoint.at,
        checkpoint.key_id,
    )
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(checkpoint.signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


class KeyFile:
    """The signing key and the one that is to follow it, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._present = folder / "signing-key"
        self._next = folder / "next-signing-key"

    def take_over(self, folder: Path) -> None:
        """Move keys here from where they stood before; raises OSError.

        One that stands here already counts; another one is left where it is, and said.
        """
        if folder.resolve() == self._folder.resolve():
            return
        for here in (self._present, self._next):
            there = folder / here.name
            if not there.exists():
                continue
            text = there.read_bytes()
            if not here.exists():
                _write_text(here, text)
            if here.read_bytes() == text:
                there.unlink()
                log.info("audit_key_moved", key=here.name)
            else:
                log.warning("audit_key_left_behind", path=str(there))

    @property
    def exists(self) -> bool:
        """Whether there is a file of the present key."""
        return self._present.exists()

    def read(self) -> SigningKey | None:
        """Return the present key, None when there is none; raises DamagedKey, OSError."""
        return _read(self._present)

    def next(self) -> SigningKey | None:
        """Return the key that is to follow; raises DamagedKey, OSError."""
        return _read(self._next)

    def put(self, key: SigningKey) -> None:
        """Make `key` the present one."""
        _write(self._present, key)

    def ask_for_rotation(self) -> SigningKey:
        """Put a new key beside the present one; the linker takes it up within seconds."""
        key = SigningKey.new()
        _write(self._next, key)
        return key

    def rotate(self, following: SigningKey) -> None:
        """Put `following`, which `next` gave, in the place of the present key."""
        self.put(following)
        if _read(self._next) == following:
            self._next.unlink(missing_ok=True)


def _read(path: Path) -> SigningKey | None:
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    try:
        return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text)))
    except ValueError as error:
        raise DamagedKey(f"{path} does not hold a signing key.") from error


def _write(path: Path, key: SigningKey) -> None:
    _write_text(path, key.private.private_bytes_raw().hex().encode() + b"\n")


def _write_text(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
