"""An address that an account may have is shown as it is: who reads it cannot put it right."""

from typing import Any

import pytest

from kuber.identity.emails import normalise
from kuber.main import contract
from kuber.notifications.schemas import ChannelOut


@pytest.mark.parametrize("address", ["ann@kuber.test", "ann@example.com", "ann@bücher.de"])
def test_a_channel_shows_every_address_that_an_account_may_have(address: str) -> None:
    shown = ChannelOut(
        id="mail", name="E-mail", state="on", address=normalise(address), detail="On."
    )
    assert shown.address == normalise(address)


def _formats(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_formats, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["format"]} if isinstance(schema.get("format"), str) else set()
    return own.union(*map(_formats, schema.values()))


def test_no_text_of_the_api_is_checked_by_a_stricter_rule_when_it_is_shown() -> None:
    allowed = {"uuid", "date-time", "date", "decimal", "password", "binary"}
    assert _formats(contract()["components"]["schemas"]) <= allowed
