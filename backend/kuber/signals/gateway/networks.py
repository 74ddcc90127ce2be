"""Where a delivery comes from, and whether its source lets it come from there."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from kuber.signals.gateway.errors import NetworkNotAllowed, one_problem
from kuber.signals.gateway.types import Source

TEST_NETWORK = "test"
"""In place of the sender's network when Kuber itself sent the delivery."""


def check_network(source: Source, client_ip: str | None) -> None:
    """Raise NetworkNotAllowed unless the source takes deliveries from the address."""
    if client_ip is None or not source.allowed_networks:
        return
    address = _address(client_ip)
    networks = (ip_network(one) for one in source.allowed_networks)
    if address is None or not any(address in network for network in networks):
        raise NetworkNotAllowed(
            "The sender's address is not in the networks that this source allows.",
            one_problem(
                "The sender's address is not allowed.",
                "Add its network to the allowed networks of the source, if you trust it.",
                "allowed_networks",
            ),
        )


def network_of(client_ip: str | None) -> str:
    """Return the sender's network, /24 or /48: enough to recognise it, no more than needed."""
    if client_ip is None:
        return TEST_NETWORK
    address = _address(client_ip)
    if address is None:
        return "unknown"
    prefix = 48 if isinstance(address, IPv6Address) else 24
    return str(ip_network(f"{address}/{prefix}", strict=False))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
