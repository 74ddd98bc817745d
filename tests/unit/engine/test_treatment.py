"""What a waiting caller hears, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.domain.calendar_plan import LunchPlan
from acd.domain.commands import AddToBridge, HangUp, Originate, Play, Spoken, StartMusic, StopMusic, StopPlay
from acd.domain.events import DigitPressed, LegAnswered, PlanLoaded, TimerFired
from acd.domain.exits import Exit
from acd.domain.flow import ExitKey, QueueNode
from acd.domain.ids import CalendarId, ContactId, LegId, PromptKey, QueueId, TimerKey
from acd.domain.plan import Plan, TreatmentPlan
from acd.engine import saying, treatment
from acd.engine.core import Engine
from acd.engine.pace import Pace
from acd.engine.state import EngineState, InIvr, Waiting
from acd.engine.treatment import spoken_wait
from acd.store.codec import decode, encode
from tests.engine_kit import EN, ID, MONDAY_10, Bench, make_plan, n, prompts, with_node, with_queue

BILLING = "billing billing:1 lang_id:1"
"""The line of the bench's callers."""


def plan_with(**treatment: Any) -> Plan:
    """Billing announces; first after 20 s, then every 30 s."""
    told = TreatmentPlan(**{"first_after_s": 20.0, "every_s": 30.0, **treatment})
    return with_queue(make_plan(), "billing", treatment=told, max_wait_s=None, max_length=None)


def bench_with(**treatment: Any) -> Bench:
    return Bench(plan_with(**treatment))


def pace_of(bench: Bench, every_s: float = 60.0) -> None:
    """Let the line have been served at a steady pace."""
    pace = Pace(since=bench.at - 20 * every_s)
    for number in range(20):
        at = bench.at - (20 - number) * every_s
        pace = pace.came(at).served(at + every_s)
    bench.state.paces[BILLING] = replace(pace, since=bench.at)


def waiting(bench: Bench, leg: LegId) -> Waiting:
    phase = bench.contact(leg).phase
    assert isinstance(phase, Waiting)
    return phase


# ---------------------------------------------------------------- what is announced


def test_the_place_is_announced_between_music_and_music() -> None:
    bench = bench_with(position=True)
    leg = bench.queued()
    assert not [c for c in bench.sleep(19.9) if isinstance(c, Play)]
    bench.sleep(0.1)
    assert [type(c) for c in bench.ordered] == [StopMusic, Play]
    assert bench.one(Play).prompts == saying.place(1, ID)
    assert bench.one(Play).language == ID
    assert [type(c) for c in bench.spoken(leg) if isinstance(c, StartMusic | Play)] == [StartMusic]


def test_the_place_is_the_true_one_among_those_of_the_same_requirement_and_is_said_in_their_language() -> None:
    bench = bench_with(position=True)
    bench.queued()
    bench.sleep(1)
    english = bench.queued(language="2")
    bench.sleep(1)
    third = bench.queued(endpoint="DAHDI/i1/3")
    told = {c.leg_id: c for c in bench.sleep(20) if isinstance(c, Play)}
    assert (told[english].prompts, told[english].language) == (saying.place(1, EN), EN)
    assert told[third].prompts == saying.place(2, ID)


def test_who_is_more_urgent_stands_before_others_who_came_earlier() -> None:
    plan = with_node(plan_with(position=True), QueueNode(n("q_tech"), QueueId("billing"), priority=5))
    bench = Bench(plan)
    first = bench.queued()
    bench.sleep(1)
    urgent = bench.queued("2")
    told = {c.leg_id: c.prompts for c in bench.sleep(20) if isinstance(c, Play)}
    assert told == {first: saying.place(2, ID), urgent: saying.place(1, ID)}


def test_nothing_is_said_again_while_nothing_changed_nor_when_the_place_got_worse() -> None:
    bench = bench_with(position=True)
    leg = bench.queued()
    bench.sleep(20)
    bench.spoken(leg)
    assert not [c for c in bench.sleep(100) if isinstance(c, Play | StopMusic)]
    urgent = with_node(bench.plan, QueueNode(n("q_tech"), QueueId("billing"), priority=5))
    bench.feed(PlanLoaded(bench.at, urgent))
    bench.queued("2")
    assert waiting(bench, leg).told.position == 1
    assert not [c for c in bench.sleep(15) if isinstance(c, Play) and c.leg_id == leg]


def test_a_place_that_came_nearer_is_said_at_the_next_time_to_speak() -> None:
    bench = bench_with(position=True)
    ahead = bench.queued()
    bench.sleep(1)
    leg = bench.queued()
    bench.sleep(20)
    assert bench.got(Play)[-1].prompts == saying.place(2, ID)
    bench.spoken(ahead)
    bench.spoken(leg)
    bench.hang_up(ahead)
    assert not [c for c in bench.sleep(29) if isinstance(c, Play)]
    bench.sleep(1)
    assert bench.one(Play).prompts == saying.place(1, ID)


