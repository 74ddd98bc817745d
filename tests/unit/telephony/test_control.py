from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from structlog.testing import capture_logs

from acd.domain.commands import (
    AddToBridge,
    Answer,
    ContinueInDialplan,
    CreateBridge,
    DestroyBridge,
    HandOver,
    HangUp,
    Originate,
    Play,
    Ring,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlay,
    StopRing,
    TakeBack,
    TelephonyCommand,
)
from acd.domain.errors import PbxUnavailable
from acd.domain.events import (
    AgentDialled,
    BridgeSeen,
    CallArrived,
    ChannelSeen,
    CommandFailed,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegLeft,
    PlaybackEnded,
    RecordingEnded,
    TalkingStarted,
)
from acd.domain.ids import BridgeId, ContactId, Language, LegId, PlaybackId, PromptKey, QueueId, RecordingName
from acd.domain.sound_commands import SeekTake, SoundCommand
from acd.engine.dead_man import Place
from acd.settings.values import PromptsSettings
from acd.telephony.ari.values import AriConfig, AriState
from acd.telephony.control import AriControl
from acd.telephony.control_values import Manner, Partners
from acd.telephony.sounds import Sounds
from tests.fakes.ari_server import FakeAri

PROMPTS = PromptsSettings(
    Path("/nowhere"), None, "acd", {}, {PromptKey(key): {Language("id"): key} for key in ("welcome", "menu")}
)
"""Sounds in a folder that only Asterisk sees."""
SOUNDS = {key: f"sound:acd/id/{key}/{PROMPTS.wording(key, Language('id'))}" for key in PROMPTS.texts}
C1, L1, B1, P1, R1 = ContactId("c1"), LegId("c1"), BridgeId("acd-b-c1"), PlaybackId("acd-p-c1-1"), RecordingName("r/c1")
AGENT_LEG = LegId("acd-l-c1-1")
ID = Language("id")
NOW = 1000.0


FAILED_PLAY = {
    "type": "PlaybackFinished",
    "playback": {"id": P1, "state": "failed", "target_uri": "channel:c1"},
}


class _Clock:
    def now(self) -> float:
        return NOW


@dataclass
class Desk:
    """Call control connected to the fake Asterisk, and what it told."""

    ari: FakeAri
    control: AriControl
    events: list[Event] = field(default_factory=list)
    states: list[AriState] = field(default_factory=list)
    taken: list[LegId] = field(default_factory=list)
    offered: list[float] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)

    async def until(self, count: int = 1) -> None:
        await self.ari.until(lambda: len(self.events) >= count)

    async def requests(self, count: int = 1) -> list[tuple[str, str, dict[str, str], Any]]:
        await self.ari.until(lambda: len(self._seen()) >= count)
        return self._seen()

    def _seen(self) -> list[tuple[str, str, dict[str, str], Any]]:
        return [
            (one.method, one.path, dict(one.params), one.body)
            for one in self.ari.seen
            if not one.path.endswith("/eventFilter")
        ]


@pytest.fixture
async def ari() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    yield fake
    await fake.stop()


def make(
    ari: FakeAri, talk_s: float = 0.0, dead_man_s: float = 0.0, prompts: PromptsSettings = PROMPTS, **settings: Any
) -> Desk:
    desk = Desk(ari, None)  # type: ignore[arg-type]
    config = AriConfig(ari.base_url, ari.username, ari.password, **settings)
    desk.control = AriControl(
        config,
        _Clock(),
        desk.events.append,
        lambda state, _why: desk.states.append(state),
        Sounds(lambda: prompts),
        Manner("acd-from-agents", talk_s=talk_s, dead_man_s=dead_man_s),
        Partners(taken=desk.taken.append, offered=desk.offered.append, take_back=desk.taken_back.append),
    )
    return desk


def tells(desk: Desk, **partners: Callable[..., Any]) -> None:
    """Have the control tell and ask others."""
    desk.control._partners = replace(desk.control._partners, **partners)


@pytest.fixture
async def desk(ari: FakeAri) -> AsyncIterator[Desk]:
    made = make(ari, request_timeout_s=0.3)
    await made.control.link.start()
    await ari.until(lambda: made.control.link.state is AriState.UP)
    yield made
    await made.control.close()


def channel(leg: str = "c1", context: str = "acd-from-trunk", exten: str = "169", **more: Any) -> dict[str, Any]:
    return {
        "id": leg,
        "name": f"PJSIP/gw1-{leg}",
        "state": "Ring",
        "caller": {"name": "", "number": "0811222333"},
        "dialplan": {"context": context, "exten": exten, "priority": 2, "app_name": "Stasis", "app_data": "acd"},
        "creationtime": "2024-06-03T10:00:00.000+0700",
        **more,
    }


# ---------------------------------------------------------------- engine → Asterisk

REQUESTS: list[tuple[TelephonyCommand, str, str, dict[str, str], Any]] = [
    (Answer(C1, L1), "POST", "/channels/c1/answer", {}, None),
    (Ring(C1, L1), "POST", "/channels/c1/ring", {}, None),
    (StopRing(C1, L1), "DELETE", "/channels/c1/ring", {}, None),
    (HangUp(C1, L1, 34), "DELETE", "/channels/c1", {"reason_code": "34"}, None),
    (
        Play(C1, L1, P1, (PromptKey("welcome"), PromptKey("menu")), ID),
        "POST",
        "/channels/c1/play/acd-p-c1-1",
        {},
        {"media": [SOUNDS[PromptKey("welcome")], SOUNDS[PromptKey("menu")]]},
    ),
    (StopPlay(C1, P1), "DELETE", "/playbacks/acd-p-c1-1", {}, None),
    (StartMusic(C1, L1, "calm"), "POST", "/channels/c1/moh", {"mohClass": "calm"}, None),
    (StopMusic(C1, L1), "DELETE", "/channels/c1/moh", {}, None),
    (
        Originate(C1, AGENT_LEG, "PJSIP/agent101", "0811222333", 20.9),
        "POST",
        "/channels/acd-l-c1-1",
        {
            "endpoint": "PJSIP/agent101",
            "app": "acd",
            "timeout": "20",
            "callerId": "0811222333",
            "originator": "c1",
        },
        None,
    ),
    (CreateBridge(C1, B1), "POST", "/bridges/acd-b-c1", {"type": "mixing"}, None),
    (
        AddToBridge(C1, B1, (L1, AGENT_LEG)),
        "POST",
        "/bridges/acd-b-c1/addChannel",
        {"channel": "c1,acd-l-c1-1"},
        None,
    ),
    (DestroyBridge(C1, B1), "DELETE", "/bridges/acd-b-c1", {}, None),
    (
        StartRecording(C1, B1, R1),
        "POST",
        "/bridges/acd-b-c1/record",
        {"name": "r/c1", "format": "wav", "ifExists": "fail", "maxDurationSeconds": "0"},
        None,
    ),
    (SeekTake(C1, R1), "GET", "/recordings/live/r%2Fc1", {}, None),
    (
        ContinueInDialplan(C1, L1, "elsewhere", "200"),
        "POST",
        "/channels/c1/continue",
        {"context": "elsewhere", "extension": "200", "priority": "1"},
        None,
    ),
]


