"""Which passwords may be chosen, and how they are kept."""

import time

import pytest

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


async def test_no_account_takes_as_long_as_a_wrong_password() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("three quiet herons")

    async def processor_s(password_hash: str | None) -> float:
        started = time.process_time()  # not the wall clock: other programs share the processor
        assert not await hasher.verify("a wrong password", password_hash)
        return time.process_time() - started

    pairs = [(await processor_s(None), await processor_s(stored)) for _ in range(7)]
    nobody, somebody = (min(times) for times in zip(*pairs, strict=True))
    assert 0.6 < nobody / somebody < 1.7


async def test_the_password_of_nobody_opens_nothing() -> None:
    assert not await PasswordHasher().verify("a password that nobody has", None)