def test_a_place_beyond_the_limit_is_not_said() -> None:
    bench = bench_with(position=True, at_most_positions=1)
    bench.queued()
    bench.sleep(1)
    second = bench.queued()
    assert [c.leg_id for c in bench.sleep(20) if isinstance(c, Play)] != []
    assert waiting(bench, second).told.position is None


def test_the_estimate_is_said_with_the_place_and_kept_to_be_scored() -> None:
    bench = bench_with(position=True, estimate=True)
    pace_of(bench, 100.0)
    leg = bench.queued()
    bench.sleep(20)
    # 20 departures in 2,000 s, and 20 s in which nobody was served.
    assert bench.one(Play).prompts == (*saying.place(1, ID), *saying.wait(120, "about", ID))
    (announced,) = waiting(bench, leg).told.estimates
    assert (announced.at, announced.queue) == (bench.at, "billing")
    assert announced.wait_s == pytest.approx(101, rel=0.01)


def test_without_enough_departures_no_wait_is_said() -> None:
    bench = bench_with(estimate=True)
    bench.queued()
    assert not [c for c in bench.sleep(200) if isinstance(c, Play)]


def test_an_estimate_is_said_again_only_when_it_sounds_otherwise() -> None:
    bench = bench_with(estimate=True)
    pace_of(bench, 115.0)
    leg = bench.queued()
    bench.sleep(20)
    assert bench.one(Play).prompts == saying.wait(120, "about", ID)
    bench.spoken(leg)
    assert not [c for c in bench.sleep(60) if isinstance(c, Play)]
    said = [c.prompts for c in bench.sleep(40) if isinstance(c, Play)]  # by now the line is slower
    assert said == [saying.wait(180, "about", ID)]
    assert len(waiting(bench, leg).told.estimates) == 2


@pytest.mark.parametrize(
    ("wait_s", "seconds", "bound"),
    [
        (5, 60, "less_than"),
        (59.9, 60, "less_than"),
        (60, 60, "about"),
        (61, 120, "about"),
        (1800, 1800, "about"),
        (1801, 1800, "more_than"),
    ],
)
def test_waits_are_rounded_up_within_what_the_queue_wants_to_say(
    wait_s: float, seconds: float, bound: saying.Bound
) -> None:
    assert spoken_wait(wait_s, TreatmentPlan(), ID) == saying.wait(seconds, bound, ID)


def test_comfort_messages_are_said_in_turn_when_nothing_is_new() -> None:
    bench = bench_with(position=True, comfort=prompts("calm", "thanks"))
    leg = bench.queued()
    said = []
    for seconds in (20, 30, 30, 30):
        said += [c.prompts for c in bench.sleep(seconds) if isinstance(c, Play)]
        bench.spoken(leg)
    assert said == [saying.place(1, ID), *map(prompts, ("calm", "thanks", "calm"))]


def test_a_language_without_words_hears_comfort_only() -> None:
    bench = bench_with(position=True, estimate=True, comfort=prompts("calm"))
    leg = bench.queued()
    contact = bench.contact(leg)
    bench.state.contacts[contact.id] = replace(contact, language="fr")  # type: ignore[arg-type]
    bench.sleep(20)
    assert bench.one(Play).prompts == prompts("calm")


def test_a_queue_that_announces_nothing_runs_no_timer() -> None:
    bench = Bench()
    leg = bench.queued()
    assert f"tell:{leg}" not in bench.timers


def test_who_is_not_answered_is_told_nothing() -> None:
    told = TreatmentPlan(position=True)
    bench = Bench(with_queue(make_plan(), "tech", treatment=told))
    leg = bench.call("170")
    assert f"tell:{leg}" not in bench.timers


def test_a_reload_that_ends_the_announcements_ends_the_timer() -> None:
    bench = bench_with(comfort=prompts("calm"))
    leg = bench.queued()
    for queues in (make_plan().queues, {}):
        bench.feed(PlanLoaded(bench.at, replace(bench.plan, queues=queues)))
        bench.sleep(30)
        assert not bench.got(Play)
        assert f"tell:{leg}" not in bench.timers


def test_announcements_beyond_the_last_one_scored_are_still_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treatment, "MOST_SCORED", 1)
    bench = bench_with(estimate=True)
    pace_of(bench, 100.0)
    leg = bench.queued()
    for seconds in (20, 600):
        bench.sleep(seconds)
        assert bench.got(Play)
        bench.spoken(leg)
    assert len(waiting(bench, leg).told.estimates) == 1


