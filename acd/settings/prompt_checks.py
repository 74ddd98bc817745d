"""Checks of who says what: voices, the prompt that takes others' place, and how Asterisk comes to the files.

Decides what ``prompts:`` in acd.yaml must fulfil beyond its shape.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from acd.settings.fields import quoted
from acd.settings.names import Names, refer
from acd.settings.sources import Sources

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def check(sources: Sources, names: Names) -> None:
    """Note every mistake."""
    document, acd = sources.acd.document, sources.acd.model
    if acd is None:
        return
    section = acd.prompts
    for language in section.voices:
        refer(document, ("prompts", "voices", language), language, names.languages, "language", at_key=True)
    if section.fallback is not None:
        refer(document, ("prompts", "fallback"), section.fallback, names.prompts, "prompt")
    if section.url is not None and not _reachable(section.url):
        document.add(("prompts", "url"), f"{quoted(section.url)} is no address such as http://10.0.0.5:8169")
    if section.delivery == "http" and section.url is None and acd.api is not None and acd.api.bind in _EVERYWHERE:
        document.add(("prompts", "delivery"), "http needs a url: the API listens on every address of this machine")


def _reachable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query + parts.fragment
