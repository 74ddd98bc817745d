"""Sound files for Asterisk: fetched once by each node, under names that tell nothing and cannot be guessed.

Decides the names: a keyed hash of the content, so that a changed prompt has another name and a cached one never goes
stale. There is no token: Asterisk's ``sound:http://`` sends none. Must not know which prompt a file is.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from acd.web.problems import Problem

PATH = "/prompts/{name}"
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_TYPES = {".wav": "audio/wav"}

Seen = tuple[int, int]
"""A file's time of change and its size."""


class MediaShelf:
    """The files that may be fetched: those whose name was given to Asterisk."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._named: dict[Path, tuple[Seen, str]] = {}
        self._files: dict[str, tuple[Path, Seen]] = {}

    def name(self, path: Path) -> str | None:
        """Give the name under which a file can be fetched from now on; None where there is no such file."""
        seen = _seen(path)
        if seen is None:
            return None
        known = self._named.get(path)
        if known is not None and known[0] == seen:
            return known[1]
        try:
            content = path.read_bytes()
        except OSError:
            return None
        # All 128 characters: Asterisk puts the path of its own copy where the URL stood and cuts a longer one (file.c).
        digest = hashlib.blake2b(content, key=self._key).hexdigest()
        name = f"{digest}{path.suffix}"
        if known is not None:
            self._files.pop(known[1], None)
        self._named[path] = (seen, name)
        self._files[name] = (path, seen)
        return name

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer Asterisk. Raises ``Problem``."""
        path, seen = self._files.get(request.match_info["name"], (None, None))
        if path is None or _seen(path) != seen:
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such sound.", kind="not-found")
        headers = {"Content-Type": _TYPES.get(path.suffix, "application/octet-stream"), **_HEADERS}
        return web.FileResponse(path, headers=headers)


def _seen(path: Path) -> Seen | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size)
