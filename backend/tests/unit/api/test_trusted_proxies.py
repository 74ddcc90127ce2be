"""Which addresses count as proxies of ours."""

import pytest
from uvicorn.middleware.proxy_headers import _TrustedHosts

from kuber.api.serving.proxies import TrustedProxies

ADDRESSES = ["10.1.2.3", "10.2.0.1", "192.168.0.7", "127.0.0.1", "fd00::7", "::1", "proxy", "*", ""]


@pytest.mark.parametrize(
    ("text", "trusted"),
    [
        ("", set()),
        ("127.0.0.1", {"127.0.0.1"}),
        (" 10.1.0.0/16 , 192.168.0.7", {"10.1.2.3", "192.168.0.7"}),
        ("fd00::/8", {"fd00::7"}),
        ("0:0:0:0:0:0:0:1", {"::1"}),
        ("proxy", {"proxy"}),
        ("10.1.2.3/16", set()),
    ],
)
def test_addresses_and_networks_are_trusted_as_uvicorn_trusts_them(
    text: str, trusted: set[str]
) -> None:
    ours, uvicorns = TrustedProxies(text), _TrustedHosts(text)
    assert {one for one in ADDRESSES if one in ours} == trusted
    assert {one for one in ADDRESSES if one in uvicorns} == trusted


def test_a_star_trusts_everybody() -> None:
    assert all(one in TrustedProxies("*") for one in ADDRESSES)