@pytest.mark.parametrize(
    ("command", "method", "path", "params", "body"), REQUESTS, ids=lambda v: getattr(v, "kind", "")
)
async def test_a_command_becomes_one_request(
    desk: Desk, command: TelephonyCommand, method: str, path: str, params: dict[str, str], body: Any
) -> None:
    desk.control.execute(command)
    assert await desk.requests() == [(method, path, params, body)]
    await asyncio.sleep(0.02)
    assert desk.events == []


async def test_every_command_has_a_request() -> None:
    theirs = {*get_args(SoundCommand)} - {SeekTake} | {TakeBack, HandOver}  # in tests of their own
    assert {type(command) for command, *_ in REQUESTS} == {*get_args(TelephonyCommand)} - theirs


async def test_callers_are_handed_over_with_ranks_that_fall(desk: Desk) -> None:
    for leg in ("c1", "c2"):
        desk.control.execute(HandOver(ContactId(leg), LegId(leg), "169"))
    seen = await desk.requests(4)
    ranks = [int(params["value"]) for _, path, params, _ in seen if path.endswith("/variable")]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 2
    to = {"context": "acd-fallback", "extension": "169", "priority": "1"}
    assert [(path, params) for _, path, params, _ in seen[1::2]] == [
        ("/channels/c1/continue", to),
        ("/channels/c2/continue", to),
    ]


async def test_a_caller_in_the_fallback_is_taken_back_by_another_way(desk: Desk) -> None:
    desk.control.execute(TakeBack(C1, L1, "PJSIP/gw1-1"))
    assert desk.taken_back == ["PJSIP/gw1-1"]
    assert desk.ari.seen == []


async def test_no_call_is_taken_while_none_is_claimed(desk: Desk) -> None:
    desk.control.claiming = False
    await desk.ari.emit({"type": "CallBroadcast", "channel": channel()})
    desk.control.expect(L1, "PJSIP/gw1-c1", "169", "")
    await desk.ari.emit({"type": "ChannelDtmfReceived", "channel": channel(), "digit": "1"})
    await desk.until()
    desk.control.claiming = True
    await desk.ari.emit({"type": "CallBroadcast", "channel": channel("c2")})
    await desk.until(2)
    assert [event.leg_id for event in desk.events if isinstance(event, CallArrived)] == ["c2"]


async def test_a_leg_without_a_callers_channel_has_no_originator(desk: Desk) -> None:
    desk.control.execute(Originate(C1, AGENT_LEG, "PJSIP/0811222333@gw1", "169", 30.0, alone=True))
    ((_, _, params, _),) = await desk.requests()
    assert "originator" not in params
    assert params["endpoint"] == "PJSIP/0811222333@gw1"


async def test_a_leg_to_a_phone_at_another_asterisk_carries_the_phones_name(desk: Desk) -> None:
    """The name of its channel tells the other Asterisk only; an engine that comes back asks for this."""
    way = "PJSIP/agent101@acd-peer-b"
    desk.control.execute(Originate(C1, AGENT_LEG, way, "", 15.0, phone="PJSIP/agent101"))
    ((_, _, params, body),) = await desk.requests()
    assert (params["endpoint"], body) == (way, {"variables": {"ACD_PHONE": "PJSIP/agent101"}})


async def test_a_withheld_number_is_not_shown_to_the_agent(desk: Desk) -> None:
    desk.control.execute(Originate(C1, AGENT_LEG, "PJSIP/agent101", "", 15.0))
    ((_, _, params, _),) = await desk.requests()
    assert "callerId" not in params


@pytest.fixture
async def with_dead_man(ari: FakeAri) -> AsyncIterator[Desk]:
    made = make(ari, 3600.0)
    await made.control.link.start()
    await ari.until(lambda: made.control.link.state is AriState.UP)
    yield made
    await made.control.close()


