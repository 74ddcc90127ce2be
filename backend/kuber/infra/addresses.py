"""Which network addresses a stranger's URL may lead to."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

# Python counts parts of these as global, because a few single services in them are.
_REFUSED_V4 = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))

# IPv6 that is routed on the Internet lies in one block; these parts of it lead elsewhere: protocol
# assignments with Teredo, documentation, 6to4 (each can hide an IPv4 address), documentation.
_INTERNET_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = (
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),
    IPv6Network("3fff::/20"),
)
# A network without IPv4 reaches it through these (RFC 6052): the last 32 bits are the address.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: IpAddress) -> bool:
    """Return whether an address belongs to the open Internet and to one host.

    Private, loopback, link-local, shared (CGNAT), multicast, documentation and reserved addresses
    are not public, nor are IPv6 addresses that carry an IPv4 one, except NAT64 of a public one.
    """
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not any(address in network for network in _REFUSED_V4)
        )
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return (
        address in _INTERNET_V6
        and address.scope_id is None
        and not any(address in network for network in _REFUSED_V6)
    )


def literal_address(host: str) -> IpAddress | None:
    """Return the address that `host` spells in any way a resolver takes, None for a name.

    The old spellings count too: `2130706433`, `0x7f.1` and `0177.0.0.1` are 127.0.0.1.
    """
    try:
        return ip_address(host.replace("%25", "%"))
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None


def lies_in(address: IpAddress, networks: Iterable[IpNetwork]) -> bool:
    """Return whether one of `networks` holds the address."""
    return any(address in network for network in networks)
