"""Which passwords may be chosen, and how they are kept."""

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from kuber.identity.errors import InvalidAccount
from kuber.identity.passwords import PasswordHasher, check_choice

EMAIL = "annabelle.lee@example.com"


@pytest.mark.parametrize(
    "password",
    [
        "ninechars",
        "x" * 257,
        "Password123",
        "1234567890",
        "abababababab",
        "annabelle.lee",
        "ANNABELLE.LEE@example.com",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44123",
    ],
)
def test_a_password_that_is_tried_first_is_refused_with_a_remedy(password: str) -> None:
    with pytest.raises(InvalidAccount) as refused:
        check_choice(password, EMAIL)
    problem = refused.value.problems[0]
    assert problem.field == "password"
    assert "10 characters" in problem.remedy
    assert password not in problem.message


@pytest.mark.parametrize("password", ["three quiet herons", "пароль-и-ещё", "kQ4!vz8Tp0"])
def test_a_long_unusual_password_is_taken(password: str) -> None:
    check_choice(password, EMAIL)


async def test_a_password_fits_its_own_hash_only_however_it_was_typed() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("cafe\u0301 on the corner")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.verify("caf\u00e9 on the corner", stored)
    assert not await hasher.verify("cafe on the corner", stored)
    assert not await hasher.verify("anything", "not a hash")
    assert stored != await hasher.hash("cafe\u0301 on the corner")


async def test_no_account_is_as_much_work_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("three quiet herons")
    work: list[list[str]] = []
    verify = Argon2Hasher.verify

    def counted(argon2: Argon2Hasher, password: str | bytes, password_hash: str | bytes) -> bool:
        work.append(str(password_hash).split("$")[:4])  # kind, version, costs
        return verify(argon2, password, password_hash)

    monkeypatch.setattr(Argon2Hasher, "verify", counted)
    assert not await hasher.verify("a wrong password", stored)
    of_somebody, work[:] = [*work], []
    assert not await hasher.verify("a wrong password", None)
    assert len(of_somebody) == 1
    assert work == of_somebody


async def test_the_password_of_nobody_opens_nothing() -> None:
    assert not await PasswordHasher().verify("a password that nobody has", None)
