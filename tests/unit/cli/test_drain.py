"""``acd drain`` tells who is still on the line until nobody is, and says when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from acd.__main__ import make_app
from acd.cli import drain as module
from acd.domain.errors import DeployError

TOKEN = "t" * 32


class Engine:
    """An engine's API: the order it was given, and at each look who is there."""

    def __init__(self, *looks: tuple[str, ...]) -> None:
        self.ordered: list[str] = []
        self.looks = list(looks)

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return web.json_response({"detail": "no"}, status=401)
        if request.method == "POST":
            self.ordered.append(request.path)
            return web.json_response({})
        phases = self.looks[0] if len(self.looks) == 1 else self.looks.pop(0)
        return web.json_response({"contacts": [{"phase": phase} for phase in phases]})

    def server(self) -> TestServer:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        return TestServer(app, host="127.0.0.1")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.0)


async def test_it_tells_each_change_and_ends_when_nobody_is_on_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    before, between = ("talking", "waiting", "waiting"), ("talking", "fallback", "fallback")
    engine = Engine(before, between, between, ("fallback", "callback"))
    async with engine.server() as server:
        assert await module._drain(str(server.make_url("/")), TOKEN, 0, resume=False)
    assert engine.ordered == ["/api/v1/drain"]
    assert capsys.readouterr().out.splitlines()[:3] == [
        "1 talking, 2 waiting; 0 in Asterisk's own queue",
        "1 talking; 2 in Asterisk's own queue",
        "nobody on the line; 1 in Asterisk's own queue",
    ]


async def test_who_is_on_the_line_after_the_seconds_given_is_told_by_the_exit_code() -> None:
    engine = Engine(("talking",))
    async with engine.server() as server:
        assert not await module._drain(str(server.make_url("/")), TOKEN, 0.001, resume=False)


async def test_calls_are_taken_again_by_order() -> None:
    engine = Engine(())
    async with engine.server() as server:
        assert await module._drain(str(server.make_url("/")), TOKEN, 0, resume=True)
    assert engine.ordered == ["/api/v1/resume"]


async def test_a_token_that_may_not_is_told_with_what_the_engine_says() -> None:
    async with Engine(()).server() as server:
        with pytest.raises(DeployError, match=r"/api/v1/drain: 401 .*no"):
            await module._drain(str(server.make_url("/")), "wrong", 0, resume=False)


def test_a_token_that_is_missing_and_an_engine_that_is_are_told_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(module.TOKEN, raising=False)
    done = CliRunner().invoke(make_app("drain"), ["drain"])
    assert (done.exit_code, done.stderr) == (
        1,
        "a supervisor's token is needed: --token-file, or the variable ACD_TOKEN\n",
    )
    done = CliRunner().invoke(make_app("drain"), ["drain", "--token-file", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "none cannot be read" in done.stderr
    (tmp_path / "token").write_text(TOKEN)
    there = ["drain", "--token-file", str(tmp_path / "token"), "--url", "http://127.0.0.1:1"]
    done = CliRunner().invoke(make_app("drain"), there)
    assert done.exit_code == 1
    assert "/api/v1/drain: the engine does not answer" in done.stderr
