"""Checks ``data`` of acd.yaml, and the addresses, headers and paths of what flows ask.

Decides what can be said before any request is made. Must not read a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from acd.settings.data_file import DataSection, HostSection, SecretHeaderSection
from acd.settings.fields import quoted
from acd.settings.names import refer
from acd.settings.sources import Sources
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import Document, Path_

PORTS = {"https": 443, "http": 80}
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"})
"""Headers that follow from the request."""


def check(sources: Sources) -> None:
    """Note every mistake of ``data``."""
    document, acd = sources.acd.document, sources.acd.model
    if acd is None:
        return
    data = acd.data
    seen: dict[tuple[str, int], str] = {}
    for name, section in data.hosts.items():
        _, host, port = origin(name, section)
        first = seen.setdefault((host, port), name)
        if first != name:
            document.add(("data", "hosts", name), f"is the same as {quoted(first)}", at_key=True)
        if not 1 <= port <= 65535:  # noqa: PLR2004 - TCP's
            document.add(("data", "hosts", name), "the port must be 1 to 65535", at_key=True)
    for name, secret in data.secrets.items():
        if (secret.value_env is None) == (secret.value_file is None):
            document.add(("data", "secrets", name), "needs exactly one of value_env and value_file", at_key=True)
    for name, hook in data.webhooks.items():
        path: Path_ = ("data", "webhooks", name)
        check_url(document, (*path, "url"), hook.url, data)
        check_headers(document, path, hook.headers, hook.secret_headers, data)


def origin(name: str, section: HostSection) -> tuple[str, str, int]:
    """Scheme, host in lower case without brackets, and port of an entry of ``hosts``."""
    host, colon, port = name.rpartition(":")
    if not colon or name.endswith("]"):
        host, port = name, str(PORTS[section.scheme])
    return section.scheme, host.strip("[]").lower(), int(port)


def check_url(document: Document, path: Path_, url: str, data: DataSection) -> None:
    """Note a mistake unless a URL is at one of the hosts. A template may have its expressions behind the host only."""
    parts = _split(url)
    if parts is None or parts.scheme not in PORTS or not parts.hostname:
        document.add(path, f"must be https://HOST/... at a host of acd.yaml's `data`, not {quoted(url)}")
        return
    if "@" in parts.netloc:
        document.add(path, "a user does not belong in an address; use secret_headers")
        return
    if "{" in parts.netloc or "}" in parts.netloc:
        document.add(path, "the host is written out: expressions stand behind it only")
        return
    asked = (parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])
    known = {origin(name, section): name for name, section in data.hosts.items()}
    if asked not in known:
        host = parts.netloc
        near = did_you_mean(host, list(data.hosts))
        others = [scheme for scheme, *rest in known if tuple(rest) == asked[1:]]
        why = f"; it is asked over {others[0]}" if others else near
        document.add(path, f"{quoted(parts.scheme + '://' + host)} is none of the hosts in acd.yaml's `data`{why}")


def check_headers(
    document: Document,
    path: Path_,
    headers: Mapping[str, str],
    secret_headers: Mapping[str, SecretHeaderSection],
    data: DataSection,
) -> None:
    """Note headers that cannot be sent, are there twice or name a secret there is not."""
    seen: set[str] = set()
    for key, names in (("headers", headers), ("secret_headers", secret_headers)):
        for name in names:
            where = (*path, key, name)
            if name.lower() in _OURS:
                document.add(where, f"{name} follows from the request", at_key=True)
            if name.lower() in seen:
                document.add(where, f"{name} is there twice", at_key=True)
            seen.add(name.lower())
    for name, text in headers.items():
        if not text.isprintable():
            document.add((*path, "headers", name), "a header is one line of printable text")
    for name, section in secret_headers.items():
        where = (*path, "secret_headers", name, "secret")
        refer(document, where, section.secret, frozenset(data.secrets), "secret")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