# ---------------------------------------------------------------- never in the way


def test_the_agents_phone_rings_while_the_caller_listens_and_the_answer_cuts_the_announcement() -> None:
    bench = bench_with(comfort=prompts("calm"))
    leg = bench.queued()
    bench.sleep(20)
    play = bench.one(Play)
    bench.login("ana")
    assert bench.one(Originate).device == "PJSIP/ana"
    assert not bench.got(StopPlay)
    bench.feed(LegAnswered(bench.at, bench.leg_of("ana")))
    assert [type(c) for c in bench.ordered][:2] == [StopPlay, AddToBridge]
    assert bench.one(StopPlay).playback_id == play.playback_id
    bench.settle()
    bench.sleep(100)
    assert not [c for commands in bench.history for c in commands if isinstance(c, StartMusic)][1:], (
        "music after the answer"
    )
    assert f"tell:{leg}" not in bench.timers


def test_nothing_is_begun_while_a_phone_rings_for_the_caller() -> None:
    bench = bench_with(comfort=prompts("calm"), first_after_s=3.0)
    bench.login("ana")
    bench.queued()
    assert bench.got(Originate)
    assert not [c for c in bench.sleep(14) if isinstance(c, Play)]
    # Nobody answers, nobody else is there: the caller goes on waiting and is told something when it is time again.
    bench.request("ana", "logout")
    assert [c.prompts for c in bench.sleep(30) if isinstance(c, Play)] == [prompts("calm")]


def test_two_announcements_never_overlap() -> None:
    bench = bench_with(comfort=prompts("calm"))
    leg = bench.queued()
    bench.sleep(20)
    assert not [c for c in bench.sleep(60) if isinstance(c, Play)]
    bench.spoken(leg)
    assert [c for c in bench.sleep(30) if isinstance(c, Play)]
    assert f"play:{leg}" in bench.timers


def test_an_announcement_whose_end_is_never_heard_of_gives_way_to_music() -> None:
    bench = bench_with(comfort=prompts("calm"))
    leg = bench.queued()
    bench.sleep(20)
    playback = bench.one(Play).playback_id
    bench.sleep(119)
    assert bench.ordered == []
    bench.sleep(1)
    # It is also time for the next one.
    assert [type(c) for c in bench.ordered] == [StopPlay, StartMusic, StopMusic, Play]
    assert bench.one(StopPlay) == StopPlay(ContactId(leg), playback)


def test_in_another_queue_the_time_runs_anew_and_the_place_is_told_again() -> None:
    told = TreatmentPlan(position=True, first_after_s=10.0)
    bench = Bench(with_queue(with_queue(make_plan(), "billing", treatment=told), "general", treatment=told))
    leg = bench.queued()
    bench.sleep(10)
    bench.spoken(leg)
    said = [c.prompts for c in bench.sleep(21) if isinstance(c, Play)]
    assert said == [prompts("en_overflow")]
    bench.spoken(leg)
    assert [c.prompts for c in bench.sleep(10) if isinstance(c, Play)] == [saying.place(1, ID)]


# ---------------------------------------------------------------- keys


def with_key(plan: Plan, digit: str = "1", to: str = "told") -> Plan:
    node = plan.flows["main"].nodes["q_bill"]  # type: ignore[index]
    assert isinstance(node, QueueNode)
    return with_node(plan, replace(node, keys=(ExitKey(digit, n(to)),)))


def test_an_exit_key_leads_out_of_the_queue_to_its_node() -> None:
    bench = Bench(with_key(plan_with(comfort=prompts("calm"))))
    leg = bench.queued()
    bench.press(leg, "1")
    assert [type(c) for c in bench.ordered] == [StopMusic, Play]
    assert bench.one(Play).prompts == prompts("nib_ok")
    contact = bench.contact(leg)
    assert isinstance(contact.phase, InIvr)
    assert (contact.queue, contact.queued_at) == ("billing", bench.at)
    assert not {f"tell:{leg}", f"wait:{leg}"} & set(bench.timers)
    bench.login("ana")
    assert not bench.got(Originate)
    bench.spoken(leg)
    assert bench.records[0].exit is Exit.SELF_SERVICE


def test_an_exit_key_cuts_an_announcement_and_silences_a_phone_that_rings() -> None:
    bench = Bench(with_key(plan_with(comfort=prompts("calm"))))
    leg = bench.queued()
    bench.sleep(20)
    speaking = bench.one(Play).playback_id
    bench.login("ana")
    ringing = bench.leg_of("ana")
    bench.press(leg, "1")
    assert bench.one(HangUp).leg_id == ringing
    assert bench.one(StopPlay).playback_id == speaking
    assert bench.one(Play).playback_id != speaking
    assert bench.state.figures.offers == {"rescinded": 1}
    assert bench.agent("ana").leg is None