async def test_a_callers_timeout_is_raised_in_the_breath_that_joins_it_with_the_agent(
    with_dead_man: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    write = os.write

    def counted(fd: int, data: bytes) -> int:
        writes.append(fd)
        return write(fd, data)

    monkeypatch.setattr(os, "write", counted)
    with_dead_man.control.execute(AddToBridge(C1, B1, (L1, AGENT_LEG)))
    joined, raised = await with_dead_man.requests(2)
    assert joined[1] == "/bridges/acd-b-c1/addChannel"
    assert raised[1:3] == ("/channels/c1/variable", {"variable": "TIMEOUT(absolute)", "value": "3600"})
    assert len(writes) == 1, "a process that dies between two writes would have the conversation end"


async def test_a_caller_given_to_the_dialplan_has_no_timeout_any_more(with_dead_man: Desk) -> None:
    with_dead_man.control.execute(ContinueInDialplan(C1, L1, "elsewhere", "200"))
    lifted, given = await with_dead_man.requests(2)
    assert lifted[1:3] == ("/channels/c1/variable", {"variable": "TIMEOUT(absolute)", "value": "0"})
    assert given[1] == "/channels/c1/continue"


async def test_a_place_is_noted_with_the_channel_and_taken_away_again(desk: Desk) -> None:
    assert desk.control.note(C1, L1, Place(QueueId("billing"), 1000.5, 3), 77) == 3
    assert desk.control.note(C1, L1, None, 0) == 3
    written = [(params["variable"], params["value"]) for _, _, params, _ in await desk.requests(6)]
    assert written == [
        ("ACD_WAITING_SINCE", "1000.500"),
        ("ACD_WAITING_QUEUE", "billing"),
        ("QUEUE_PRIO", "77"),
        ("ACD_WAITING_SINCE", ""),
        ("ACD_WAITING_QUEUE", ""),
        ("QUEUE_PRIO", ""),
    ]


async def test_what_is_to_be_set_at_once_goes_by_ami_and_by_ari_only_while_that_is_away(desk: Desk) -> None:
    at_once: list[tuple[str, str, str]] = []
    up = [True]

    def by_ami(leg: LegId, name: str, value: str) -> bool:
        if up[0]:
            at_once.append((leg, name, value))
        return up[0]

    tells(desk, set_at_once=by_ami)
    desk.control.renew(C1, L1, 8.25)
    await desk.ari.until(lambda: at_once == [(L1, "TIMEOUT(absolute)", "8.250")])
    up[0] = False
    desk.control.renew(C1, L1, 7.5)
    ((_, path, params, _),) = await desk.requests()
    assert (path, params["value"]) == ("/channels/c1/variable", "7.500")


async def test_while_ami_is_away_a_caller_who_hears_a_prompt_holds_up_nobody_else(desk: Desk) -> None:
    """Asterisk sets a variable when the prompt is over, and until then answers nothing else on that connection."""
    over = asyncio.Event()
    desk.ari.answer("POST", "/channels/c1/variable", gate=over)
    unwritten: list[ContactId] = []
    tells(desk, unwritten=unwritten.extend)
    for _ in range(20):
        desk.control.renew(C1, L1, 7.5)
    await desk.requests()
    desk.control.execute(Answer(ContactId("c2"), LegId("c2")))
    await desk.requests(2)
    assert desk.control.link.unanswered == 0, "the answer of the second caller came"
    assert unwritten == [C1] * 4, "beyond what may wait: to be written anew"
    over.set()


@pytest.fixture
async def with_long_prompt(ari: FakeAri, tmp_path: Path) -> AsyncIterator[Desk]:
    """All callers' prompts last 30 s."""
    prompts = replace(PROMPTS, dir=tmp_path)
    for key in PROMPTS.texts:
        wav = prompts.file(key, ID, prompts.wording(key, ID))
        wav.parent.mkdir(parents=True)
        wav.write_bytes(bytes(480_000))
    made = make(ari, 3600.0, 10.0, prompts)
    await made.control.link.start()
    await ari.until(lambda: made.control.link.state is AriState.UP)
    yield made
    await made.control.close()


LONG_PLAY = Play(C1, L1, P1, (PromptKey("menu"),), ID)


async def test_before_a_long_prompt_begins_the_timeout_is_made_to_outlast_it(with_long_prompt: Desk) -> None:
    with_long_prompt.control.execute(LONG_PLAY)
    written, played = await with_long_prompt.requests(2)
    assert written[1:3] == ("/channels/c1/variable", {"variable": "TIMEOUT(absolute)", "value": "40.000"})
    assert played[1] == "/channels/c1/play/acd-p-c1-1"


async def test_over_ami_a_timeout_outlasts_the_prompt_without_barring_the_dialplan_from_its_database(
    with_long_prompt: Desk,
) -> None:
    desk = with_long_prompt
    at_once: list[tuple[LegId, str, str]] = []

    def by_ami(*write: Any) -> bool:
        at_once.append(write)
        return True

    tells(desk, set_at_once=by_ami)
    desk.control.expect(L1, "PJSIP/gw1-c1", "169", "")
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    await desk.until()
    desk.control.execute(LONG_PLAY)
    await desk.ari.until(lambda: bool(at_once) and "/channels/c1/play/acd-p-c1-1" in desk.ari.paths())
    assert at_once == [(L1, "TIMEOUT(absolute)", "40.000")]
    assert "/channels/c1/variable" not in desk.ari.paths()


@pytest.mark.parametrize("known", [False, True])
async def test_a_timeout_outlasts_the_prompt_by_ari_when_ami_is_away_be_that_known_or_not(
    with_long_prompt: Desk, *, known: bool
) -> None:
    desk = with_long_prompt
    at_once: list[Any] = []

    def by_ami(*write: Any) -> bool:
        at_once.append(write)
        return True

    tells(desk, set_at_once=by_ami)
    desk.control.expect(LegId("c0"), "PJSIP/gw1-c0", "169", "")
    if known:
        desk.control.without_manager()
    else:
        await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})  # AMI has not told of this one
        await desk.until(2)
    desk.control.execute(LONG_PLAY)
    await desk.ari.until(lambda: "/channels/c1/play/acd-p-c1-1" in desk.ari.paths())
    assert "/channels/c1/variable" in desk.ari.paths()
    assert at_once == []


async def test_while_a_long_prompt_plays_no_renewal_shortens_the_time_nor_waits_for_its_end(
    with_long_prompt: Desk,
) -> None:
    desk = with_long_prompt
    at_once: list[str] = []
    unwritten: list[ContactId] = []
    up = [True]

    def by_ami(_leg: LegId, _name: str, value: str) -> bool:
        if up[0]:
            at_once.append(value)
        return up[0]

    tells(desk, set_at_once=by_ami, unwritten=unwritten.extend)
    desk.control.execute(LONG_PLAY)
    desk.control.renew(C1, L1, 8.0)
    await desk.ari.until(lambda: at_once == ["34.000"])
    up[0] = False
    desk.control.renew(C1, L1, 8.0)
    await desk.ari.until(lambda: unwritten == [C1])
    assert len(desk._seen()) == 2, "over ARI it would wait, and others behind it"
    finished = {"id": P1, "state": "done", "target_uri": "channel:c1"}
    await desk.ari.emit({"type": "PlaybackFinished", "playback": finished})
    await desk.until()
    desk.control.renew(C1, L1, 8.0)
    assert (await desk.requests(3))[-1][2]["value"] == "8.000"


async def test_an_agent_who_dials_a_code_gets_no_timeout(with_long_prompt: Desk) -> None:
    desk = with_long_prompt
    await desk.ari.emit({"type": "StasisStart", "args": [], "channel": channel(context="acd-from-agents", exten="*11")})
    await desk.until()
    desk.control.execute(LONG_PLAY)
    await desk.requests(2)
    assert not [path for _, path, *_ in desk._seen() if path.endswith("/variable")]


async def test_a_receipt_is_noted_on_the_channel_unless_another_engine_may_command(desk: Desk) -> None:
    at_once: list[tuple[str, str, str]] = []

    def by_ami(leg: LegId, name: str, value: str) -> bool:
        at_once.append((leg, name, value))
        return len(at_once) < 2

    tells(desk, set_at_once=by_ami)
    desk.control.acknowledge(L1)
    assert at_once == [(L1, "ACD_KNOWN", "1")]
    desk.control.acknowledge(L1)  # AMI is away
    ((method, path, params, _),) = await desk.requests()
    assert (method, path, params) == ("POST", "/channels/c1/variable", {"variable": "ACD_KNOWN", "value": "1"})
    tells(desk, permitted=lambda: False)
    desk.control.acknowledge(L1)
    assert len(at_once) == 2


