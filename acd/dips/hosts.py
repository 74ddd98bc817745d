"""The hosts that may be asked, and whether an address of the web is at one of them.

Decides by scheme, host and port together. Must not know what is asked.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from yarl import URL

from acd.settings.values import DataHost


@dataclass(frozen=True, slots=True)
class Place:
    """A URL that may be asked, and the host it is at."""

    host: DataHost
    url: URL


class AllowList:
    """The deployment's hosts. A request, and each redirect, must be at one of them."""

    def __init__(self, hosts: Iterable[DataHost]) -> None:
        self.use(hosts)

    def use(self, hosts: Iterable[DataHost]) -> None:
        """Allow these from now on, and no others."""
        self._hosts = {(host.scheme, host.host, host.port): host for host in hosts}

    def find(self, url: URL) -> Place | None:
        """The place of a URL; None for one that may not be asked."""
        host, port = url.host, url.port
        if url.user is not None or url.password is not None or host is None or port is None:
            return None
        known = self._hosts.get((url.scheme, host.lower(), port))
        return Place(known, url.with_fragment(None)) if known is not None else None

    def read(self, text: str) -> Place | None:
        """The place of a URL as text; None for one that may not be asked or is none."""
        try:
            return self.find(URL(text, encoded=True))
        except ValueError:
            return None


def is_address(host: str) -> bool:
    """Whether a host is written as an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