def test_any_other_key_changes_nothing() -> None:
    bench = Bench(with_key(plan_with()))
    leg = bench.queued()
    before = bench.contact(leg)
    bench.feed(DigitPressed(bench.at, leg, "2"))
    assert bench.ordered == []
    assert bench.contact(leg) == before


def test_who_waits_keeps_the_keys_of_a_flow_that_a_reload_took_away() -> None:
    bench = Bench(with_key(plan_with()))
    leg = bench.queued()
    bench.feed(PlanLoaded(bench.at, replace(bench.plan, flows={})))
    bench.press(leg, "1")
    assert bench.one(Play).prompts == prompts("nib_ok")
    assert isinstance(bench.contact(leg).phase, InIvr)


# ---------------------------------------------------------------- restarts


def test_what_was_learnt_and_told_survives_a_restart_to_the_last_word() -> None:
    bench = bench_with(position=True, estimate=True, comfort=prompts("calm"))
    pace_of(bench, 100.0)
    ahead, leg = bench.queued(), bench.queued(endpoint="DAHDI/i1/1")
    bench.sleep(20)
    bench.spoken(leg)
    bench.spoken(ahead)
    bench.hang_up(ahead)
    kept = decode(EngineState, encode(bench.state))
    assert kept == bench.state
    successor = Engine(kept)
    timer = TimerKey(f"tell:{leg}")
    event = TimerFired(bench.timers[timer].due, timer, bench.timers[timer].generation)
    said = bench.feed(event)
    assert successor.handle(event) == said
    assert bench.one(Play).prompts == (*saying.place(1, ID), *saying.wait(120, "about", ID))
    assert successor.state == bench.state


# ---------------------------------------------------------------- lunch

LUNCH_AT = MONDAY_10 + 3600.0


def lunch_bench(at: float = LUNCH_AT, **treatment: Any) -> Bench:
    plan = plan_with(lunch=CalendarId("office"), **treatment)
    office = plan.calendars[CalendarId("office")]
    with_lunch = replace(office, lunch=LunchPlan(660, 780, PromptKey("lunch")))
    return Bench(replace(plan, calendars={office.id: with_lunch}), at=at)


def said(bench: Bench, seconds: float) -> list[tuple[PromptKey | Spoken, ...]]:
    return [c.prompts for c in bench.sleep(seconds) if isinstance(c, Play)]


def test_who_begins_to_wait_at_lunch_is_told_once_and_then_hears_what_everybody_hears() -> None:
    bench = lunch_bench(comfort=prompts("comfort"))
    leg = bench.queued()
    assert said(bench, treatment.LUNCH_S) == [prompts("lunch")]
    bench.spoken(leg)
    assert said(bench, 19.9) == []
    assert said(bench, 0.1) == [prompts("comfort")]
    bench.spoken(leg)
    assert said(bench, 30) == [prompts("comfort")]


def test_lunch_alone_is_worth_saying() -> None:
    bench = lunch_bench()
    leg = bench.queued()
    assert said(bench, treatment.LUNCH_S) == [prompts("lunch")]
    bench.spoken(leg)
    assert said(bench, 300) == []


def test_who_began_to_wait_before_lunch_is_not_told() -> None:
    bench = lunch_bench(LUNCH_AT - 10, comfort=prompts("comfort"))
    bench.queued()
    assert said(bench, 20) == [prompts("comfort")]


def test_who_goes_on_to_another_queue_is_not_told_again() -> None:
    bench = lunch_bench()
    told = bench.plan.queues[QueueId("billing")].treatment
    plan = with_queue(bench.plan, "general", treatment=told, max_wait_s=None)
    bench = Bench(with_queue(plan, "billing", max_wait_s=10.0), at=LUNCH_AT)
    leg = bench.queued()
    assert said(bench, 5) == [prompts("lunch")]
    bench.spoken(leg)
    assert prompts("lunch") not in said(bench, 30)
    assert waiting(bench, leg).queue == "general"


def test_who_is_about_to_be_answered_is_not_told() -> None:
    bench = lunch_bench()
    bench.login("ana")
    bench.queued()
    assert said(bench, 10) == []


def test_a_calendar_that_a_reload_took_away_or_that_knows_no_lunch_says_nothing() -> None:
    for calendars in ({}, make_plan().calendars):
        bench = lunch_bench()
        bench.queued()
        bench.feed(PlanLoaded(bench.at, replace(bench.plan, calendars=calendars)))
        assert said(bench, 60) == []
