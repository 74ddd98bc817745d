"""Which URLs are at an allowed host."""

from __future__ import annotations

import pytest

from acd.dips.hosts import AllowList
from acd.settings.values import DataHost

ALLOWED = AllowList(
    [
        DataHost("api.example.org", "https", "api.example.org", 443),
        DataHost("127.0.0.1:8170", "http", "127.0.0.1", 8170, internal=True),
        DataHost("[::1]:8171", "http", "::1", 8171, internal=True),
    ]
)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.example.org/x?y=1", "api.example.org"),
        ("https://API.example.ORG:443/", "api.example.org"),
        ("http://127.0.0.1:8170/licences/1", "127.0.0.1:8170"),
        ("http://[::1]:8171/", "[::1]:8171"),
    ],
)
def test_scheme_host_and_port_together_are_allowed(url: str, host: str) -> None:
    place = ALLOWED.read(url)
    assert place is not None
    assert place.host.name == host


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.org/",
        "https://api.example.org:8443/",
        "https://api.example.org.evil.test/",
        "https://evil.test/api.example.org",
        "https://api.example.org@evil.test/",
        "https://user:secret@api.example.org/",
        "https://user@api.example.org/",
        "http://127.0.0.1/",
        "http://2130706433:8170/",
        "file:///etc/passwd",
        "//api.example.org/",
        "/x",
        "https://",
        "http://[::1/",
        "https://api.example.org:port/",
        "",
    ],
)
def test_everything_else_is_not(url: str) -> None:
    assert ALLOWED.read(url) is None
