"""What a running Asterisk lacks to be heard: prompts and music on hold.

Decides where Asterisk looks for a sound and what a caller hears who waits. Must not know how the questions travel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from acd.deploy.finding import Finding, missing, note
from acd.deploy.live import LivePbx

_OURS = "acd"
_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Sounds:
    """Where prompts are made, and the path Asterisk plays them by; names are ``<language>/<key>/<wording>``."""

    folder: Path
    prefix: str
    names: tuple[str, ...]
    fetched: bool = False
    """Asterisk gets them from the API, wherever they are."""


def prompts(pbx: LivePbx, sounds: Sounds) -> Iterator[Finding]:
    """Look for a file of every prompt where Asterisk would, in whatever format, or for what fetches them."""
    if sounds.fetched:
        yield from _fetching(pbx, sounds)
        return
    place = Path(sounds.prefix)
    if not place.is_absolute():
        data = re.search(r"Data directory: *(\S+)", pbx.console("core show settings"))
        place = Path(data[1] if data else "/var/lib/asterisk") / "sounds" / place
    absent = _absent(sounds.names, place)
    if not absent:
        return
    if place.resolve() != sounds.folder.resolve() and not _absent(sounds.names, sounds.folder):
        yield missing(
            f"Asterisk would look for the prompts in {place}, but they are in {sounds.folder}",
            f"acd.yaml: prompts: sound_prefix: {sounds.folder}",
        )
        return
    yield missing(
        f"{len(absent)} of {len(sounds.names)} prompts have no sound file in {place}, such as {absent[0]}",
        "acd prompts build",
    )


def _fetching(pbx: LivePbx, sounds: Sounds) -> Iterator[Finding]:
    if not re.search(r"^res_http_media_cache.*Running", pbx.console("module show like media_cache"), re.MULTILINE):
        yield missing(
            "Asterisk cannot fetch prompts over HTTP: res_http_media_cache is not loaded",
            "modules.conf: load = res_http_media_cache.so (and res_curl.so); or acd.yaml: prompts: delivery: folder",
        )
    if absent := _absent(sounds.names, sounds.folder):
        yield missing(
            f"{len(absent)} of {len(sounds.names)} prompts have no sound file in {sounds.folder}, such as {absent[0]}",
            "acd prompts build",
        )


def _absent(names: tuple[str, ...], place: Path) -> list[str]:
    there = {str(path.relative_to(place).with_suffix("")) for path in place.rglob("*.*")}
    return [name for name in names if name not in there]


def music(pbx: LivePbx, wanted: tuple[str, ...]) -> Iterator[Finding]:
    """Look for the classes of music the queues name, and for that of the fallback queue.

    Asterisk lists only classes with a file. It plays ``default`` in place of one it does not know, and nothing where
    there is no ``default`` either.
    """
    there = set(re.findall(r"^Class: (.*\S)", pbx.console("moh show classes"), re.MULTILINE))
    for name in wanted:
        if name in there:
            continue
        remedy = (
            "musiconhold.conf: #include acd_musiconhold.conf; then: moh reload"
            if name == _OURS
            else f"musiconhold.conf: a section [{name}]; or queues.yaml: music: {_OURS}; then: moh reload"
        )
        message = f"no music on hold class {name} with a file in it"
        if _DEFAULT in there:
            yield note(f"{message}: waiting callers hear {_DEFAULT} instead", remedy)
        else:
            yield missing(f"{message}: callers wait in silence", remedy)
    if _OURS not in {*there, *wanted}:
        yield note(
            f"no music on hold class {_OURS} with a file in it",
            "musiconhold.conf: #include acd_musiconhold.conf; then: moh reload",
        )
