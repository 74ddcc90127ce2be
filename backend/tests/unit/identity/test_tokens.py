"""Access tokens say who and until when, and cannot be made by others."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import jwt
import pytest

from kuber.identity.errors import NotSignedIn, TokenExpired
from kuber.identity.tokens import AccessTokens, new_refresh_token, refresh_token_hash
from kuber.identity.types import SessionId
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id

SECRET = "a secret of this test, 32 characters or more"
STRANGER = "another secret, 32 characters or more"
USER, SESSION = UserId(new_id()), SessionId(new_id())


def signed(
    clock: FixedClock, changes: Mapping[str, object] = MappingProxyType({}), secret: str = SECRET
) -> str:
    now = int(clock.now().timestamp())
    claims = {
        "iss": "kuber",
        "aud": "kuber-api",
        "sub": str(USER),
        "sid": str(SESSION),
        "jti": "1",
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, secret, algorithm="HS256")


def test_a_token_says_what_was_put_into_it_until_it_expires(clock: FixedClock) -> None:
    tokens = AccessTokens(SECRET, 900, clock)
    token = tokens.issue(USER, SESSION)
    claims = tokens.read(token)
    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert claims.expires_at == clock.now() + timedelta(seconds=900)
    clock.advance(timedelta(seconds=899))
    tokens.read(token)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        tokens.read(token)


def test_every_token_is_different(clock: FixedClock) -> None:
    tokens = AccessTokens(SECRET, 900, clock)
    assert tokens.issue(USER, SESSION) != tokens.issue(USER, SESSION)
    assert new_refresh_token() != new_refresh_token()
    assert len(refresh_token_hash(new_refresh_token())) == 32


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "someone"},
        {"aud": "another-api"},
        {"sub": "ann"},
        {"sid": None},
        {"jti": None},
        {"exp": None},
        {"exp": "soon"},
    ],
)
def test_a_token_with_other_claims_is_refused(
    clock: FixedClock, changes: dict[str, object]
) -> None:
    with pytest.raises(NotSignedIn):
        AccessTokens(SECRET, 900, clock).read(signed(clock, changes))


def test_a_token_signed_by_others_or_not_at_all_is_refused(clock: FixedClock) -> None:
    tokens = AccessTokens(SECRET, 900, clock)
    tokens.read(signed(clock))
    unsigned = jwt.encode({"sub": str(USER)}, "", algorithm="none")
    other_way = jwt.encode({"sub": str(USER)}, SECRET * 2, algorithm="HS512")
    for bad in (signed(clock, secret=STRANGER), unsigned, other_way, ""):
        with pytest.raises(NotSignedIn):
            tokens.read(bad)
