"""Belief and reality are brought together by the transitions the missed events would have taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import (
    AddToBridge,
    Answer,
    ContinueInDialplan,
    CreateBridge,
    DestroyBridge,
    HangUp,
    Originate,
    Play,
    StartMusic,
    StartRecording,
    StopPlay,
)
from acd.domain.events import AgentDialled, LinkChanged
from acd.domain.exits import Exit
from acd.domain.ids import BridgeId, LegId, PlaybackId, TrunkId
from acd.engine import ending
from acd.engine.resync import SETTLED_S
from acd.engine.state import Free, InCall, InIvr, Leaving, Talking, Waiting, WrapUp
from tests.engine_kit import GW, Bench, make_plan, with_queue


def cut(bench: Bench) -> None:
    """The link breaks: what the PBX does from now on is not told."""
    bench.pbx.connected = False
    bench.feed(LinkChanged(bench.at, "ari", up=False))


def back(bench: Bench) -> None:
    """The link is there again, and the truth is told."""
    bench.pbx.connected = True
    bench.pbx.reports.clear()
    bench.pbx.now = bench.at
    bench.feed(LinkChanged(bench.at, "ari", up=True))
    bench.feed(bench.pbx.resync(after_gap=True))


def audit(bench: Bench) -> None:
    bench.pbx.now = bench.at
    bench.feed(bench.pbx.resync(after_gap=False))


def lost_end(bench: Bench, leg: LegId) -> None:
    """A channel ends and nobody tells."""
    bench.pbx.connected = False
    bench.pbx.end(leg)
    bench.pbx.connected = True


# ---------------------------------------------------------------- what ended meanwhile


def test_callers_who_left_in_a_gap_get_their_record() -> None:
    bench = Bench()
    talker, waiter, listener = bench.talking(), bench.queued("2"), bench.call()
    cut(bench)
    bench.at += 60
    for leg in (talker, waiter, listener):
        bench.pbx.end(leg)
    back(bench)
    assert [r.exit for r in bench.records] == [Exit.ANSWERED]
    assert isinstance(bench.agent("ana").work, WrapUp)
    bench.sleep(ending.FALLBACK_GUARD_S)  # AMI might tell of another end
    assert [r.exit for r in bench.records] == [Exit.ANSWERED, Exit.ABANDONED, Exit.IVR_EXIT]
    assert {r.cause for r in bench.records} == {0}
    assert not bench.state.contacts
    assert not bench.state.leases
    assert not bench.pbx.bridges


def test_no_phone_rings_for_a_caller_who_left_in_the_same_gap() -> None:
    bench = Bench()
    bench.login("ana", "budi")
    leg = bench.queued()
    cut(bench)
    for channel in [leg, bench.leg_of("budi")]:
        bench.pbx.end(channel)
    back(bench)
    assert not bench.got(Originate)


def test_an_agent_who_hung_up_in_a_gap_ended_the_conversation() -> None:
    bench = Bench()
    leg = bench.talking()
    cut(bench)
    bench.pbx.end(bench.leg_of("ana"))
    back(bench)
    assert bench.got(HangUp)[0].leg_id == leg
    assert bench.records[0].exit is Exit.ANSWERED


def test_a_ringing_that_ended_in_a_gap_is_a_failed_offer() -> None:
    bench = Bench()
    bench.login("ana")
    bench.queued()
    cut(bench)
    bench.pbx.end(bench.leg_of("ana"))
    back(bench)
    assert bench.state.figures.offers == {"failed": 1}


@pytest.mark.parametrize(("age", "ended"), [(SETTLED_S, False), (SETTLED_S + 0.1, True)])
def test_an_audit_leaves_alone_what_may_be_younger_than_its_list(age: float, ended: bool) -> None:  # noqa: FBT001 - table
    bench = Bench()
    leg = bench.call()
    lost_end(bench, leg)
    bench.at += age
    audit(bench)
    assert bool(bench.records) is ended


def test_what_was_heard_of_after_asterisk_was_asked_is_not_missing() -> None:
    bench = Bench()
    seen = bench.pbx.resync(after_gap=True)
    bench.at += 1
    leg = bench.call()
    bench.feed(replace(seen, at=bench.at, asked_at=bench.at - 1))
    assert bench.contact(leg)
    assert leg in bench.state.leases


def test_a_caller_who_came_since_asterisk_was_asked_is_on_the_way_in_and_not_lost() -> None:
    bench = Bench()
    cut(bench)
    asked_at = bench.at
    bench.at += 0.2
    bench.pbx.connected = True
    bench.pbx.now = bench.at
    leg = bench.call()
    heard = list(bench.ordered)
    bench.pbx.channels[leg].in_app = False  # still to be claimed when Asterisk made its list
    bench.feed(replace(bench.pbx.resync(after_gap=True), asked_at=asked_at))
    assert isinstance(bench.contact(leg).phase, InIvr)
    assert not bench.got(Play)
    assert heard


def test_a_feature_call_that_ended_unheard_is_forgotten() -> None:
    bench = Bench()
    channel = bench.pbx.new_channel(LegId("dial"), "PJSIP/ana")
    bench.feed(AgentDialled(bench.at, channel.id, channel.name, "*0"))
    lost_end(bench, channel.id)
    bench.at += 10
    audit(bench)
    assert not bench.state.feature_calls


# ---------------------------------------------------------------- the ledger


def test_the_ledger_is_what_asterisk_has_whoever_serves_it() -> None:
    bench = Bench()
    ours = bench.call()
    bench.state.leases[LegId("ghost")] = TrunkId("gw")
    cut(bench)
    fallback = bench.pbx.new_channel(LegId("other"), GW)
    fallback.in_app = False
    back(bench)
    assert set(bench.state.leases) == {ours, fallback.id}
    assert bench.state.trunks[TrunkId("gw")].peak == 2


def test_a_refused_caller_still_there_holds_no_channel_of_the_trunk() -> None:
    bench = Bench()
    for _ in range(3):
        bench.call()
    bench.obeying = False
    refused = bench.call()
    bench.feed(bench.pbx.resync(after_gap=True))
    assert refused not in bench.state.leases
    assert bench.got(HangUp)[0].leg_id == refused


def test_an_audit_neither_leases_the_young_nor_the_ended_nor_drops_the_living() -> None:
    bench = Bench()
    ended, living = bench.call(), bench.call()
    seen = bench.pbx.resync(after_gap=False)
    bench.hang_up(ended)
    bench.pbx.new_channel(LegId("young"), GW).in_app = False
    audit_list = replace(seen, channels=(*bench.pbx.resync(after_gap=False).channels, seen.channels[0]))
    bench.feed(audit_list)
    assert set(bench.state.leases) == {living}
    bench.at += 6
    audit(bench)
    assert set(bench.state.leases) == {living, "young"}


# ---------------------------------------------------------------- callers who wait or listen


def test_a_prompt_is_stopped_and_begun_again_after_a_gap() -> None:
    bench = Bench()
    leg = bench.call()
    cut(bench)
    back(bench)
    assert [type(c) for c in bench.ordered] == [StopPlay, Play]
    assert isinstance(bench.contact(leg).phase, InIvr)
    audit(bench)
    assert not bench.ordered


def test_an_answer_that_was_lost_is_ordered_again() -> None:
    bench = Bench()
    bench.obeying = False
    leg = bench.call()
    bench.obeying = True
    bench.feed(bench.pbx.resync(after_gap=True))
    assert bench.one(Answer).leg_id == leg


def test_waiting_callers_keep_their_order_and_hear_music_again() -> None:
    bench = Bench()
    first = bench.queued()
    bench.sleep(1)
    second = bench.queued()
    cut(bench)
    bench.login("ana")
    back(bench)
    assert bench.one(Originate).contact_id == str(first)
    assert [c.leg_id for c in bench.got(StartMusic)] == [first, second]


def test_an_announcement_gives_way_to_music_after_a_gap() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.sleep(30)
    cut(bench)
    back(bench)
    assert bench.one(StartMusic).leg_id == leg
    assert bench.one(StopPlay).playback_id == PlaybackId(f"acd-p-{leg}-3")
    phase = bench.contact(leg).phase
    assert isinstance(phase, Waiting)
    assert phase.playback is None


def test_an_answer_missed_in_a_gap_connects() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    cut(bench)
    bench.pbx.answer_phone(bench.leg_of("ana"))
    bench.pbx.bridges.clear()
    back(bench)
    assert isinstance(bench.contact(leg).phase, Talking)
    assert [type(c) for c in bench.got(CreateBridge) + bench.got(AddToBridge)] == [CreateBridge, AddToBridge]
    assert bench.pbx.bridges[bench.contact(leg).bridge] == [leg, bench.leg_of("ana")]


def test_a_phone_up_but_not_yet_with_us_is_waited_for() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    bench.pbx.channels[bench.leg_of("ana")].up = True
    bench.feed(bench.pbx.resync(after_gap=True))
    assert isinstance(bench.contact(leg).phase, Waiting)
    assert not bench.got(AddToBridge)


# ---------------------------------------------------------------- conversations


def test_a_conversation_in_its_bridge_is_left_alone() -> None:
    bench = Bench()
    bench.talking()
    cut(bench)
    back(bench)
    assert not bench.ordered


def test_a_conversation_without_its_bridge_is_joined_and_recorded_again() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.pbx.bridges.clear()
    bench.pbx.files.clear()
    bench.at += 10
    audit(bench)
    assert [type(c) for c in bench.ordered] == [CreateBridge, AddToBridge, StartRecording]
    assert bench.pbx.bridges[bench.contact(leg).bridge] == [leg, bench.leg_of("ana")]


def test_a_party_missing_from_the_bridge_is_added_again() -> None:
    bench = Bench(with_queue(make_plan(), "billing", record=False))
    leg = bench.talking()
    bench.pbx.bridges[bench.contact(leg).bridge].remove(leg)
    audit(bench)
    assert not bench.ordered
    bench.at += 10
    audit(bench)
    assert [type(c) for c in bench.ordered] == [AddToBridge]
    bench.pbx.bridges.clear()
    audit(bench)
    assert [type(c) for c in bench.ordered] == [CreateBridge, AddToBridge]


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_who_left_the_bridge_while_the_lists_were_made_has_talked_and_is_not_joined_again(who: str) -> None:
    bench = Bench(with_queue(make_plan(), "billing", record=False))
    leg = bench.talking()
    gone = leg if who == "caller" else bench.leg_of("ana")
    cut(bench)
    bench.pbx.bridges[bench.contact(leg).bridge].remove(gone)
    bench.out = []
    back(bench)
    assert not bench.got(AddToBridge)
    bench.hang_up(gone)
    assert [record.exit for record in bench.records] == [Exit.ANSWERED]


# ---------------------------------------------------------------- on the way out


def test_a_hang_up_that_was_lost_is_ordered_again() -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, "19")
    bench.obeying = True
    audit(bench)
    assert isinstance(bench.contact(leg).phase, Leaving)
    bench.at += 6
    audit(bench)
    assert bench.records[0].exit is Exit.IVR_EXIT


def test_a_transfer_done_in_a_gap_is_recorded_and_nobody_is_hung_up() -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, "14")
    bench.obeying = True
    bench.pbx.channels[leg].in_app = False
    bench.feed(bench.pbx.resync(after_gap=True))
    assert bench.records[0].exit is Exit.TRANSFERRED
    assert not bench.got(HangUp)
    assert leg in bench.pbx.channels
    assert leg in bench.state.leases
    assert not bench.got(ContinueInDialplan)


def test_a_leg_left_over_is_hung_up_by_the_next_audit_though_the_wrap_up_has_ended_just_before() -> None:
    bench = Bench()
    caller = bench.talking("ana")
    leg = bench.leg_of("ana")
    bench.pbx.mishaps.append(("timeout", False))  # the hang-up of the agent's phone
    bench.hang_up(caller)
    assert leg in bench.pbx.channels
    bench.at += 30
    agent = bench.agent("ana")
    bench.state.agents[agent.id] = replace(agent, work=Free(bench.at - 1))
    audit(bench)
    assert leg not in bench.pbx.channels


def test_the_leg_of_an_agent_whose_hang_up_was_lost_is_hung_up_again() -> None:
    bench = Bench()
    leg = bench.talking()
    lingering = bench.leg_of("ana")
    bench.obeying = False
    lost_end(bench, leg)
    bench.at += 1
    bench.feed(bench.pbx.resync(after_gap=True))
    bench.obeying = True
    audit(bench)
    assert lingering in bench.pbx.channels
    bench.at += 6
    audit(bench)
    assert lingering not in bench.pbx.channels
    assert bench.agent("ana").leg is None


# ---------------------------------------------------------------- the unknown


def test_a_caller_nobody_knows_is_taken_in_by_age() -> None:
    bench = Bench()
    for name in ("b", "a"):
        bench.at += 1
        bench.pbx.now = bench.at
        bench.pbx.new_channel(LegId(name), GW, extension="169")
    elsewhere = bench.pbx.new_channel(LegId("fallback"), GW)
    elsewhere.in_app = False
    audit(bench)
    assert not bench.state.contacts
    bench.feed(bench.pbx.resync(after_gap=True))
    assert list(bench.state.contacts) == ["b", "a"]
    assert set(bench.state.leases) == {"a", "b", "fallback"}


def test_callers_above_capacity_are_refused_when_taken_in() -> None:
    bench = Bench()
    for number in range(5):
        bench.pbx.new_channel(LegId(f"x{number}"), GW, extension="169")
    bench.feed(bench.pbx.resync(after_gap=True))
    assert [r.exit for r in bench.records] == [Exit.BLOCKED] * 2
    assert len(bench.state.leases) == 3


def conversation(bench: Bench, *, agent_first: bool) -> tuple[LegId, LegId]:
    """A conversation the engine has forgotten."""
    bench.pbx.now = bench.at
    caller, phone = LegId("caller"), LegId("acd-l-caller-1")
    channels = [(caller, GW, "169"), (phone, "PJSIP/ana", "")]
    for leg, endpoint, extension in reversed(channels) if agent_first else channels:
        bench.pbx.new_channel(leg, endpoint, extension=extension).up = True
    bench.pbx.bridges[BridgeId("acd-b-caller")] = [caller, phone]
    return caller, phone


@pytest.mark.parametrize("agent_first", [False, True])
def test_a_conversation_nobody_knows_is_taken_over_and_ends_with_a_record(agent_first: bool) -> None:  # noqa: FBT001 - table
    bench = Bench()
    caller, phone = conversation(bench, agent_first=agent_first)
    bench.feed(bench.pbx.resync(after_gap=True))
    assert not bench.ordered
    assert isinstance(bench.contact(caller).phase, Talking)
    assert bench.agent("ana").work == InCall(bench.at, bench.contact(caller).id)
    assert bench.leg_of("ana") == phone
    bench.hang_up(caller)
    assert (bench.records[0].exit, bench.records[0].agent) == (Exit.ANSWERED, "ana")
    assert not bench.pbx.channels
    assert not bench.pbx.bridges


def test_a_conversation_found_ends_the_wrap_up_of_the_one_before() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.hang_up(leg)
    caller, _ = conversation(bench, agent_first=False)
    bench.feed(bench.pbx.resync(after_gap=True))
    bench.sleep(20)
    assert bench.agent("ana").work.kind == "in_call"
    assert bench.contact(caller)


def test_a_bridge_without_a_free_agent_of_ours_is_no_conversation() -> None:
    bench = Bench()
    bench.talking("ana")
    caller, phone = conversation(bench, agent_first=False)
    bench.feed(bench.pbx.resync(after_gap=True))
    assert isinstance(bench.contact(caller).phase, InIvr)
    assert phone not in bench.pbx.channels
    assert "acd-b-caller" not in bench.pbx.bridges

    alone = Bench()
    alone.pbx.new_channel(LegId("caller"), GW, extension="169")
    guest = alone.pbx.new_channel(LegId("guest"), "PJSIP/guest")
    guest.in_app = False
    alone.pbx.bridges[BridgeId("acd-b-caller")] = [LegId("guest")]
    alone.feed(alone.pbx.resync(after_gap=True))
    assert isinstance(alone.contact(LegId("caller")).phase, InIvr)
    alone.hang_up(LegId("caller"))
    alone.pbx.new_channel(LegId("caller2"), GW, extension="169")
    alone.pbx.bridges[BridgeId("acd-b-caller2")] = [LegId("caller2"), LegId("guest")]
    alone.feed(alone.pbx.resync(after_gap=True))
    assert isinstance(alone.contact(LegId("caller2")).phase, InIvr)


def test_channels_and_bridges_of_ours_that_serve_nothing_are_ended_and_others_left_alone() -> None:
    bench = Bench()
    bench.pbx.new_channel(LegId("acd-l-gone-1"), "PJSIP/ana").up = True
    bench.pbx.new_channel(LegId("acd-l-ringing-1"), "PJSIP/budi").in_app = False
    bench.pbx.new_channel(LegId("phone"), "PJSIP/citra")
    bench.pbx.new_channel(LegId("private"), "PJSIP/citra").in_app = False
    bench.pbx.bridges[BridgeId("acd-b-gone")] = []
    bench.pbx.bridges[BridgeId("conference")] = []
    bench.feed(bench.pbx.resync(after_gap=True))
    assert set(bench.pbx.channels) == {"private"}
    assert set(bench.pbx.bridges) == {"conference"}
    assert len(bench.got(DestroyBridge)) == 1


def test_a_recorded_caller_still_in_the_application_is_hung_up_when_that_is_sure() -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "14")
    bench.pbx.channels[leg].in_app = True  # the dialplan sent the caller back
    audit(bench)
    assert not bench.got(HangUp)
    bench.at += 6
    audit(bench)
    assert bench.got(HangUp)[0].leg_id == leg
    assert len(bench.records) == 1


def test_a_confirmation_is_not_cut_by_an_audit_but_ends_after_a_gap() -> None:
    bench = Bench()
    channel = bench.pbx.new_channel(LegId("dial"), "PJSIP/ana")
    bench.feed(AgentDialled(bench.at, channel.id, channel.name, "*0"))
    bench.at += 6
    audit(bench)
    assert not bench.got(HangUp)
    bench.feed(bench.pbx.resync(after_gap=True))
    assert bench.got(HangUp)[0].leg_id == "dial"
    assert isinstance(bench.agent("ana").work, Free)


# ---------------------------------------------------------------- another life of Asterisk


def died(bench: Bench, seconds: float = 8.0) -> None:
    """Asterisk is killed; the engine finds another one."""
    cut(bench)
    bench.pbx.die()
    bench.at += seconds
    back(bench)


def test_calls_of_an_asterisk_that_died_end_when_it_did_with_their_cause_and_one_record_each() -> None:
    bench = Bench()
    talker, waiter, listener = bench.talking(), bench.queued("2"), bench.call()
    back(bench)
    bench.at += 30
    killed_at = bench.at
    died(bench)
    assert [(r.contact_id, r.exit, r.cause, r.ended_at) for r in bench.records] == [
        (bench.contact_id(talker), Exit.ANSWERED, 41, killed_at),
        (bench.contact_id(waiter), Exit.FAILED_TECHNICAL, 41, killed_at),
        (bench.contact_id(listener), Exit.FAILED_TECHNICAL, 41, killed_at),
    ]
    assert not bench.state.contacts
    assert not bench.state.leases
    died(bench)
    assert len(bench.records) == 3


def test_agents_of_an_asterisk_that_died_may_be_rung_again() -> None:
    bench = Bench()
    bench.talking("ana")
    bench.login("citra")
    bench.queued("2")
    back(bench)
    died(bench)
    assert isinstance(bench.agent("citra").work, Free)
    assert isinstance(bench.agent("ana").work, WrapUp)
    assert bench.agent("ana").leg is None
    bench.queued("2")
    assert bench.one(Originate).device == "PJSIP/citra"


def test_the_recording_of_a_conversation_cut_by_its_death_is_held_against_the_talk_until_then() -> None:
    bench = Bench()
    bench.talking()
    back(bench)
    bench.at += 30
    died(bench)
    bench.sleep(20)
    assert [round(check.talk_s) for check in bench.checks] == [30]


def test_the_same_asterisk_after_a_gap_tore_nobody_out() -> None:
    bench = Bench()
    leg = bench.queued("2")
    back(bench)
    cut(bench)
    bench.at += 30
    bench.pbx.end(leg)
    back(bench)
    seen = bench.at
    bench.sleep(ending.FALLBACK_GUARD_S)
    assert [(r.exit, r.cause, r.ended_at) for r in bench.records] == [(Exit.ABANDONED, 0, seen)]


# ---------------------------------------------------------------- when the end of the journal was lost


def forgotten(bench: Bench, caller: LegId, agent: str = "ana", number: int = 1, *, up: bool = False) -> LegId:
    """A leg to an agent's phone that a former life ordered and the journal does not know."""
    leg = LegId(f"acd-l-{caller}-{number}")
    bench.pbx.now = bench.at
    channel = bench.pbx.new_channel(leg, f"PJSIP/{agent}", agent_device=f"PJSIP/{agent}")
    channel.up = channel.in_app = up
    return leg


