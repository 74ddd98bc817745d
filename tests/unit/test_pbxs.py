"""One engine beside two Asterisks: each has its own links, and what one lacks the other need not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from errno import ECONNREFUSED, EHOSTUNREACH
from pathlib import Path

import pytest

from acd.app import App
from acd.domain.errors import PbxUnavailable
from acd.domain.events import Resynced
from acd.domain.ids import ContactId, PbxId
from acd.settings.values import OnePbx, Settings
from acd.telephony.ami.facts import WatchState
from acd.telephony.ari.values import AriState
from acd.telephony.refusal import nobody_listens
from tests.fakes import deployment
from tests.fakes.ami_server import FakeAmi
from tests.fakes.ari_server import FakeAri
from tests.fakes.deployment import VIEWER
from tests.unit.telephony.test_control import channel
from tests.unit.test_app import get, running, until

A, B = PbxId("a"), PbxId("b")


@dataclass
class Asterisk:
    """What stands in for one."""

    ari: FakeAri
    ami: FakeAmi

    def channels(self, *seen: object) -> None:
        self.ari.answer("GET", "/channels", 200, list(seen))


@pytest.fixture
async def both() -> AsyncIterator[tuple[Asterisk, Asterisk]]:
    async with AsyncExitStack() as stack:
        made = []
        for name in (A, B):
            ari = FakeAri(system_name=name)
            await ari.start()
            stack.push_async_callback(ari.stop)
            ari.answer("GET", "/bridges", 200, [])
            ari.answer("GET", "/applications/acd", 200, {"name": "acd", "channel_ids": []})
            made.append(Asterisk(ari, await stack.enter_async_context(FakeAmi())))
            made[-1].channels()
        yield made[0], made[1]


@pytest.fixture
def settings(tmp_path: Path, both: tuple[Asterisk, Asterisk]) -> Settings:
    """The sample's trunk and agents are at a, but for agent102."""
    a, b = both
    made = deployment.settings(tmp_path, ari=a.ari.port, ami=a.ami.port)
    one = replace(made.pbxs[0], id=A)
    other: OnePbx = replace(
        one,
        id=B,
        ari=replace(one.ari, url=f"http://127.0.0.1:{b.ari.port}"),
        ami=replace(one.ami, port=b.ami.port),
        recordings=tmp_path / "at_b",
    )
    agents = {name: replace(agent, pbx=B if name == "agent102" else A) for name, agent in made.plan.agents.items()}
    trunks = {name: replace(trunk, pbx=A) for name, trunk in made.plan.trunks.items()}
    return replace(made, several=(one, other), plan=replace(made.plan, agents=agents, trunks=trunks, pbxs=(A, B)))


def posts(asterisk: Asterisk) -> list[str]:
    return [one.path for one in asterisk.ari.seen if one.method == "POST"]


def served(app: App) -> bool:
    return not any(app._pbxs.unseen())


def metrics(app: App) -> str:
    return app._metrics.render("")[0].decode()


async def test_a_call_is_led_by_commands_to_its_own_asterisk(
    settings: Settings, both: tuple[Asterisk, Asterisk]
) -> None:
    async with running(settings) as app:
        await until(lambda: served(app))
        for asterisk, leg in zip(both, ("a-17.1", "b-17.1"), strict=True):
            caller = channel(leg)
            await asterisk.ari.emit(
                {"type": "CallBroadcast", "channel": caller, "caller": "0811222333", "called": "169"}
            )
            await asterisk.ari.emit({"type": "StasisStart", "channel": caller, "args": []})
        a, b = both
        await until(lambda: "/channels/a-17.1/answer" in posts(a) and "/channels/b-17.1/answer" in posts(b))
        assert [any("b-17.1" in path for path in posts(one)) for one in both] == [False, True]
        assert [any("a-17.1" in path for path in posts(one)) for one in both] == [True, False]
        view = app.dispatcher.view()
        assert view is not None
        assert {c.id for c in view.contacts} == {"a-17.1", "b-17.1"}


async def test_one_that_goes_away_is_named_wherever_something_is_said_of_it(
    settings: Settings, both: tuple[Asterisk, Asterisk]
) -> None:
    _, b = both
    async with running(settings) as app:
        await until(lambda: served(app))
        assert app._ready().problems == ()
        before = [reason for reason in app._ready().degraded if reason.startswith(("a: AMI", "b: AMI"))]
        assert len(before) == 2, "these stand-ins tell no lists"
        await b.ari.stop()
        await until(lambda: not served(app))
        status, answer = await get(app, "/readyz")
        assert (status, answer["status"]) == (200, "degraded")
        assert answer["reasons"][0].startswith("b: ARI is ")
        assert 'acd_link_up{link="ari",pbx="a"} 1.0' in metrics(app)
        assert 'acd_link_up{link="ari",pbx="b"} 0.0' in metrics(app)
        _, found = await get(app, "/api/v1/gaps", VIEWER)
        gaps = [gap for gap in found["gaps"] if gap["kind"] == "ari"]
        assert [(gap["missing"].endswith("(at b)"), gap["ended_at"]) for gap in gaps] == [(True, None)]
        await b.ari.start()
        await until(lambda: served(app))
        _, found = await get(app, "/api/v1/gaps", VIEWER)
        assert all(gap["ended_at"] is not None for gap in found["gaps"] if gap["kind"] == "ari")


