"""An e-mail address has one spelling."""

import pytest

from kuber.identity.emails import normalise
from kuber.identity.errors import InvalidAccount


def test_case_spaces_around_and_unicode_forms_do_not_make_another_address() -> None:
    assert normalise(" Ann@Example.COM ") == "ann@example.com"
    assert normalise("jose\u0301@example.com") == normalise("JOS\u00c9@example.com")
    assert normalise("ann@kuber.test") == "ann@kuber.test"


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "@example.com", "a b@example.com", "ann@example", "a\x00@b.com"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidAccount) as refused:
        normalise(email)
    assert refused.value.problems[0].field == "email"


@pytest.mark.parametrize("address", ["\u3164@example.com", "\u115f\u1160@example.com"])
def test_an_address_that_shows_nothing_is_refused(address: str) -> None:
    with pytest.raises(InvalidAccount):
        normalise(address)
