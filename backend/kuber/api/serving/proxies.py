"""Which addresses are proxies of ours."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

_EVERYBODY = "*"


class TrustedProxies:
    """Addresses and networks with commas between, or `*`; says of an address whether it is in it.

    Their word about a client's address counts: anybody else could pretend to be somewhere else and
    escape the limits on guessing passwords. Read as uvicorn reads `forwarded_allow_ips`.
    """

    def __init__(self, text: str) -> None:
        names = [name for name in map(str.strip, text.split(",")) if name]
        self._everybody = text == _EVERYBODY
        self._networks: list[IPv4Network | IPv6Network] = []
        self._names: set[str] = set()
        for name in names:
            try:
                self._networks.append(ip_network(name))
            except ValueError:  # a name, which only a proxy that gives it as its address has
                self._names.add(name)

    def __contains__(self, address: object) -> bool:
        if self._everybody or address in self._names:
            return True
        try:
            found = ip_address(str(address))
        except ValueError:
            return False
        return any(found in network for network in self._networks)