async def test_nobody_is_kept_by_ami_for_an_engine_that_ari_does_not_hear(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Callable[[], None]] = []
    at_once: list[str] = []
    now = [NOW]

    def by_ami(_leg: LegId, _name: str, value: str) -> bool:
        at_once.append(value)
        return True

    monkeypatch.setattr(desk.control.link, "probe", asked.append)
    tells(desk, set_at_once=by_ami)
    monkeypatch.setattr(_Clock, "now", lambda _: now[0])
    desk.control.renew(C1, L1, 8.25)
    assert at_once == []
    now[0] += 1.5
    asked[0]()  # too late
    desk.control.renew(C1, L1, 7.25)
    desk.control.renew(C1, L1, 7.0)
    assert len(asked) == 2, "one question for all that waits"
    asked[1]()
    assert at_once == ["7.250", "7.000"]


async def test_a_caller_given_to_the_dialplan_is_not_sent_away_by_a_renewal_under_way(with_dead_man: Desk) -> None:
    at_once: list[str] = []

    def by_ami(_leg: LegId, _name: str, value: str) -> bool:
        at_once.append(value)
        return True

    tells(with_dead_man, set_at_once=by_ami)
    with_dead_man.control.renew(C1, L1, 8.25)
    await with_dead_man.ari.until(lambda: at_once == ["8.250"])
    with_dead_man.control.execute(ContinueInDialplan(C1, L1, "elsewhere", "200"))
    await with_dead_man.requests(2)
    assert at_once == ["8.250", "0"]


@pytest.mark.parametrize(
    ("command", "written"),
    [(AddToBridge(C1, B1, (L1, AGENT_LEG)), []), (ContinueInDialplan(C1, L1, "elsewhere", "200"), ["0"])],
)
async def test_who_is_joined_or_given_to_the_dialplan_is_not_sent_away_by_a_renewal_that_waits(
    with_dead_man: Desk, monkeypatch: pytest.MonkeyPatch, command: TelephonyCommand, written: list[str]
) -> None:
    asked: list[Callable[[], None]] = []
    at_once: list[tuple[str, str]] = []

    def by_ami(leg: LegId, _name: str, value: str) -> bool:
        at_once.append((leg, value))
        return True

    monkeypatch.setattr(with_dead_man.control.link, "probe", asked.append)
    tells(with_dead_man, set_at_once=by_ami)
    with_dead_man.control.renew(C1, L1, 8.25)
    with_dead_man.control.note(C1, L1, None, 0)
    with_dead_man.control.renew(ContactId("c2"), LegId("c2"), 8.5)
    with_dead_man.control.execute(command)
    asked[0]()
    assert at_once == [*((L1, value) for value in written), (L1, ""), (L1, ""), (L1, ""), ("c2", "8.500")]


async def test_who_is_in_asterisks_own_queue_is_not_sent_away_by_a_renewal_that_waits_or_is_under_way(
    with_dead_man: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Callable[[], None]] = []
    at_once: list[str] = []

    def by_ami(_leg: LegId, _name: str, value: str) -> bool:
        at_once.append(value)
        return True

    monkeypatch.setattr(with_dead_man.control.link, "probe", asked.append)
    tells(with_dead_man, set_at_once=by_ami)
    with_dead_man.control.renew(C1, L1, 8.25)
    with_dead_man.control.outside(L1)
    asked[0]()
    assert at_once == ["3600"]
    with_dead_man.control.renew(C1, L1, 8.25)
    with_dead_man.control.execute(HandOver(C1, L1, "169"))
    at_once.clear()
    asked[1]()
    assert at_once == []


async def test_without_a_dead_man_nothing_is_written_of_who_is_outside(desk: Desk) -> None:
    tells(desk, set_at_once=lambda *_: pytest.fail("written"))
    desk.control.outside(L1)


async def test_what_was_not_written_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Callable[[], None]] = []
    unwritten: list[ContactId] = []
    now = [NOW]
    monkeypatch.setattr(desk.control.link, "probe", asked.append)
    tells(desk, unwritten=unwritten.extend)
    monkeypatch.setattr(_Clock, "now", lambda _: now[0])
    desk.control.note(C1, L1, None, 0)
    now[0] += 1.5
    desk.control.renew(ContactId("c2"), LegId("c2"), 7.25)
    assert unwritten == [C1, C1, C1]
    now[0] += 1.5
    asked[1]()
    assert unwritten == [C1, C1, C1, "c2"]


