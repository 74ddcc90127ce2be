"""T25: which addresses a stranger's URL may lead to."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.infra.addresses import is_public, literal_address

PUBLIC = (
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "64:ff9b::808:808",
)
REFUSED = (
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
)
SPELLINGS = {
    "127.0.0.1": "127.0.0.1",
    "2130706433": "127.0.0.1",
    "0x7f000001": "127.0.0.1",
    "0x7f.1": "127.0.0.1",
    "0177.0.0.1": "127.0.0.1",
    "127.1": "127.0.0.1",
    "0": "0.0.0.0",  # noqa: S104
    "3232235777": "192.168.1.1",
    "::1": "::1",
    "::ffff:10.0.0.1": "::ffff:10.0.0.1",
    "fe80::1%25eth0": "fe80::1%eth0",
}
PRIVATE_V4 = tuple(
    map(IPv4Network, ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"))
)


@pytest.mark.parametrize("address", PUBLIC)
def test_t25_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", REFUSED)
def test_t25_an_address_of_any_special_kind_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(("spelling", "address"), SPELLINGS.items())
def test_t25_every_spelling_of_an_address_is_read(spelling: str, address: str) -> None:
    assert literal_address(spelling) == ip_address(address)


@pytest.mark.parametrize("host", ["example.com", "localhost", "1e100.net", "a-1", "127.0.0.1.nip"])
def test_t25_a_name_is_no_address(host: str) -> None:
    assert literal_address(host) is None


@given(network=st.sampled_from(PRIVATE_V4), offset=st.integers(0, 2**16 - 1))
def test_t25_no_private_address_passes_in_any_disguise(network: IPv4Network, offset: int) -> None:
    base = int(network.network_address)
    inside = IPv4Address(base + offset)
    number = int(inside)
    assert not is_public(inside)
    assert literal_address(str(number)) == literal_address(hex(number)) == inside
    for prefix in (0, 0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112 | number << 80):
        assert not is_public(IPv6Address(prefix | number))
