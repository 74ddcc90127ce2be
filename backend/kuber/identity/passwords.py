"""Passwords: which ones may be chosen, and how they are kept."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from kuber.identity.errors import InvalidAccount
from kuber.kernel.errors import Problem

Args = TypeVarTuple("Args")
T = TypeVar("T")

NO_PASSWORD = ""
"""In place of a hash: no password matches."""
MIN_LENGTH = 10
MAX_LENGTH = 256
_FEWEST_DIFFERENT_CHARACTERS = 4

_COMMON_LIST = """
1234567890 0123456789 0987654321 9876543210 12345678910 123456789012 1122334455 123123123123
1234567890a 123456789a 123456789q a123456789 aa12345678 abc1234567 abcdefghij abcdefg123
1q2w3e4r5t 1qaz2wsx3edc qwertyuiop qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl123
password12 password123 password1234 password12345 password123456 passw0rd12 passw0rd123
p@ssw0rd12 p@ssw0rd123 p@ssword123 mypassword mypassword1 mypassword123 administrator
admin12345 admin123456 changeme12 changeme123 letmein123 letmein1234 welcome123 welcome1234
iloveyou12 iloveyou123 iloveyou1234 sunshine123 princess123 football123 baseball123 basketball
superman123 starwars123 liverpool123 manchester charlie123 michael123 whatever123
"""
_COMMON = frozenset(_COMMON_LIST.split())


def check_choice(password: str, email: str) -> None:
    """Raise InvalidAccount when `password` would be among the first that an attacker tries.

    `email` is the normalised address of the account.
    """
    reason = _weakness(_spelling(password).lower(), email)
    if reason:
        remedy = f"Choose at least {MIN_LENGTH} characters, such as a few unrelated words."
        raise InvalidAccount(
            "The password cannot be used.", [Problem(reason, remedy, field="password")]
        )


def _weakness(password: str, email: str) -> str | None:
    if len(password) < MIN_LENGTH:
        return f"The password is shorter than {MIN_LENGTH} characters."
    if len(password) > MAX_LENGTH:
        return f"The password is longer than {MAX_LENGTH} characters."
    if password in (email, email.partition("@")[0]):
        return "The password is the e-mail address."
    if password in _COMMON:
        return "The password is one of the most common ones."
    if len(set(password)) < _FEWEST_DIFFERENT_CHARACTERS:
        return "The password repeats the same few characters."
    return None


def _spelling(password: str) -> str:
    """Return one spelling for what looks the same on different keyboards (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


class PasswordHasher:
    """Argon2id with the parameters OWASP recommends: 19 MiB, two passes, one lane.

    Hashing runs in two threads of its own: it blocks neither the event loop nor the threads that
    serve others, and a flood of log-ins waits in line instead of taking memory.
    """

    def __init__(self) -> None:
        self._argon2 = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
        self._decoy = self._argon2.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """Return the salted hash to store for `password`."""
        return await self._in_thread(self._argon2.hash, _spelling(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Say whether `password` belongs to `password_hash`; takes as long when there is none."""
        wanted = password_hash or self._decoy
        found = await self._in_thread(self._verify, _spelling(password), wanted)
        return found and bool(password_hash)

    async def _in_thread(self, work: Callable[[*Args], T], *arguments: *Args) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, work, *arguments)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon2.verify(password, password_hash)
        except UnknownHashError:
            return False