async def test_nothing_is_written_of_a_caller_who_is_not_surely_ours_yet(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwritten: list[ContactId] = []
    tells(desk, unwritten=unwritten.extend)
    monkeypatch.setattr(desk.control.link, "probe", lambda _: pytest.fail("asked"))
    desk.control.expect(L1, "PJSIP/gw1-1", "169", "0811")
    desk.control.renew(C1, L1, 8.25)
    assert unwritten == [C1]


async def test_what_is_renewed_of_a_caller_who_is_gone_is_not_told(desk: Desk) -> None:
    desk.ari.answer("POST", "/channels/c1/variable", 404)
    desk.control.renew(C1, L1, 8.25)
    ((_, path, params, _),) = await desk.requests()
    assert (path, params["value"]) == ("/channels/c1/variable", "8.250")
    await asyncio.sleep(0.02)
    assert desk.events == []


async def test_a_missing_prompt_is_left_out_and_told(desk: Desk) -> None:
    with capture_logs() as logs:
        desk.control.execute(Play(C1, L1, P1, (PromptKey("missing"), PromptKey("menu")), ID))
        ((_, _, _, body),) = await desk.requests()
    assert body == {"media": [SOUNDS[PromptKey("menu")]]}
    told = [(line["event"], line["how"]) for line in logs if line["log_level"] == "warning"]
    assert told == [("prompt_replaced", "left_out")]


async def test_a_play_of_nothing_but_missing_prompts_is_a_tone_that_ends(desk: Desk) -> None:
    desk.control.execute(Play(C1, L1, P1, (PromptKey("missing"),), ID))
    asked = await desk.requests(2)
    assert [(method, path, body) for method, path, _, body in asked] == [
        ("POST", "/channels/c1/play/acd-p-c1-1", {"media": ["tone:880"]}),
        ("DELETE", "/playbacks/acd-p-c1-1", None),
    ]


async def test_a_play_that_waits_for_its_sound_can_be_stopped(desk: Desk) -> None:
    desk.control.execute(Play(C1, L1, P1, (PromptKey("missing"),), ID))
    desk.control.execute(StopPlay(C1, P1))
    assert desk.events == [PlaybackEnded(NOW, P1)]
    desk.control.execute(Ring(C1, L1))
    assert [path for _, path, _, _ in await desk.requests()] == ["/channels/c1/ring"]


async def test_a_late_play_that_is_refused_is_told(desk: Desk) -> None:
    desk.ari.answer("POST", "/channels/c1/play/acd-p-c1-1", 404)
    desk.control.execute(Play(C1, L1, P1, (PromptKey("missing"),), ID))
    await desk.until()
    assert desk.events == [CommandFailed(NOW, "play", "acd-p-c1-1", "gone")]


async def test_what_asterisk_cannot_play_is_a_tone_instead(desk: Desk) -> None:
    desk.control.execute(Play(C1, L1, P1, (PromptKey("menu"),), ID))
    await desk.requests()
    await desk.ari.emit(FAILED_PLAY)
    asked = await desk.requests(2)
    assert (asked[1][1], asked[1][3]) == ("/channels/c1/play/acd-p-c1-1~2", {"media": ["tone:880"]})
    assert desk.events == []
    await desk.ari.emit({"type": "PlaybackFinished", "playback": {"id": f"{P1}~2", "state": "done"}})
    await desk.until()
    assert desk.events == [PlaybackEnded(NOW, P1)]


async def test_a_play_that_fails_because_its_caller_hung_up_is_neither_replaced_nor_told(desk: Desk) -> None:
    desk.control.execute(Play(C1, L1, P1, (PromptKey("menu"),), ID))
    await desk.requests()
    await desk.ari.emit({"type": "ChannelHangupRequest", "channel": channel(), "cause": 16})
    await desk.ari.emit(FAILED_PLAY)
    await desk.ari.emit({"type": "ChannelDestroyed", "channel": channel(), "cause": 16})
    await desk.until()
    assert desk.events == [LegEnded(NOW, L1, 16)]


async def test_commands_of_one_contact_keep_their_order(desk: Desk) -> None:
    for command, *_ in REQUESTS:
        desk.control.execute(command)
    seen = await desk.requests(len(REQUESTS))
    assert [(method, path) for method, path, *_ in seen] == [(method, path) for _, method, path, *_ in REQUESTS]


# ---------------------------------------------------------------- failures

TARGETS: list[tuple[TelephonyCommand, str]] = [
    (Answer(C1, L1), "c1"),
    (HangUp(C1, AGENT_LEG), "acd-l-c1-1"),
    (Play(C1, L1, P1, (PromptKey("menu"),), ID), "acd-p-c1-1"),
    (StopPlay(C1, P1), "acd-p-c1-1"),
    (Originate(C1, AGENT_LEG, "PJSIP/agent101", "", 15.0), "acd-l-c1-1"),
    (AddToBridge(C1, B1, (L1,)), "acd-b-c1"),
    (StartRecording(C1, B1, R1), "r/c1"),
    (ContinueInDialplan(C1, L1, "x", "1"), "c1"),
]


@pytest.mark.parametrize(("command", "target"), TARGETS, ids=lambda v: getattr(v, "kind", ""))
async def test_a_failure_names_the_command_and_its_target(desk: Desk, command: TelephonyCommand, target: str) -> None:
    desk.ari.answer("(POST|DELETE)", ".*", 404)
    for method in ("POST", "DELETE"):
        desk.ari.answer(method, ".*", 404)
    desk.control.execute(command)
    await desk.until()
    assert desk.events == [CommandFailed(NOW, command.kind, target, "gone")]


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "gone"), (400, "refused"), (409, "refused"), (422, "refused"), (500, "refused")]
)
async def test_what_asterisk_answers_becomes_a_reason(desk: Desk, status: int, reason: str) -> None:
    desk.ari.answer("POST", "/channels/c1/answer", status)
    desk.control.execute(Answer(C1, L1))
    await desk.until()
    (failed,) = desk.events
    assert isinstance(failed, CommandFailed)
    assert failed.reason == reason


async def test_no_answer_is_a_timeout(desk: Desk) -> None:
    gate = asyncio.Event()
    desk.ari.answer("POST", "/channels/c1/answer", 204, gate=gate)
    desk.control.execute(Answer(C1, L1))
    await desk.until()
    gate.set()
    (failed,) = desk.events
    assert isinstance(failed, CommandFailed)
    assert (failed.command, failed.target, failed.reason) == ("answer", "c1", "timeout")


async def test_without_a_link_a_command_is_unavailable(ari: FakeAri) -> None:
    desk = make(ari)
    desk.control.execute(Answer(C1, L1))
    await desk.until()
    (failed,) = desk.events
    assert isinstance(failed, CommandFailed)
    assert failed.reason == "unavailable"


async def test_a_failure_tells_no_callers_number(desk: Desk) -> None:
    desk.ari.answer("POST", "/channels/acd-l-c1-1", 500)
    desk.control.execute(Originate(C1, AGENT_LEG, "PJSIP/agent101", "0811222333", 15.0))
    await desk.until()
    assert "0811222333" not in repr(desk.events)


# ---------------------------------------------------------------- Asterisk → engine

TRANSLATIONS: list[tuple[str, dict[str, Any], Event]] = [
    (
        "an agent's leg that answers",
        {"type": "StasisStart", "channel": channel("acd-l-c1-1", context="acd-from-agents")},
        LegAnswered(NOW, AGENT_LEG),
    ),
    (
        "an agent's phone that dials",
        {"type": "StasisStart", "channel": channel("a1", context="acd-from-agents", exten="*1")},
        AgentDialled(NOW, LegId("a1"), "PJSIP/gw1-a1", "*1"),
    ),
    (
        "a channel that goes back to the dialplan",
        {"type": "StasisEnd", "channel": channel()},
        LegLeft(NOW, L1),
    ),
    (
        "a channel that is gone",
        {"type": "ChannelDestroyed", "channel": channel(), "cause": 16, "cause_txt": "Normal Clearing"},
        LegEnded(NOW, L1, 16),
    ),
    (
        "a caller who is gone from Asterisk's own queue",
        {"type": "ChannelDestroyed", "channel": channel(context="acd-fallback"), "cause": 16},
        LegEnded(NOW, L1, 16, fell=True),
    ),
    (
        "a channel that is gone for a SIP reason",
        {"type": "ChannelDestroyed", "channel": channel("acd-l-c1-1"), "cause": 17, "tech_cause": 486},
        LegEnded(NOW, AGENT_LEG, 17, 486),
    ),
    (
        "a caller who gave up before the answer",
        {"type": "ChannelDestroyed", "channel": channel(), "cause": 127, "tech_cause": 487},
        LegEnded(NOW, L1, 16, 487),
    ),
    (
        "a channel that is gone without a SIP reason",
        {"type": "ChannelDestroyed", "channel": channel(), "cause": 0, "tech_cause": 0},
        LegEnded(NOW, L1, 0),
    ),
    (
        "a caller's key",
        {"type": "ChannelDtmfReceived", "channel": channel(), "digit": "#", "duration_ms": 100},
        DigitPressed(NOW, L1, "#"),
    ),
    (
        "a key of a customer who was called back",
        {"type": "ChannelDtmfReceived", "channel": channel("acd-l-c1-c1"), "digit": "1", "duration_ms": 100},
        DigitPressed(NOW, LegId("acd-l-c1-c1"), "1"),
    ),
    (
        "a prompt at its end",
        {"type": "PlaybackFinished", "playback": {"id": "acd-p-c1-1", "state": "done"}},
        PlaybackEnded(NOW, P1),
    ),
    (
        "a prompt that failed",
        {"type": "PlaybackFinished", "playback": {"id": "acd-p-c1-1", "state": "failed"}},
        PlaybackEnded(NOW, P1, ok=False),
    ),
    (
        "a closed recording",
        {"type": "RecordingFinished", "recording": {"name": "r/c1", "format": "wav", "state": "done"}},
        RecordingEnded(NOW, R1, ok=True),
    ),
    (
        "a closed recording of a caller",
        {"type": "RecordingFinished", "recording": {"name": "r/c1", "format": "wav", "state": "done", "duration": 7}},
        RecordingEnded(NOW, R1, ok=True, duration_s=7.0),
    ),
    (
        "a caller who says something",
        {"type": "ChannelTalkingStarted", "channel": channel()},
        TalkingStarted(NOW, L1),
    ),
    (
        "a failed recording",
        {"type": "RecordingFailed", "recording": {"name": "r/c1", "format": "wav", "state": "failed"}},
        RecordingEnded(NOW, R1, ok=False),
    ),
]


