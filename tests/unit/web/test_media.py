"""Sound files that Asterisk fetches: under names that cannot be guessed, and only those it was told of."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from acd.web.app import make_app
from acd.web.media import MediaShelf
from tests.unit.web.world import World

Client: TypeAlias = TestClient[web.Request, web.Application]
KEY = b"k" * 32


@pytest.fixture
async def client(shelf: MediaShelf) -> AsyncIterator[Client]:
    made = TestClient(TestServer(make_app(replace(World().deps(), media=shelf))))
    await made.start_server()
    yield made
    await made.close()


@pytest.fixture
def shelf() -> MediaShelf:
    return MediaShelf(KEY)


def test_a_name_tells_nothing_and_depends_on_the_content_and_the_key(tmp_path: Path, shelf: MediaShelf) -> None:
    first, same, other = tmp_path / "welcome.wav", tmp_path / "b.wav", tmp_path / "c.alaw"
    first.write_bytes(b"sound")
    same.write_bytes(b"sound")
    other.write_bytes(b"other")
    name = shelf.name(first)
    assert name is not None
    assert len(name) == 132
    assert name == shelf.name(same) == MediaShelf(KEY).name(first)
    assert name != MediaShelf(b"x" * 32).name(first)
    assert str(shelf.name(other)).endswith(".alaw")
    assert shelf.name(tmp_path / "none.wav") is None
    assert shelf.name(tmp_path) is None


async def test_a_file_is_given_to_whoever_knows_its_name_and_may_be_kept(
    tmp_path: Path, shelf: MediaShelf, client: Client
) -> None:
    path = tmp_path / "welcome.wav"
    path.write_bytes(b"sound")
    name = shelf.name(path)
    async with client.get(f"/prompts/{name}") as answer:
        assert (answer.status, await answer.read()) == (200, b"sound")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"] == "audio/wav"


@pytest.mark.parametrize("name", ["welcome.wav", "..%2F..%2Fetc%2Fpasswd", "a" * 40 + ".wav"])
async def test_any_other_name_is_not_found(client: Client, name: str) -> None:
    async with client.get(f"/prompts/{name}") as answer:
        assert answer.status == 404
        assert (await answer.json())["detail"] == "There is no such sound."


async def test_a_changed_prompt_has_a_new_name_and_the_old_one_is_gone(
    tmp_path: Path, shelf: MediaShelf, client: Client
) -> None:
    path = tmp_path / "welcome.wav"
    path.write_bytes(b"sound")
    old = shelf.name(path)
    path.write_bytes(b"new sound")
    os.utime(path, (1, 1))
    async with client.get(f"/prompts/{old}") as answer:
        assert answer.status == 404
    new = shelf.name(path)
    assert new != old
    async with client.get(f"/prompts/{new}") as answer:
        assert await answer.read() == b"new sound"
    async with client.get(f"/prompts/{old}") as answer:
        assert answer.status == 404