async def test_calls_are_not_served_when_all_are_away(settings: Settings, both: tuple[Asterisk, Asterisk]) -> None:
    async with running(settings) as app:
        await until(lambda: served(app))
        for asterisk in both:
            await asterisk.ari.stop()
        await until(lambda: len(list(app._pbxs.unseen())) == 2)
        status, answer = await get(app, "/readyz")
        assert (status, answer["status"]) == (503, "not_ready")
        assert [reason[:2] for reason in answer["reasons"][:2]] == ["a:", "b:"]


async def test_an_asterisk_of_another_name_is_not_taken_for_it(
    settings: Settings, both: tuple[Asterisk, Asterisk]
) -> None:
    """The ids of its calls would lead to another one."""
    a, b = both
    b.ari.system_name = "somebody"
    async with running(settings) as app:
        await until(lambda: not app._pbxs.first.ari_trouble)
        await until(lambda: len(b.ari.greetings) > 1)
        assert (a.ari.connections, b.ari.connections) == (["acd"], [])


async def test_one_that_is_away_from_the_beginning_is_not_waited_for_for_ever(
    settings: Settings, both: tuple[Asterisk, Asterisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.pbxs.ALL_SEEN_S", 0.05)
    _, b = both
    await b.ari.stop()
    async with running(settings) as app:
        await until(lambda: app._pbxs._complete)
        _, found = await get(app, "/api/v1/gaps", VIEWER)
        kinds = [(gap["kind"], gap["ended_at"] is None) for gap in found["gaps"]]
        assert ("ari", True) in kinds
        assert ("engine", True) not in kinds
        await b.ari.start()
        await until(lambda: served(app))
        _, found = await get(app, "/api/v1/gaps", VIEWER)
        assert not [gap for gap in found["gaps"] if gap["kind"] == "ari" and gap["ended_at"] is None]


async def test_each_is_looked_at_alone(settings: Settings, both: tuple[Asterisk, Asterisk]) -> None:
    a, b = both
    a.channels(channel("a-1.1"))
    b.channels(channel("b-1.1"))
    async with running(settings) as app:
        await until(lambda: served(app))
        await app._journal.flush()
        _, events = await app._journal.load()
        looks = [event for event in events if isinstance(event, Resynced)]
        assert sorted((look.pbx, look.channels[0].leg_id) for look in looks) == [(A, "a-1.1"), (B, "b-1.1")]


async def test_a_phone_elsewhere_is_known_again_by_what_was_noted_with_its_leg(
    settings: Settings, both: tuple[Asterisk, Asterisk]
) -> None:
    a, _ = both
    leg = channel("acd-l-a-1.1-1", name="PJSIP/acd-peer-b-00000007")
    a.channels(leg)
    a.ari.answer("GET", "/channels/acd-l-a-1.1-1/variable", 200, {"value": "PJSIP/agent102"})
    async with running(settings) as app:
        await until(lambda: served(app))
        seen = await app._pbxs.first.control.resync(after_gap=True)
        assert [found.name.rpartition("-")[0] for found in seen.channels] == ["PJSIP/agent102"]
        a.ari.answer("GET", "/channels/acd-l-a-1.1-1/variable", 404)
        app._pbxs.first.control._phones.clear()
        seen = await app._pbxs.first.control.resync(after_gap=True)
        assert [found.name for found in seen.channels] == ["PJSIP/acd-peer-b-00000007"]


async def test_all_have_to_give_a_sign_of_life_that_no_other_engine_has_their_place(
    settings: Settings, both: tuple[Asterisk, Asterisk]
) -> None:
    _, b = both
    signs: list[int] = []
    async with running(settings) as app:
        await until(lambda: served(app))
        b.ari.thawed.clear()
        app._pbxs.probe(lambda: signs.append(1))
        await asyncio.sleep(0.1)
        assert signs == []
        b.ari.thawed.set()
        await until(lambda: signs == [1])
        await b.ari.emit({"type": "ApplicationReplaced", "application": "acd"})
        await until(lambda: app._pbxs.all[1].control.link.state is AriState.REPLACED)
        app._pbxs.probe(lambda: signs.append(2))
        await asyncio.sleep(0.1)
        assert signs == [1]


async def test_recordings_are_where_their_asterisk_is(settings: Settings, tmp_path: Path) -> None:
    app = await App.open(settings)
    try:
        paths = [app._files.path(name) for name in ("acd/a-1.1", "acd/b-1.1")]  # type: ignore[arg-type]
        assert [path and path.parent.parent for path in paths] == [settings.recordings.dir, tmp_path / "at_b"]
    finally:
        await app.close()


async def test_a_reload_that_names_other_asterisks_waits_for_a_start(settings: Settings) -> None:
    other = replace(settings, several=settings.several[:1], plan=replace(settings.plan, version="v2", pbxs=(A,)))
    app = await App.open(settings, lambda: other)
    try:
        await app.start()
        assert (await app.reload()).at_next_start == ("several",)
        assert app.dispatcher.state.plan is not None
        assert app.dispatcher.state.plan.pbxs == (A, B)
    finally:
        await app.close()


async def test_only_where_nothing_listens_any_more_calls_have_ended(
    settings: Settings, both: tuple[Asterisk, Asterisk]
) -> None:
    _, b = both
    async with running(settings) as app:
        await until(lambda: served(app))
        await b.ari.emit(
            {"type": "CallBroadcast", "channel": channel("b-1.1"), "caller": "0811222333", "called": "169"}
        )
        await b.ari.emit({"type": "StasisStart", "channel": channel("b-1.1"), "args": []})
        await until(lambda: "/channels/b-1.1/answer" in posts(b))
        await b.ari.stop()
        await until(lambda: app._pbxs.all[1].control.link.refused)
        assert app.dispatcher.state.contacts, "AMI lives, and so does Asterisk"
        await b.ami.stop()
        await until(lambda: not app.dispatcher.state.contacts)
        await b.ari.start()
        await until(lambda: served(app))
        await app._journal.flush()
        _, events = await app._journal.load()
        assert [event.asterisk_started for event in events if isinstance(event, Resynced) and event.pbx == B] == [
            b.ari.startup_time,
            "ended",
            b.ari.startup_time,
        ]
        assert not app._pbxs.all[1].control.link.refused


async def test_calls_with_one_where_nothing_listens_any_more_are_hung_up_when_they_are_silent(
    settings: Settings, both: tuple[Asterisk, Asterisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.telephony.partings.SILENT_S", 0.05)
    a, b = both
    silent, talks = (channel(f"a-{n}.1", name=f"PJSIP/acd-peer-b-0000000{n}", state="Up") for n in (1, 2))
    for found in (silent, talks):
        a.ari.answer("GET", f"/channels/{found['id']}/rtp_statistics", 200, {"rxcount": 7})
    async with running(settings) as app:
        await until(lambda: served(app))
        a.channels(silent, talks)
        asked = f"/channels/{talks['id']}/rtp_statistics"
        await b.ari.stop()
        await b.ami.stop()
        await until(lambda: a.ari.paths("GET").count(asked) == 1)
        a.ari.answer("GET", asked, 200, {"rxcount": 8})
        await until(lambda: "/channels/a-1.1" in a.ari.paths("DELETE"))
        assert "/channels/a-2.1" not in a.ari.paths("DELETE")


class Kept:
    """In place of who renews callers' timeouts: what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def again(self) -> None:
        self.told.append("again")

    def forget(self, contacts: Iterable[ContactId] | None = None) -> None:
        self.told.append(None if contacts is None else list(contacts))

    async def close(self) -> None:
        """It keeps nothing."""


async def test_what_was_written_for_callers_over_a_way_that_broke_is_written_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once when AMI is lost, for it was lost before that was known; when it is back; and what could not be sent."""
    app = await App.open(settings)
    try:
        pbx, kept = app._pbxs.first, Kept()
        monkeypatch.setattr(pbx, "dead_man", kept)
        pbx.control._manager_tells = True
        pbx._from_ami(WatchState(synced=False, reason="silence", generation=1))
        assert kept.told == ["again"]
        assert not pbx.control._manager_tells
        pbx._from_ami(WatchState(synced=True, reason="read anew", generation=2))
        assert kept.told == ["again", None]
        pbx.control._partners.unwritten([ContactId("a-1.1")])
        assert kept.told == ["again", None, [ContactId("a-1.1")]]
    finally:
        await app.close()


@pytest.mark.parametrize(
    ("error", "says"),
    [(ConnectionRefusedError(ECONNREFUSED, "no"), True), (OSError(EHOSTUNREACH, "no"), False), (TimeoutError(), False)],
)
def test_only_a_refusal_by_the_machine_says_that_nobody_listens(error: Exception, *, says: bool) -> None:
    told = PbxUnavailable("cannot connect")
    told.__cause__ = error
    assert nobody_listens(told) is says
