"""Which addresses may be connected to at all.

Decides by the address a connection really goes to, whatever name led there: a name that comes to mean this machine
between two look-ups changes nothing (DNS rebinding). Must not know names.
"""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: its last 32 bits are an IPv4 address."""


def embodied(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, NAT64, 6to4, Teredo), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def refused(text: str, *, internal: bool, named: bool) -> str | None:
    """Why an address may not be reached; None if it may.

    ``internal``: the deployment says that the host is one of its own network, so private addresses and loopback are
    meant. ``named``: this very address, not a name, was written down; only so can a link-local one be reached, as cloud
    machines hand out their credentials there.
    """
    try:
        address = embodied(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return "no address"
    if address.is_unspecified or address.is_multicast:
        return "not an address of one machine"
    if address.is_link_local:
        return None if internal and named else "link-local"
    if internal or address.is_global:
        return None
    return "loopback" if address.is_loopback else "not public"