@pytest.mark.parametrize(("message", "event"), [pytest.param(m, e, id=name) for name, m, e in TRANSLATIONS])
async def test_an_event_of_asterisk_becomes_one_of_ours(desk: Desk, message: dict[str, Any], event: Event) -> None:
    await desk.ari.emit(message)
    await desk.until()
    assert desk.events == [event]


async def test_a_caller_arrives_and_is_followed_to_the_end(desk: Desk) -> None:
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    assert await desk.requests() == [
        ("POST", "/applications/acd/subscription", {"eventSource": "channel:c1"}, None),
    ]
    assert desk.events == [CallArrived(NOW, L1, "PJSIP/gw1-c1", "169", "0811222333")]


async def test_an_agent_who_dials_is_followed_to_the_end(desk: Desk) -> None:
    await desk.ari.emit({"type": "StasisStart", "channel": channel("a1", context="acd-from-agents", exten="*1")})
    assert await desk.requests() == [
        ("POST", "/applications/acd/subscription", {"eventSource": "channel:a1"}, None),
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (HangUp(C1, L1, 34), ["/applications/acd/subscription", "/channels/c1"]),
        (Answer(C1, L1), ["/channels/c1/answer", "/applications/acd/subscription"]),
    ],
)
async def test_a_caller_refused_at_once_is_followed_first_and_any_other_order_goes_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, order: TelephonyCommand, expected: list[str]
) -> None:
    monkeypatch.setattr(desk.control, "_emit", lambda _event: desk.control.execute(order))
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    assert [path for _, path, _, _ in await desk.requests(2)] == expected


@pytest.mark.parametrize("status", [404, 422])
async def test_a_caller_who_cannot_be_followed_is_gone(desk: Desk, status: int) -> None:
    desk.ari.answer("POST", "/applications/acd/subscription", status)
    await desk.ari.emit({"type": "StasisStart", "channel": channel()})
    await desk.until(2)
    assert desk.events[1] == LegEnded(NOW, L1)


async def test_a_caller_gone_before_being_followed_has_ended_with_the_cause_of_the_request(desk: Desk) -> None:
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    await desk.ari.emit(
        {"type": "ChannelHangupRequest", "channel": channel(state="Ring"), "cause": 127, "tech_cause": 487}
    )
    await desk.ari.emit({"type": "StasisEnd", "channel": channel()})
    await desk.until(2)
    assert desk.events[1] == LegEnded(NOW, L1, 16, 487)
    await asyncio.sleep(0.1)
    assert len(desk.events) == 2


async def test_a_caller_whose_following_is_not_confirmed_stays(desk: Desk) -> None:
    gate = asyncio.Event()
    desk.ari.answer("POST", "/applications/acd/subscription", 200, gate=gate)
    await desk.ari.emit({"type": "StasisStart", "channel": channel()})
    await asyncio.sleep(0.4)  # longer than the request's time
    gate.set()
    assert [event.kind for event in desk.events] == ["call_arrived"]


async def test_a_hang_up_is_told_once_with_its_cause(desk: Desk) -> None:
    await desk.ari.emit({"type": "ChannelHangupRequest", "channel": channel(), "cause": 16})
    await desk.ari.emit({"type": "StasisEnd", "channel": channel()})
    await desk.ari.emit({"type": "ChannelDestroyed", "channel": channel(), "cause": 16})
    await desk.until()
    await asyncio.sleep(0.02)
    assert desk.events == [LegEnded(NOW, L1, 16)]


async def test_a_channel_id_used_again_is_not_taken_for_hung_up(desk: Desk) -> None:
    await desk.ari.emit({"type": "ChannelHangupRequest", "channel": channel()})
    await desk.ari.emit({"type": "ChannelDestroyed", "channel": channel(), "cause": 16})
    await desk.ari.emit({"type": "StasisEnd", "channel": channel()})
    await desk.until(2)
    assert [event.kind for event in desk.events] == ["leg_ended", "leg_left"]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "StasisEnd", "channel": channel("acd-l-c1-1")},
        {"type": "ChannelDtmfReceived", "channel": channel("acd-l-c1-1"), "digit": "1"},
        {"type": "ChannelStateChange", "channel": channel()},
        {"type": "SomethingNew"},
    ],
    ids=lambda message: message["type"],
)
async def test_what_the_engine_need_not_know_is_not_told(desk: Desk, message: dict[str, Any]) -> None:
    await desk.ari.emit(message)
    await desk.ari.emit({"type": "ChannelDestroyed", "channel": channel("last"), "cause": 16})
    await desk.until()
    assert [event.kind for event in desk.events] == ["leg_ended"]


def broadcast(**more: Any) -> dict[str, Any]:
    return {"type": "CallBroadcast", "channel": channel(**more), "caller": "0811222333", "called": "169"}


async def test_a_caller_is_claimed_and_told_of_at_once(desk: Desk) -> None:
    await desk.ari.emit(broadcast())
    assert await desk.requests() == [("POST", "/events/claim", {"channelId": "c1", "application": "acd"}, None)]
    assert desk.events == [CallArrived(NOW, L1, "PJSIP/gw1-c1", "169", "0811222333")]