def test_the_name_of_a_forgotten_offer_is_not_used_again_and_its_phone_rings_for_nobody_else() -> None:
    bench = Bench()
    caller = bench.queued()
    cut(bench)
    leg = forgotten(bench, caller, number=2)
    bench.login("ana")
    back(bench)
    assert HangUp(bench.contact(caller).id, leg) in bench.ordered
    rung = [command.leg_id for command in bench.ordered if isinstance(command, Originate)]
    assert rung == [LegId(f"acd-l-{caller}-3")], "after its end"
    assert bench.ordered.index(HangUp(bench.contact(caller).id, leg)) < len(bench.ordered) - 1
    assert bench.contact(caller).offers == 3
    assert sum(bench.state.figures.offers.values()) == 2


@pytest.mark.parametrize("waiting", [True, False])
def test_a_forgotten_conversation_of_a_known_caller_goes_on(waiting: bool) -> None:  # noqa: FBT001 - table
    bench = Bench()
    caller = bench.queued() if waiting else bench.call()
    cut(bench)
    leg = forgotten(bench, caller, up=True)
    bench.pbx.bridges[BridgeId(f"acd-b-{caller}")] = [caller, leg]
    back(bench)
    assert not [command for command in bench.ordered if isinstance(command, HangUp | DestroyBridge | Play)]
    assert bench.agent("ana").work == InCall(bench.at, bench.contact(caller).id)
    assert isinstance(bench.contact(caller).phase, Talking)
    assert not [key for key in bench.timers if key.endswith(caller)]
    bench.hang_up(caller)
    assert (bench.records[0].exit, bench.records[0].agent, bench.records[0].offers) == (Exit.ANSWERED, "ana", 1)
    assert not bench.pbx.channels
    assert not bench.pbx.bridges


