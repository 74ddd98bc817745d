"""Waiting, offering, connecting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import (
    AddToBridge,
    Answer,
    CreateBridge,
    HangUp,
    Originate,
    Play,
    Ring,
    StartMusic,
    StartRecording,
    StartTimer,
    StopMusic,
    StopPlay,
)
from acd.domain.events import CallArrived, LegAnswered, LinkChanged, PlanLoaded
from acd.domain.exits import Exit
from acd.domain.ids import LegId, PromptKey, QueueId
from acd.engine.state import Contact, Free, InCall, Offered, Talking, Waiting, WrapUp
from tests.engine_kit import EN, Bench, levels, make_plan, with_queue

RING_S, REST_S = 15.0, 5.0


def waiting(bench: Bench, contact: Contact) -> Waiting:
    assert isinstance(contact.phase, Waiting)
    return contact.phase


# ---------------------------------------------------------------- entering


def test_the_agents_phone_rings_before_the_caller_is_comforted() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    kinds = [type(c) for c in bench.ordered]
    assert kinds == [StopPlay, Originate, CreateBridge, StartMusic]
    ring = bench.one(Originate)
    assert (ring.device, ring.caller, ring.timeout_s, ring.leg_id) == (
        "PJSIP/ana",
        "0811222333",
        20.0,
        f"acd-l-{leg}-1",
    )
    assert bench.agent("ana").work == Offered(bench.at, bench.contact(leg).id, bench.at)


def test_without_an_agent_the_caller_hears_music_or_ringing_before_the_answer() -> None:
    bench = Bench()
    bench.queued()
    assert bench.one(StartMusic).music == "default"
    bench.call("170")
    assert [type(c) for c in bench.ordered] == [Ring]


def test_the_requirement_is_the_queues_the_nodes_and_the_languages() -> None:
    bench = Bench()
    leg = bench.queued(language="2")
    assert waiting(bench, bench.contact(leg)).requires == levels(billing=1, lang_en=1)


def test_contacts_of_a_queue_are_served_in_the_order_they_came() -> None:
    bench = Bench()
    first = bench.queued()
    bench.sleep(1)
    second = bench.queued()
    bench.login("ana")
    assert waiting(bench, bench.contact(first)).offers
    assert not waiting(bench, bench.contact(second)).offers
    bench.login("budi")
    assert waiting(bench, bench.contact(second)).offers


# ---------------------------------------------------------------- connecting


def test_when_the_agent_answers_both_are_joined_and_recorded() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    bench.sleep(3)
    bench.pick_up("ana")
    assert [type(c) for c in bench.ordered] == [StopMusic, AddToBridge, StartRecording]
    assert bench.one(AddToBridge).leg_ids == (leg, bench.leg_of("ana"))
    contact = bench.contact(leg)
    assert contact.phase == Talking(bench.at, contact.agent, bench.leg_of("ana"))  # type: ignore[arg-type]
    assert contact.connected_at == bench.at
    assert bench.agent("ana").work == InCall(bench.at, contact.id)
    assert bench.state.figures.offers == {"accepted": 1}
    assert not {f"ring:{bench.leg_of('ana')}", f"wait:{leg}"} & set(bench.timers)


def test_the_ringing_tone_does_not_stand_before_an_agent_who_answers_at_once() -> None:
    bench = Bench()
    bench.login("citra")
    arrived = CallArrived(bench.at, LegId("1700.77"), "PJSIP/gw-00000001", "170", "0811")
    assert [type(c) for c in bench.feed(arrived) if not isinstance(c, StartTimer)] == [Originate, CreateBridge]
    bench.feed(LegAnswered(bench.at, bench.leg_of("citra")))
    bench.sleep(5)
    assert bench.got(Ring) == []


def test_an_unanswered_caller_is_answered_at_the_connection() -> None:
    bench = Bench()
    bench.login("citra")
    leg = bench.call("170")
    assert [type(c) for c in bench.ordered] == [Originate, CreateBridge]
    bench.sleep(2)
    assert [type(c) for c in bench.ordered] == [Ring]
    bench.pick_up("citra")
    assert [type(c) for c in bench.ordered] == [Answer, AddToBridge]
    assert bench.contact(leg).answered_at == bench.at
    bench.hang_up(leg)
    (record,) = bench.records
    assert (record.exit, record.wait_s, record.recording) == (Exit.ANSWERED, 2.0, None)
    assert record.answered_at == record.connected_at


def test_a_second_report_of_the_answer_changes_nothing() -> None:
    bench = Bench()
    leg = bench.talking()
    before = bench.contact(leg)
    bench.feed(LegAnswered(bench.at, bench.leg_of("ana")))
    assert bench.contact(leg) == before
    assert not bench.ordered


# ---------------------------------------------------------------- offers that come to nothing


def test_a_phone_that_rings_out_is_hung_up_rests_and_the_next_agent_is_rung() -> None:
    bench = Bench()
    bench.login("ana", "budi")
    leg = bench.queued()
    assert bench.agent("budi").leg is not None
    bench.sleep(RING_S)
    assert bench.one(Originate).device == "PJSIP/ana"
    assert bench.got(HangUp)[0].leg_id == f"acd-l-{leg}-1"
    budi = bench.agent("budi")
    assert (budi.missed, budi.resting, budi.leg) == (1, True, None)
    assert waiting(bench, bench.contact(leg)).tried == ("budi",)
    assert not bench.got(CreateBridge)


def test_who_missed_a_contact_is_asked_again_after_a_rest_when_nobody_else_is_there() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    bench.sleep(RING_S)
    assert not bench.got(Originate)
    bench.sleep(REST_S - 0.1)
    assert not bench.got(Originate)
    bench.sleep(0.1)
    assert bench.one(Originate).leg_id == f"acd-l-{leg}-2"
    bench.sleep(RING_S - 5.1)
    assert waiting(bench, bench.contact(leg)).tried == ("ana",)


@pytest.mark.parametrize(
    ("cause", "outcome", "missed"),
    [(17, "rejected", 0), (21, "rejected", 0), (18, "timed_out", 1), (19, "timed_out", 1), (38, "failed", 0)],
)
def test_how_the_phones_leg_ends_tells_how_the_offer_ended(cause: int, outcome: str, missed: int) -> None:
    bench = Bench()
    bench.login("ana")
    bench.queued()
    bench.hang_up(bench.leg_of("ana"), cause)
    assert bench.state.figures.offers == {outcome: 1}
    assert bench.agent("ana").missed == missed
    assert isinstance(bench.agent("ana").work, Free)
    assert not bench.got(HangUp)


def test_an_agent_who_lets_too_many_offers_ring_out_is_paused() -> None:
    bench = Bench()
    bench.login("citra")
    bench.queued("2")
    bench.sleep(RING_S + REST_S + RING_S)
    citra = bench.agent("citra")
    assert (citra.presence, citra.pause_reason) == ("paused", "no_answer")
    bench.sleep(60)
    assert not bench.got(Originate)


def test_a_caller_who_hangs_up_while_a_phone_rings_rescinds_the_offer_at_no_cost_to_the_agent() -> None:
    bench = Bench()
    bench.login("ana")
    idle_since = bench.agent("ana").work.since
    leg = bench.queued()
    bench.sleep(3)
    ringing = bench.leg_of("ana")
    bench.hang_up(leg)
    assert bench.got(HangUp)[0].leg_id == ringing
    ana = bench.agent("ana")
    assert (ana.work, ana.missed, ana.resting, ana.leg) == (Free(idle_since), 0, False, None)
    assert bench.state.figures.offers == {"rescinded": 1}


def test_an_answer_that_comes_too_late_is_hung_up() -> None:
    bench = Bench()
    bench.login("ana")
    bench.obeying = False
    leg = bench.call()
    bench.press(leg, "11")
    ringing = bench.leg_of("ana")
    bench.sleep(RING_S)
    bench.feed(LegAnswered(bench.at, ringing))
    assert bench.one(HangUp).leg_id == ringing
    assert isinstance(bench.contact(leg).phase, Waiting)


def test_an_agent_whose_old_leg_lingers_is_not_offered_until_its_end_is_seen() -> None:
    bench = Bench()
    bench.login("citra")
    leg = bench.queued("2")
    bench.pick_up("citra")
    bench.obeying = False
    bench.pbx.end(leg)
    bench.settle()
    assert isinstance(bench.agent("citra").work, Free)
    bench.obeying = True
    bench.queued("2")
    assert not bench.got(Originate)
    bench.hang_up(bench.leg_of("citra"))
    assert bench.one(Originate).device == "PJSIP/citra"


# ---------------------------------------------------------------- overflow


def test_after_the_longest_wait_place_and_time_are_kept_in_the_overflow_queue_and_it_is_announced() -> None:
    bench = Bench()
    leg, since = bench.queued(language="2"), bench.at
    bench.sleep(30)
    phase = waiting(bench, bench.contact(leg))
    assert (phase.queue, phase.since, phase.overflows) == ("general", since, 1)
    assert phase.requires == ()
    assert [type(c) for c in bench.ordered] == [StopMusic, Play]
    assert bench.one(Play).prompts == ("en_overflow",)
    bench.spoken(leg)
    assert bench.one(StartMusic).leg_id == leg
    assert bench.contact(leg).queue == "general"


def test_an_agent_who_takes_the_call_ends_the_announcement() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.sleep(30)
    bench.login("dewi")
    bench.pick_up("dewi")
    assert [type(c) for c in bench.ordered][:2] == [StopPlay, AddToBridge]
    assert bench.contact(leg).agent == "dewi"


def test_an_unanswered_caller_is_moved_without_an_announcement() -> None:
    plan = with_queue(make_plan(), "tech", overflow_queue=QueueId("general"), overflow_prompt=PromptKey("x"))
    bench = Bench(plan)
    bench.call("170")
    bench.sleep(40)
    assert not bench.ordered


def test_a_ringing_phone_may_still_answer_after_the_overflow() -> None:
    bench = Bench(with_queue(make_plan(), "billing", max_wait_s=10.0))
    bench.login("ana")
    leg = bench.queued()
    bench.sleep(10)
    assert waiting(bench, bench.contact(leg)).offers
    bench.pick_up("ana")
    assert isinstance(bench.contact(leg).phase, Talking)


def test_the_language_is_asked_for_again_unless_it_was_dropped() -> None:
    keep = with_queue(make_plan(), "billing", overflow_drops_language=False, overflow_prompt=None)
    bench = Bench(keep)
    leg = bench.queued(language="2")
    bench.sleep(30)
    assert waiting(bench, bench.contact(leg)).requires == levels(lang_en=1)


def test_a_dropped_language_stays_dropped_in_further_overflows() -> None:
    plan = with_queue(make_plan(), "general", overflow_queue=QueueId("tech"))
    bench = Bench(plan)
    leg = bench.queued(language="2")
    bench.sleep(30 + 60)
    assert waiting(bench, bench.contact(leg)).requires == levels(tech=1)
    assert waiting(bench, bench.contact(leg)).priority == 1


def test_a_language_without_a_skill_asks_for_none() -> None:
    bench = Bench(make_plan(language_skills={}))
    leg = bench.queued()
    bench.sleep(30)
    assert waiting(bench, bench.contact(leg)).requires == ()


def test_a_full_queue_overflows_at_once_and_tells_the_caller() -> None:
    bench = Bench(with_queue(make_plan(), "billing", max_length=1))
    bench.queued(language="2")
    leg = bench.queued(language="2")
    phase = waiting(bench, bench.contact(leg))
    assert (phase.queue, phase.requires, phase.overflows) == ("general", (), 1)
    assert bench.one(Play).prompts == ("en_overflow",)
    assert not bench.got(StartMusic)
    bench.spoken(leg)
    assert bench.one(StartMusic)


def test_a_full_overflow_queue_is_passed_over() -> None:
    plan = with_queue(make_plan(), "general", max_length=0, overflow_queue=QueueId("tech"))
    bench = Bench(plan)
    leg = bench.queued()
    bench.sleep(30)
    assert waiting(bench, bench.contact(leg)).queue == "tech"


def test_queues_that_overflow_into_each_other_end_the_search() -> None:
    plan = with_queue(make_plan(), "general", max_length=0, overflow_queue=QueueId("billing"))
    bench = Bench(with_queue(plan, "billing", max_length=0))
    bench.queued()
    assert bench.records[0].exit is Exit.OVERFLOWED


def test_a_caller_who_goes_round_in_overflows_is_let_go_at_last() -> None:
    plan = with_queue(make_plan(), "general", max_wait_s=10.0, overflow_queue=QueueId("billing"))
    bench = Bench(with_queue(plan, "billing", overflow_prompt=None))
    bench.queued()
    bench.sleep(200)
    (record,) = bench.records
    assert (record.exit, record.wait_s) == (Exit.OVERFLOWED, 80.0)


def test_a_queue_without_a_longest_wait_keeps_its_callers() -> None:
    plan = with_queue(make_plan(), "general", max_wait_s=None)
    bench = Bench(plan)
    leg = bench.queued()
    bench.sleep(5000)
    assert waiting(bench, bench.contact(leg)).queue == "general"


# ---------------------------------------------------------------- afterwards


def test_wrap_up_ends_by_itself_and_the_next_caller_is_offered() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.hang_up(leg)
    assert bench.agent("ana").work == WrapUp(bench.at, bench.records[0].contact_id, bench.at + 10, QueueId("billing"))
    bench.queued()
    assert not bench.got(Originate)
    bench.sleep(10)
    assert bench.one(Originate).device == "PJSIP/ana"


def test_without_wrap_up_the_agent_is_free_when_the_phone_is_on_the_hook() -> None:
    bench = Bench()
    bench.login("citra")
    first = bench.queued("2")
    bench.pick_up("citra")
    bench.queued("2")
    bench.hang_up(first)
    assert bench.one(Originate).device == "PJSIP/citra"
    assert not [key for key in bench.timers if key.startswith("wrap:")]


def test_no_phone_rings_while_the_link_is_down() -> None:
    bench = Bench()
    bench.feed(LinkChanged(bench.at, "ari", up=False))
    bench.queued()
    bench.login("ana")
    assert not bench.got(Originate)
    bench.feed(LinkChanged(bench.at, "ari", up=True))
    bench.feed(bench.pbx.resync(after_gap=True))
    assert bench.one(Originate).device == "PJSIP/ana"


def test_an_agent_no_longer_in_the_plan_goes_after_the_conversation() -> None:
    bench = Bench()
    leg = bench.talking()
    plan = make_plan()
    bench.feed(PlanLoaded(bench.at, replace(plan, agents={k: a for k, a in plan.agents.items() if k != "ana"})))
    assert bench.agent("ana").leaving
    bench.hang_up(leg)
    assert "ana" not in bench.state.agents
    bench.sleep(60)
    assert not bench.timers


def test_who_speaks_a_language_may_wait_otherwise_long() -> None:
    bench = Bench(with_queue(make_plan(), "billing", max_wait_by_language={EN: 12.0}))
    english, indonesian = bench.queued(language="2"), bench.queued()
    bench.sleep(12)
    assert bench.contact(english).queue == "general"
    assert bench.contact(indonesian).queue == "billing"
