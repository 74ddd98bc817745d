"""Two engines that take turns beside two Asterisks, one of which one of them cannot reach for a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from acd.app import App
from acd.domain.ids import PbxId
from acd.settings.values import OnePbx, Secret, Settings
from tests.fakes import deployment
from tests.fakes.ami_server import FakeAmi
from tests.fakes.ari_server import FakeAri
from tests.migrated import migrate
from tests.unit.telephony.test_control import channel
from tests.unit.test_app import get, until
from tests.unit.test_two_engines import engine, serves

A, B = PbxId("a"), PbxId("b")
CALLS = {A: "a-17.1", B: "b-17.1"}
BOTH = {(leg, "ivr") for leg in CALLS.values()}


@pytest.fixture
async def asterisks() -> AsyncIterator[dict[PbxId, tuple[FakeAri, FakeAmi]]]:
    async with AsyncExitStack() as stack:
        made = {}
        for name in (A, B):
            ari = FakeAri(system_name=name)
            await ari.start()
            stack.push_async_callback(ari.stop)
            ari.answer("GET", "/channels", 200, [])
            ari.answer("GET", "/bridges", 200, [])
            ari.answer("GET", "/applications/acd", 200, {"name": "acd", "channel_ids": [CALLS[name]]})
            made[name] = (ari, await stack.enter_async_context(FakeAmi()))
        yield made


@pytest.fixture
async def settings(
    tmp_path: Path, asterisks: dict[PbxId, tuple[FakeAri, FakeAmi]], postgresql_url: str
) -> Callable[[str], Settings]:
    """Of an engine by its name; each has a folder of its own, both have one database."""
    await migrate(postgresql_url)

    def of(name: str) -> Settings:
        (tmp_path / name).mkdir()
        made = deployment.settings(tmp_path / name)
        url = Secret(postgresql_url)
        several: list[OnePbx] = [
            replace(
                made.pbxs[0],
                id=pbx,
                ari=replace(made.ari, url=f"http://127.0.0.1:{ari.port}"),
                ami=replace(made.ami, port=ami.port),
            )
            for pbx, (ari, ami) in asterisks.items()
        ]
        agents = {agent: replace(plan, pbx=A) for agent, plan in made.plan.agents.items()}
        trunks = {trunk: replace(plan, pbx=A) for trunk, plan in made.plan.trunks.items()}
        return replace(
            made,
            several=tuple(several),
            plan=replace(made.plan, agents=agents, trunks=trunks, pbxs=(A, B)),
            store=replace(made.store, url=url),
            journal=replace(made.journal, url=url),
        )

    return of


def contacts(app: App) -> set[tuple[str, str]]:
    return {(contact.id, contact.phase.kind) for contact in app.dispatcher.state.contacts.values()}


def unseen(app: App) -> list[str]:
    return [pbx.id for pbx in app._pbxs.unseen()]


async def test_one_asterisk_out_of_reach_changes_nobodys_turn_and_its_calls_are_handed_on_too(
    settings: Callable[[str], Settings],
    asterisks: dict[PbxId, tuple[FakeAri, FakeAmi]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("acd.pbxs.ALL_SEEN_S", 0.05)
    ari_a, ari_b = asterisks[A][0], asterisks[B][0]
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(engine(settings("first")))
        await until(lambda: serves(first) and not unseen(first))
        second = await stack.enter_async_context(engine(settings("second")))
        for ari, leg in ((ari_a, CALLS[A]), (ari_b, CALLS[B])):
            caller = channel(leg)
            ari.answer("GET", "/channels", 200, [caller])
            await ari.emit({"type": "CallBroadcast", "channel": caller, "caller": "0811222333", "called": "169"})
            await ari.emit({"type": "StasisStart", "channel": caller, "args": []})
        await until(lambda: contacts(first) == BOTH)

        await ari_b.stop()
        await until(lambda: unseen(first) == [B])
        assert (await get(first, "/readyz"))[1]["status"] == "degraded"
        assert (await get(second, "/readyz"))[1]["status"] == "standby"
        await asyncio.sleep(2.5)  # longer than a lease lasts that is not renewed
        assert serves(first)
        assert not serves(second)

        await first.close()
        await until(lambda: serves(second) and second._pbxs._complete)
        assert unseen(second) == [B]
        assert contacts(second) == BOTH
        before = len(ari_b.seen)
        await ari_b.start()
        await until(lambda: not unseen(second))
        assert contacts(second) == BOTH
        hung_up = [one.path for one in ari_b.seen[before:] if one.method == "DELETE" and "/channels/" in one.path]
        assert hung_up == []
