"""An address that an account may have is shown as it is: who reads it cannot put it right."""

import pytest

from kuber.identity.emails import normalise
from kuber.notifications.schemas import ChannelOut


@pytest.mark.parametrize("address", ["ann@kuber.test", "ann@example.com", "ann@bücher.de"])
def test_a_channel_shows_every_address_that_an_account_may_have(address: str) -> None:
    shown = ChannelOut(
        id="mail", name="E-mail", state="on", address=normalise(address), detail="On."
    )
    assert shown.address == normalise(address)