@pytest.mark.parametrize("known", [True, False], ids=["the offer is known", "the offer is forgotten"])
@pytest.mark.parametrize("joined", [True, False])
def test_a_caller_who_is_gone_has_talked_if_the_agent_is_in_the_bridge_yet(known: bool, joined: bool) -> None:  # noqa: FBT001 - table
    bench = Bench()
    if known:
        bench.login("ana")
        caller = bench.queued()
        cut(bench)
        leg = bench.leg_of("ana")
        bench.pbx.channels[leg].up = bench.pbx.channels[leg].in_app = True
    else:
        caller = bench.queued()
        cut(bench)
        leg = forgotten(bench, caller, up=True)
    contact = bench.contact_id(caller)
    bench.pbx.bridges[BridgeId(f"acd-b-{caller}")] = [leg] if joined else []
    bench.pbx.end(caller)
    bench.at += 30
    back(bench)
    assert HangUp(contact, leg, 16) in bench.ordered
    assert isinstance(bench.agent("ana").work, WrapUp) == joined
    seen = bench.at
    bench.sleep(0.0 if joined else ending.FALLBACK_GUARD_S)  # AMI might tell of another end
    (record,) = bench.records
    assert record.contact_id == contact
    assert (record.exit, record.agent) == ((Exit.ANSWERED, "ana") if joined else (Exit.ABANDONED, None))
    assert (record.cause, record.ended_at) == (0, seen)
    assert not bench.pbx.channels
    assert not bench.pbx.bridges


def test_a_caller_on_the_way_out_is_not_held_back_by_a_forgotten_conversation() -> None:
    bench = Bench()
    bench.obeying = False
    caller = bench.call("999")
    bench.obeying = True
    assert isinstance(bench.contact(caller).phase, Leaving)
    cut(bench)
    leg = forgotten(bench, caller, up=True)
    bench.pbx.bridges[BridgeId(f"acd-b-{caller}")] = [caller, leg]
    back(bench)
    assert not bench.pbx.channels
    assert not bench.pbx.bridges


def test_a_forgotten_caller_is_offered_anew_under_names_that_are_free() -> None:
    bench = Bench()
    bench.login("citra")
    caller = LegId("caller")
    bench.pbx.new_channel(caller, GW, extension="170").up = True
    forgotten(bench, caller, "ana", 1)
    bench.feed(bench.pbx.resync(after_gap=True))
    rung = [command.leg_id for command in bench.ordered if isinstance(command, Originate)]
    assert rung == [LegId("acd-l-caller-2")]