async def test_a_phone_rings_before_the_caller_is_claimed_and_all_else_waits_for_the_caller(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[TelephonyCommand] = [Originate(C1, AGENT_LEG, "PJSIP/a", "", 20.0), CreateBridge(C1, B1)]
    orders += [Ring(C1, L1), Answer(C1, L1)]
    monkeypatch.setattr(desk.control, "_emit", lambda _event: list(map(desk.control.execute, orders)))
    await desk.ari.emit(broadcast())
    assert [path for _, path, _, _ in await desk.requests(2)] == ["/channels/acd-l-c1-1", "/events/claim"]
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    after = [path for _, path, _, _ in await desk.requests(6)][2:]
    assert after == ["/bridges/acd-b-c1", "/channels/c1/ring", "/channels/c1/answer", "/applications/acd/subscription"]


async def test_an_offer_is_timed_from_the_bytes_that_made_it_possible(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = Originate(C1, AGENT_LEG, "PJSIP/a", "", 20.0)
    heard_at = [10.0]
    monkeypatch.setattr("acd.telephony.ari.websocket.perf_counter", lambda: heard_at[0])
    monkeypatch.setattr("acd.telephony.control.perf_counter", lambda: 10.25)
    monkeypatch.setattr(desk.control, "_emit", lambda _event: desk.control.execute(offer))
    await desk.ari.emit(broadcast())
    await desk.requests(2)
    assert desk.offered == [0.25]
    ended = {"type": "ChannelDestroyed", "channel": channel(), "cause": 16, "cause_txt": ""}
    heard_at[0] = 10.0625
    await desk.ari.emit(ended)
    await desk.requests(3)
    assert desk.offered == [0.25, 0.1875]


async def test_what_no_bytes_caused_is_no_time_of_an_offer(desk: Desk) -> None:
    await desk.ari.emit(broadcast())
    await desk.requests(1)
    desk.control.execute(Originate(C1, AGENT_LEG, "PJSIP/a", "", 20.0))
    desk.control.caused_at = 1.0
    desk.control.execute(Originate(C1, AGENT_LEG, "PJSIP/a", "", 20.0))
    await desk.requests(3)
    assert len(desk.offered) == 1


async def test_an_agent_who_dials_is_told_of_only_when_inside(desk: Desk) -> None:
    await desk.ari.emit(broadcast(context="acd-from-agents"))
    await desk.requests()
    assert desk.events == []


@pytest.mark.parametrize("status", [404, 409])
async def test_a_caller_somebody_else_took_is_given_up(desk: Desk, status: int) -> None:
    desk.ari.answer("POST", "/events/claim", status)
    await desk.ari.emit(broadcast())
    await desk.until(2)
    assert desk.events[1] == CommandFailed(NOW, "claim", L1, "refused")


async def test_a_caller_gone_before_the_claim_has_ended(desk: Desk) -> None:
    desk.ari.answer("POST", "/events/claim", 404)
    desk.ari.answer("POST", "/applications/acd/subscription", 422)
    await desk.ari.emit(broadcast())
    await desk.until(3)
    assert desk.events[1:] == [CommandFailed(NOW, "claim", L1, "gone"), LegEnded(NOW, L1)]


async def test_a_claimed_caller_who_never_enters_is_looked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.telephony.control.ENTER_S", 0.01)
    desk.ari.answer("POST", "/applications/acd/subscription", 422)
    await desk.ari.emit(broadcast())
    await desk.until(2)
    assert desk.events[1] == LegEnded(NOW, L1)


@pytest.mark.parametrize(("status", "warned"), [(204, False), (404, False), (409, False), (500, True)])
async def test_only_a_claim_that_failed_is_worth_a_warning(desk: Desk, status: int, *, warned: bool) -> None:
    desk.ari.answer("POST", "/events/claim", status)
    with capture_logs() as logs:
        await desk.ari.emit({"type": "CallBroadcast", "channel": channel()})
        await desk.requests()
        await asyncio.sleep(0.05)
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["claim_failed"] * warned


async def test_an_expected_caller_is_told_of_before_the_channel_is_offered_and_only_once(desk: Desk) -> None:
    desk.control.expect(L1, "PJSIP/gw1-c1", "169", "0811222333")
    assert desk.events == [CallArrived(NOW, L1, "PJSIP/gw1-c1", "169", "0811222333")]
    assert desk.taken == []
    desk.control.execute(Originate(C1, AGENT_LEG, "PJSIP/a", "", 20.0))
    desk.control.execute(Answer(C1, L1))
    await desk.ari.emit(broadcast())
    assert [path for _, path, _, _ in await desk.requests(2)] == ["/channels/acd-l-c1-1", "/events/claim"]
    assert desk.taken == [L1]
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    assert [path for _, path, _, _ in await desk.requests(3)][2] == "/channels/c1/answer"
    desk.control.expect(L1, "PJSIP/gw1-c1", "169", "0811222333")  # AMI was late
    assert len(desk.events) == 1


async def test_an_expected_caller_who_comes_without_being_offered_is_inside_too(desk: Desk) -> None:
    desk.control.expect(L1, "PJSIP/gw1-c1", "169", "0811222333")
    desk.control.execute(Answer(C1, L1))
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    assert (await desk.requests(1))[0][1] == "/channels/c1/answer"
    assert desk.taken == [L1]
    assert len(desk.events) == 1


async def test_an_expected_caller_who_does_not_come_is_given_up_and_left_to_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.telephony.control.EXPECT_S", 0.01)
    desk.control.expect(L1, "PJSIP/gw1-c1", "169", "")
    await desk.until(2)
    assert desk.events[1] == CommandFailed(NOW, "claim", L1, "refused", "the caller did not come in")
    assert desk.taken == []


async def test_nobody_is_expected_while_the_link_is_down(ari: FakeAri) -> None:
    desk = make(ari)
    desk.control.expect(L1, "PJSIP/gw1-c1", "169", "")
    assert desk.events == []


async def test_an_agent_who_picks_up_is_told_of_before_the_leg_is_inside_and_what_joins_it_waits(desk: Desk) -> None:
    picked_up = {"type": "ChannelStateChange", "channel": channel(AGENT_LEG, state="Up")}
    await desk.ari.emit(picked_up)
    await desk.until()
    await desk.ari.emit(picked_up)
    for command in (Answer(C1, L1), AddToBridge(C1, B1, (L1, AGENT_LEG)), StartRecording(C1, B1, RecordingName("c1"))):
        desk.control.execute(command)
    desk.control.execute(Answer(ContactId("c2"), LegId("c2")))
    assert [path for _, path, _, _ in await desk.requests(2)] == ["/channels/c1/answer", "/channels/c2/answer"]
    await desk.ari.emit({"type": "StasisStart", "channel": channel(AGENT_LEG), "args": []})
    after = [path for _, path, _, _ in await desk.requests(4)][2:]
    assert after == ["/bridges/acd-b-c1/addChannel", "/bridges/acd-b-c1/record"]
    assert desk.events == [LegAnswered(NOW, AGENT_LEG)]


async def test_an_agent_gone_between_picking_up_and_coming_in_keeps_nothing_back(desk: Desk) -> None:
    await desk.ari.emit({"type": "ChannelStateChange", "channel": channel(AGENT_LEG, state="Up")})
    await desk.until()
    desk.control.execute(AddToBridge(C1, B1, (L1, AGENT_LEG)))
    desk.control.execute(DestroyBridge(C1, B1))
    await desk.ari.emit({"type": "ChannelDestroyed", "channel": channel(AGENT_LEG), "cause": 16})
    assert [path for _, path, _, _ in await desk.requests(2)] == ["/bridges/acd-b-c1/addChannel", "/bridges/acd-b-c1"]
    assert desk.events == [LegAnswered(NOW, AGENT_LEG), LegEnded(NOW, AGENT_LEG, 16)]


async def test_an_agent_leg_that_only_rings_is_not_told_of(desk: Desk) -> None:
    await desk.ari.emit({"type": "ChannelStateChange", "channel": channel(AGENT_LEG, state="Ringing")})
    await desk.ari.emit({"type": "StasisStart", "channel": channel(AGENT_LEG), "args": []})
    await desk.until()
    assert desk.events == [LegAnswered(NOW, AGENT_LEG)]


# ---------------------------------------------------------------- what exists


def exists(ari: FakeAri, channels: list[dict[str, Any]], bridges: list[dict[str, Any]], followed: list[str]) -> None:
    """What Asterisk answers when looked at."""
    ari.answer("GET", "/channels", 200, channels)
    ari.answer("GET", "/bridges", 200, bridges)
    ari.answer("GET", "/applications/acd", 200, {"name": "acd", "channel_ids": followed})


async def test_a_look_gives_channels_and_bridges_and_when_it_was_taken(desk: Desk) -> None:
    channels = [channel(), channel("x", state="Up", dialplan={})]
    exists(desk.ari, channels, [{"id": "acd-b-c1", "channels": ["c1", "acd-l-c1-1"]}], ["c1"])
    seen = await desk.control.resync(after_gap=False)
    created = 1717383600.0
    assert seen.channels == (
        ChannelSeen(L1, "PJSIP/gw1-c1", False, True, "acd-from-trunk", "169", "0811222333", created),  # noqa: FBT003 - one row
        ChannelSeen(LegId("x"), "PJSIP/gw1-x", True, False, "", "", "0811222333", created),  # noqa: FBT003 - one row
    )
    assert seen.bridges == (BridgeSeen(B1, (L1, AGENT_LEG)),)
    assert (seen.at, seen.after_gap) == (NOW, False)
    assert seen.asked_at is not None
    assert seen.asked_at <= NOW
    assert desk.ari.paths("POST") == []


async def test_a_caller_followed_out_of_the_application_is_not_inside(desk: Desk) -> None:
    elsewhere = channel("c1", dialplan={"context": "elsewhere", "exten": "200", "app_name": "Dial"})
    ringing = channel("acd-l-c2-1", dialplan={"context": "", "exten": "", "app_name": "AppDial2"})
    exists(desk.ari, [elsewhere, ringing], [], ["c1", "acd-l-c2-1"])
    seen = await desk.control.resync(after_gap=True)
    assert [(one.leg_id, one.in_app) for one in seen.channels] == [("c1", False), ("acd-l-c2-1", True)]
    assert desk.ari.paths("POST") == []


async def test_after_a_gap_callers_are_followed_again(desk: Desk) -> None:
    legs = [channel("c1"), channel("acd-l-c1-1"), channel("other")]
    exists(desk.ari, legs, [], ["c1", "acd-l-c1-1"])
    await desk.control.resync(after_gap=True)
    await desk.ari.until(lambda: bool(desk.ari.paths("POST")))
    await asyncio.sleep(0.02)
    sources = [one.params["eventSource"] for one in desk.ari.seen if one.path.endswith("/subscription")]
    assert sources == ["channel:c1"]


async def test_who_comes_while_asterisk_is_asked_after_a_gap_is_answered_all_the_same(desk: Desk) -> None:
    exists(desk.ari, [], [], [])
    await desk.ari.emit({"type": "CallBroadcast", "channel": channel()})
    await desk.until()
    desk.control.execute(Answer(C1, L1))
    await desk.control.resync(after_gap=True)
    assert "/channels/c1/answer" not in desk.ari.paths("POST")
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    await desk.ari.until(lambda: "/channels/c1/answer" in desk.ari.paths("POST"))


async def test_what_was_ordered_for_who_was_on_the_way_in_ends_with_the_link(desk: Desk) -> None:
    exists(desk.ari, [], [], [])
    await desk.ari.emit({"type": "CallBroadcast", "channel": channel()})
    await desk.until()
    desk.control.execute(Answer(C1, L1))
    desk.ari.drop()
    await desk.ari.until(lambda: desk.states[-2:] == [AriState.CONNECTING, AriState.UP] and len(desk.states) > 2)
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    await desk.until(2)
    await asyncio.sleep(0.02)
    assert "/channels/c1/answer" not in desk.ari.paths("POST")


async def test_a_hang_up_before_the_gap_is_forgotten(desk: Desk) -> None:
    exists(desk.ari, [], [], [])
    await desk.ari.emit({"type": "ChannelHangupRequest", "channel": channel()})
    await desk.ari.emit({"type": "ChannelDestroyed", "channel": channel("other"), "cause": 16})
    await desk.until()
    desk.ari.drop()
    await desk.ari.until(lambda: desk.states[-2:] == [AriState.CONNECTING, AriState.UP] and len(desk.states) > 2)
    await desk.control.resync(after_gap=True)
    await desk.ari.emit({"type": "StasisEnd", "channel": channel()})
    await desk.until(2)
    assert desk.events[1] == LegLeft(NOW, L1)


async def test_a_look_without_a_link_fails(ari: FakeAri) -> None:
    with pytest.raises(PbxUnavailable):
        await make(ari).control.resync(after_gap=True)


async def test_the_links_state_is_told(desk: Desk) -> None:
    assert desk.states == [AriState.CONNECTING, AriState.UP]
    desk.ari.drop()
    await desk.ari.until(lambda: AriState.DOWN in desk.states)
