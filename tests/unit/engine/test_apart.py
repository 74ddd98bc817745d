"""Several Asterisks: each is known by itself, and one that is away costs nobody at the others anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

import pytest

from acd.domain.commands import Command, HangUp, Originate, TakeBack, TelephonyCommand
from acd.domain.events import (
    ENDED,
    CallArrived,
    CallbackRequested,
    FallbackSeen,
    LinkChanged,
    PhoneChanged,
    PlanLoaded,
    Resynced,
    TrunkChanged,
    UnroutedEnded,
)
from acd.domain.exits import Exit
from acd.domain.ids import AgentId, ContactId, LegId, PbxId, QueueId, RequestId, TrunkId
from acd.domain.limits import Limits, ToQueue
from acd.domain.plan import Plan
from acd.domain.record import CallRecord
from acd.engine import ending, estimate, kpi
from acd.engine.apart import SETTLED_S
from acd.engine.kpi import Figures
from acd.engine.matching.guards import guard
from acd.engine.pace import Pace
from acd.engine.state import EngineState, Free, InCall, InFallback, Offer, Offered, Talking, Waiting, WrapUp
from acd.engine.views import view
from acd.store.codec import decode, encode
from tests.callback_kit import callback_plan
from tests.engine_kit import Bench, make_plan, with_queue

A, B = PbxId("a"), PbxId("b")
AT_B = ("budi", "citra")
E1 = "DAHDI/i1"


def plan_of_two(plan: Plan | None = None) -> Plan:
    """The plan with a trunk and two agents at b, all else at a. Both have an E1 of that name."""
    plan = plan or make_plan()
    agents = {name: replace(agent, pbx=B if name in AT_B else A) for name, agent in plan.agents.items()}
    trunks = {name: replace(trunk, pbx=A) for name, trunk in plan.trunks.items()}
    e1 = trunks[TrunkId("e1")]
    trunks[TrunkId("e2")] = replace(e1, id=TrunkId("e2"), pbx=B)
    return replace(plan, agents=agents, trunks=trunks, pbxs=(A, B))


@dataclass
class Two(Bench):
    """A bench with two Asterisks, told apart by how the channels' ids begin."""

    def __post_init__(self) -> None:
        self.plan = plan_of_two(self.plan)
        self.down: set[PbxId] = set()
        self.feed(PlanLoaded(self.at, self.plan))
        for pbx in (A, B):
            self.links(pbx, up=True)

    def links(self, pbx: PbxId, *, up: bool) -> None:
        self.feed(LinkChanged(self.at, "ami", up=up, pbx=pbx))
        self.feed(LinkChanged(self.at, "ari", up=up, pbx=pbx))

    def _do(self, command: Command) -> None:
        lost = isinstance(command, get_args(TelephonyCommand)) and self.plan.pbx_of(command.contact_id) in self.down
        if not lost:
            super()._do(command)

    def at_b(self) -> LegId:
        """A caller who waits for billing at b; ``queued`` calls at a."""
        self.calls += 1
        leg = self.arrive(f"b-{self.calls}.1", E1)
        self.press(leg, "11")
        return leg

    def at_a(self) -> LegId:
        """Likewise at a."""
        self.calls += 1
        leg = self.arrive(f"a-{self.calls}.1", "PJSIP/gw")
        self.press(leg, "11")
        return leg

    def arrive(self, name: str, endpoint: str) -> LegId:
        leg = LegId(name)
        self.pbx.now = self.at
        channel = self.pbx.new_channel(leg, endpoint, extension="169", caller="0811222333")
        self.feed(CallArrived(self.at, leg, channel.name, "169", "0811222333"))
        return leg

    def seen(self, pbx: PbxId, *, after_gap: bool = True, started: str = "first") -> Resynced:
        """What there is at one of them."""
        self.pbx.now = self.at
        all_of_it = self.pbx.resync(after_gap=after_gap)
        return replace(
            all_of_it,
            channels=tuple(c for c in all_of_it.channels if self.plan.pbx_of(c.leg_id) == pbx),
            bridges=tuple(b for b in all_of_it.bridges if self.plan.pbx_of(b.bridge_id[len("acd-b-") :]) == pbx),
            pbx=pbx,
            asterisk_started=started,
        )

    def offers(self, leg: LegId) -> tuple[Offer, ...]:
        phase = self.contact(leg).phase
        return phase.offers if isinstance(phase, Waiting) else ()

    def lose(self, pbx: PbxId, *, dead: bool = True) -> None:
        """An Asterisk dies, or only the links to it."""
        self.down.add(pbx)
        if dead:
            self.pbx.connected = False
            for leg in [leg for leg in self.pbx.channels if self.plan.pbx_of(leg) == pbx]:
                self.pbx.end(leg)
            self.pbx.connected = True
        self.links(pbx, up=False)

    def back(self, pbx: PbxId, started: str = "first") -> list[Command]:
        """It is there again and was looked at."""
        self.down.discard(pbx)
        self.links(pbx, up=True)
        return self.feed(self.seen(pbx, started=started))

    def phone(self, agent: str, *, busy: bool) -> list[Command]:
        return self.feed(PhoneChanged(self.at, f"PJSIP/{agent}", reachable=True, busy=busy))


# ---------------------------------------------------------------- whose is what


def test_ids_tell_where_a_call_is_and_what_begins_with_no_name_is_at_the_first() -> None:
    plan = plan_of_two()
    assert [plan.pbx_of(name) for name in ("b-17.1", "acd-l-b-17.1-2", "a-3.4", "17.1", "c-1.1")] == [B, B, A, A, A]
    assert make_plan().pbx_of("b-17.1") == ""
    assert [plan.pbx_of_agent(AgentId(name)) for name in ("budi", "ana", "nobody")] == [B, A, ""]


def test_trunks_of_one_name_at_two_asterisks_are_two() -> None:
    bench = Two()
    there, here = bench.at_b(), bench.arrive("a-9.1", E1)
    assert bench.contact(there).trunk == "e2"
    assert bench.contact(here).trunk == "e1"
    bench.feed(TrunkChanged(bench.at, E1, up=False, pbx=B))
    assert {name: trunk.up for name, trunk in bench.state.trunks.items()} == {"gw": True, "e1": True, "e2": False}


def test_a_phone_at_another_asterisk_is_rung_through_it_and_joined_at_the_callers() -> None:
    bench = Two()
    bench.login("budi")
    leg = bench.at_a()
    (ring,) = [c for commands in bench.history for c in commands if isinstance(c, Originate)]
    assert (ring.device, ring.phone) == ("PJSIP/budi@acd-peer-b", "PJSIP/budi")
    bench.pick_up("budi")
    assert isinstance(bench.contact(leg).phase, Talking)
    bench.login("citra")
    own = bench.at_b()
    bench.login("ana")
    assert isinstance(bench.contact(own).phase, Waiting)
    (ring,) = [c for c in bench.out if isinstance(c, Originate)]
    assert (ring.device, ring.phone) == ("PJSIP/ana@acd-peer-a", "PJSIP/ana")


def test_at_its_own_asterisk_a_phone_is_rung_as_ever() -> None:
    bench = Two()
    bench.login("budi")
    bench.at_b()
    (ring,) = [c for commands in bench.history for c in commands if isinstance(c, Originate)]
    assert (ring.device, ring.phone) == ("PJSIP/budi", "")


def test_a_callback_goes_out_where_its_caller_came_in_and_one_by_request_where_the_first_line_is() -> None:
    plan = callback_plan()
    bench = Two(plan=plan)
    assert bench.plan.callbacks is not None
    bench.feed(CallbackRequested(bench.at, RequestId("r"), "08111222333", QueueId("billing")))
    (contact,) = bench.state.contacts.values()
    assert contact.id.startswith("a-callback-")
    nowhere = replace(bench.plan, callbacks=replace(bench.plan.callbacks, lines=()))
    bench.feed(PlanLoaded(bench.at, nowhere))
    bench.feed(CallbackRequested(bench.at, RequestId("s"), "08111222444", QueueId("billing")))
    assert [c.id.startswith("callback-") for c in bench.state.contacts.values()] == [False, True]
    at_b = {name: replace(trunk, pbx=B) for name, trunk in bench.plan.trunks.items()}
    bench.feed(PlanLoaded(bench.at, replace(bench.plan, trunks=at_b)))
    bench.login("budi")
    assert not bench.got(Originate), "the line goes out at b, the contact is at a"


def test_a_callback_by_request_goes_out_where_a_line_is_free_else_where_one_is_within_reach() -> None:
    bench = Two(plan=callback_plan())
    callbacks = bench.plan.callbacks
    assert callbacks is not None
    first = replace(callbacks.lines[0], reserve=0)
    lines = (first, replace(first, trunk=TrunkId("e2")))
    trunks = {**bench.plan.trunks, first.trunk: replace(bench.plan.trunks[first.trunk], capacity=1)}
    bench.feed(PlanLoaded(bench.at, replace(bench.plan, trunks=trunks, callbacks=replace(callbacks, lines=lines))))

    def asked(number: str) -> str:
        bench.feed(CallbackRequested(bench.at, RequestId(number), number, QueueId("billing")))
        return next(reversed(bench.state.contacts)).partition("-")[0]

    assert asked("08111222333") == A
    bench.state.leases[LegId("a-9.9")] = first.trunk
    assert asked("08111222334") == B, "the first line is full"
    bench.feed(TrunkChanged(bench.at, E1, up=False, pbx=B))
    assert asked("08111222335") == A, "none is free"
    bench.lose(A)
    assert asked("08111222336") == B, "none is free, and the first is out of reach"
    bench.lose(B)
    assert asked("08111222337") == A


# ---------------------------------------------------------------- one is away


def test_who_waits_at_the_others_is_served_and_who_waits_there_keeps_the_place() -> None:
    bench = Two()
    first = bench.at_a()
    second = bench.at_b()
    bench.lose(A, dead=False)
    assert (bench.contact(first).cut, bench.contact(second).cut) == (True, False)
    bench.login("budi")
    assert isinstance(bench.contact(second).phase, Waiting)
    assert bench.agent("budi").work == Offered(bench.at, ContactId(second), bench.at)
    bench.login("ana")  # at a: cannot be rung
    assert guard(bench.agent("ana")) == "the phone's Asterisk is away"
    assert not bench.got(Originate)
    bench.back(A)
    assert not bench.agent("ana").cut
    assert bench.agent("ana").work == Offered(bench.at, ContactId(first), bench.agent("ana").work.since)


def test_why_an_agent_whose_asterisk_is_away_was_not_asked_is_explained() -> None:
    bench = Two()
    bench.lose(B)
    bench.login("ana", "budi")
    bench.at_a()
    (decision,) = bench.decisions
    assert (decision.agent, decision.best) == ("ana", "ana"), "budi would have been the better one"
    assert ("phone_unreachable", ("budi",)) in [(passed.reason, passed.agents) for passed in decision.passed]


def test_a_second_phone_is_not_kept_for_who_cannot_be_served() -> None:
    plan = with_queue(make_plan(), "billing", ring=2)
    ana = plan.agents[AgentId("ana")]
    more = {AgentId(name): replace(ana, id=AgentId(name), device=f"PJSIP/{name}") for name in AT_B}
    bench = Two(plan=replace(plan, agents={**plan.agents, **more}))
    bench.login("budi")
    first = bench.at_a()
    bench.lose(A, dead=False)
    bench.login("citra")
    second = bench.at_b()
    spare = replace(ana, id=AgentId("eko"), device="PJSIP/eko", pbx=B)
    bench.plan = replace(bench.plan, agents={**bench.plan.agents, AgentId("eko"): spare})
    bench.feed(PlanLoaded(bench.at, bench.plan))
    bench.login("eko")
    ringing = {agent.id: agent.work for agent in bench.state.agents.values() if isinstance(agent.work, Offered)}
    rung_for = [f"{name} {work.contact}" for name, work in sorted(ringing.items())]
    assert rung_for == [f"budi {first}", f"citra {second}", f"eko {second}"]


def test_nobody_is_rung_for_who_cannot_be_had_whatever_is_looked_at() -> None:
    bench = Two()
    leg = bench.at_a()
    bench.lose(A, dead=False)
    bench.login("budi")
    assert not [c for c in bench.feed(bench.seen(B)) if isinstance(c, Originate)]
    assert isinstance(bench.contact(leg).phase, Waiting)
    assert [c.leg_id for c in bench.back(A) if isinstance(c, Originate)] == [f"acd-l-{leg}-1"]


def test_a_look_at_one_asterisk_leaves_the_others_ledgers_alone() -> None:
    bench = Two()
    stranger = bench.pbx.new_channel(LegId("b-7.7"), E1, extension="999")  # in the dialplan there, nobody of ours
    stranger.in_app = False
    bench.feed(bench.seen(B))
    bench.feed(bench.seen(A))
    assert bench.state.leases == {"b-7.7": "e2"}


def test_contacts_of_before_there_were_several_are_at_the_first_and_wait_for_it() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.feed(LinkChanged(bench.at, "ari", up=False))
    bench.feed(LinkChanged(bench.at, "ami", up=False))
    bench.feed(PlanLoaded(bench.at, plan_of_two()))
    bench.feed(LinkChanged(bench.at, "ari", up=True, pbx=B))
    bench.login("budi")
    assert bench.contact(leg).cut
    assert isinstance(bench.agent("budi").work, Free)
    bench.feed(LinkChanged(bench.at, "ari", up=True, pbx=A))
    bench.feed(replace(bench.pbx.resync(after_gap=True), pbx=A))
    assert bench.agent("budi").work == Offered(bench.at, ContactId(leg), bench.agent("budi").work.since)


def test_all_callers_of_an_asterisk_that_died_are_closed_with_the_cause_and_nobody_elses() -> None:
    bench = Two()
    bench.login("ana")
    talker = bench.at_a()
    bench.pick_up("ana")
    bench.login("budi")
    other = bench.at_b()
    bench.pick_up("budi")
    waiter = bench.at_a()
    assert isinstance(bench.contact(talker).phase, Talking)
    bench.feed(bench.seen(A))
    bench.lose(A)
    bench.sleep(3)
    assert bench.records == []
    bench.back(A, started="second")
    assert {(r.contact_id, r.exit, r.cause) for r in bench.records} == {
        (ContactId(talker), Exit.ANSWERED, 41),
        (ContactId(waiter), Exit.FAILED_TECHNICAL, 41),
    }
    assert {record.ended_at for record in bench.records} == {bench.at - 3}, "when it died, not when it was back"
    assert list(bench.state.leases) == [other]
    assert isinstance(bench.contact(other).phase, Talking)


def test_where_nothing_listens_any_more_the_calls_are_closed_before_it_is_back() -> None:
    """Nobody elsewhere is hung up for that: something else than Asterisk's death may refuse connections."""
    bench = Two()
    bench.login("budi", "ana")
    for pbx in (A, B):
        bench.feed(bench.seen(pbx))
    with_budi, with_ana = bench.at_a(), bench.at_b()
    for agent in ("budi", "ana"):
        bench.pick_up(agent)
        bench.phone(agent, busy=True)
    bench.lose(B)
    assert bench.records == []
    out = bench.feed(Resynced(bench.at, (), (), after_gap=True, asterisk_started=ENDED, pbx=B))
    assert [(r.contact_id, r.exit, r.cause) for r in bench.records] == [(ContactId(with_ana), Exit.ANSWERED, 41)]
    assert isinstance(bench.contact(with_budi).phase, Talking)
    assert f"acd-l-{with_budi}-1" not in [c.leg_id for c in out if isinstance(c, HangUp)]
    assert (bench.agent("ana").leg, dict(bench.state.leases)) == (None, {with_budi: "gw"})
    out = bench.back(B, started="second")
    assert f"acd-l-{with_budi}-1" in [c.leg_id for c in out if isinstance(c, HangUp)], "it did die"
    assert {(r.contact_id, r.exit, r.cause) for r in bench.records} == {
        (ContactId(with_ana), Exit.ANSWERED, 41),
        (ContactId(with_budi), Exit.ANSWERED, 16),
    }
    assert bench.agent("budi").leg is None


def test_an_asterisk_that_died_takes_the_legs_to_its_phones_with_it() -> None:
    """The others still believe in the way to it: nobody is at its end."""
    bench = Two()
    bench.feed(bench.seen(B))
    bench.login("budi")
    leg = bench.at_a()
    bench.pick_up("budi")
    bench.lose(B)
    assert isinstance(bench.contact(leg).phase, Talking), "perhaps only the links are away"
    out = bench.back(B, started="second")
    assert next(c.leg_id for c in out if isinstance(c, HangUp)) == f"acd-l-{leg}-1"
    assert [record.exit for record in bench.records] == [Exit.ANSWERED]
    assert bench.agent("budi").leg is None


def test_links_that_were_away_alone_cost_no_conversation_to_or_from_there() -> None:
    bench = Two()
    for pbx in (A, B):
        bench.feed(bench.seen(pbx))
    bench.login("budi", "ana")
    one, two = bench.at_a(), bench.at_b()
    bench.pick_up("budi")
    bench.pick_up("ana")
    for pbx in (B, A):
        for agent in ("ana", "budi"):  # as AMI tells anew when it is back
            bench.phone(agent, busy=True)
        bench.lose(pbx, dead=False)
        bench.sleep(SETTLED_S + 1)
        bench.back(pbx)
    assert bench.records == []
    assert all(isinstance(bench.contact(leg).phase, Talking) for leg in (one, two))


def test_an_agent_whose_caller_was_at_an_asterisk_that_died_is_free_once_the_phone_is() -> None:
    bench = Two()
    bench.login("budi")
    bench.at_a()
    bench.phone("budi", busy=True)
    bench.pick_up("budi")
    bench.lose(A)
    bench.sleep(SETTLED_S + 1)
    assert isinstance(bench.agent("budi").work, InCall)
    bench.feed(PhoneChanged(bench.at, "PJSIP/somebody", reachable=True, busy=False))
    bench.phone("budi", busy=False)
    assert isinstance(bench.agent("budi").work, WrapUp)
    assert bench.agent("budi").leg is None


def test_a_phone_that_had_been_hung_up_before_is_known_to_be_free_a_moment_later() -> None:
    bench = Two()
    bench.login("budi", "ana")
    bench.at_a()
    bench.pick_up("budi")  # and nothing was told of the phone being in use
    bench.lose(A)
    bench.sleep(SETTLED_S - 1)
    assert isinstance(bench.agent("budi").work, InCall)
    bench.sleep(2)
    assert isinstance(bench.agent("budi").work, WrapUp)


def test_an_agent_at_the_asterisk_that_is_away_is_not_judged_by_it() -> None:
    bench = Two()
    bench.login("ana")
    bench.at_a()
    bench.pick_up("ana")
    bench.lose(A, dead=False)
    bench.sleep(SETTLED_S + 1)
    assert isinstance(bench.agent("ana").work, InCall)
    bench.phone("ana", busy=False)
    assert isinstance(bench.agent("ana").work, InCall)


def test_without_the_other_asterisks_word_nothing_is_known_of_its_phones() -> None:
    bench = Two()
    bench.login("budi")
    bench.at_a()
    bench.pick_up("budi")
    bench.feed(LinkChanged(bench.at, "ami", up=False, pbx=B))
    bench.lose(A)
    bench.sleep(SETTLED_S + 1)
    assert isinstance(bench.agent("budi").work, InCall)


def test_a_phone_elsewhere_that_rings_in_vain_meanwhile_is_not_held_against_its_agent() -> None:
    bench = Two(plan=with_queue(make_plan(), "billing", ring_timeout_s=4.0))
    bench.login("budi")
    leg = bench.at_a()
    bench.phone("budi", busy=True)
    bench.lose(A)
    bench.sleep(SETTLED_S)
    assert isinstance(bench.agent("budi").work, Free)
    assert bench.agent("budi").missed == 0
    assert bench.state.figures.offers == {"rescinded": 1}
    bench.phone("budi", busy=False)
    assert bench.agent("budi").leg is None
    other = bench.at_b()
    assert bench.agent("budi").work == Offered(
        bench.at, ContactId(other), bench.agent("budi").work.since
    ) or isinstance(bench.contact(leg).phase, Waiting)


def test_phones_count_as_free_only_where_ami_is_away() -> None:
    bench = Two()
    for agent in ("ana", "budi"):
        bench.phone(agent, busy=True)
    bench.feed(LinkChanged(bench.at, "ami", up=False, pbx=A))
    assert (bench.agent("ana").busy, bench.agent("budi").busy) == (False, True)


# ---------------------------------------------------------------- one is out of reach for long


def cut_off(*, dead: bool = False) -> tuple[Two, LegId, LegId, LegId]:
    """B cannot be reached, nobody refuses anything.

    Gives who talks there (with ana, whose phone is at a), who waits there, and who talks at a with budi at b.
    """
    bench = Two()
    for pbx in (A, B):
        bench.feed(bench.seen(pbx))
    bench.login("ana")
    talker = bench.at_b()
    bench.pick_up("ana")
    bench.phone("ana", busy=True)
    bench.login("budi")
    across = bench.at_a()
    bench.pick_up("budi")
    waiter = bench.at_b()
    bench.at += 30
    bench.lose(B, dead=dead)
    return bench, talker, waiter, across


def test_an_asterisk_out_of_reach_for_long_counts_as_lost_and_its_calls_are_closed_as_of_then() -> None:
    bench, talker, waiter, across = cut_off()
    cut_at = bench.at
    bench.sleep(bench.plan.lost_after_s - 1)
    assert bench.records == []
    bench.sleep(2)
    assert {(r.contact_id, r.exit, r.cause, r.ended_at) for r in bench.records} == {
        (ContactId(talker), Exit.ANSWERED, 41, cut_at),
        (ContactId(waiter), Exit.FAILED_TECHNICAL, 41, cut_at),
    }
    assert isinstance(bench.contact(across).phase, Talking), "what the other Asterisk has goes on"
    assert list(bench.state.leases) == [across]
    assert bench.agent("ana").leg is None
    bench.phone("ana", busy=False)
    bench.sleep(60)
    other = bench.at_a()
    assert [offer.agent for offer in bench.offers(other)] == ["ana"]


def test_while_either_link_is_there_nothing_counts_as_lost() -> None:
    links: tuple[Literal["ari", "ami"], ...] = ("ari", "ami")
    for link in links:
        bench, *_ = cut_off()
        bench.sleep(bench.plan.lost_after_s - 1)
        bench.feed(LinkChanged(bench.at, link, up=True, pbx=B))
        bench.sleep(600)
        assert bench.records == []
        bench.feed(LinkChanged(bench.at, link, up=False, pbx=B))
        bench.sleep(bench.plan.lost_after_s + 1)
        assert len(bench.records) == 2, "the time began anew"


def test_an_engine_that_begins_gives_an_asterisk_the_whole_time_and_a_lost_one_is_lost_once() -> None:
    bench, *_ = cut_off()
    bench.sleep(bench.plan.lost_after_s - 1)
    bench.links(B, up=False)
    bench.sleep(bench.plan.lost_after_s - 1)
    assert bench.records == []
    bench.sleep(2)
    assert len(bench.records) == 2
    bench.links(B, up=False)
    assert "lost:b" not in bench.state.timers


def test_a_conversation_that_outlived_the_cut_goes_on_to_its_end_and_gets_no_second_record() -> None:
    bench, talker, waiter, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    figures = bench.state.figures.by_exit
    bench.pbx.end(waiter)
    out = bench.back(B)
    assert not [c for c in out if isinstance(c, HangUp)], "it was a false alarm"
    assert isinstance(bench.contact(talker).phase, Talking)
    assert bench.agent("ana").work == InCall(bench.at, ContactId(talker))
    assert talker in bench.state.leases
    bench.hang_up(talker)
    assert isinstance(bench.agent("ana").work, WrapUp)
    assert len(bench.records) == 2
    assert (bench.state.figures.by_exit, bench.state.lost) == (figures, {})
    bench.feed(bench.seen(B, after_gap=False))
    bench.feed(UnroutedEnded(bench.at, talker, f"{E1}/169-1", "169", "0811", bench.at - 9, None, 16))
    assert len(bench.records) == 2


def test_who_waited_on_in_its_own_queue_is_wanted_back_and_gets_no_second_record() -> None:
    bench, _, waiter, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.pbx.channels[waiter].in_app = False
    came = bench.at - 50
    bench.back(B)
    out = bench.feed(FallbackSeen(bench.at, waiter, f"{E1}/169-1", "169", "0811", came))
    assert [c.leg_id for c in out if isinstance(c, TakeBack)] == [waiter]
    bench.pbx.channels[waiter].in_app = True
    bench.feed(CallArrived(bench.at, waiter, f"{E1}/169-1", "169", "0811"))
    assert bench.contact(waiter).regained == came
    bench.hang_up(waiter)
    assert len(bench.records) == 2
    assert waiter not in bench.state.lost


def test_who_stayed_with_us_all_the_time_begins_anew() -> None:
    """Only without a dead man's timeout, or with one that is longer than it takes to count as lost."""
    bench, _, waiter, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    out = bench.back(B)
    assert waiter not in [c.leg_id for c in out if isinstance(c, HangUp)]
    assert bench.contact(waiter).arrived_at == bench.at
    bench.hang_up(waiter)
    assert len(bench.records) == 2


def corrected(bench: Two, leg: LegId) -> tuple[CallRecord, CallRecord]:
    """The record of a call that was closed, and the one that took its place."""
    (first,) = [record for record in bench.records if record.contact_id == ContactId(leg)]
    (last,) = [record for record in bench.corrections if record.contact_id == ContactId(leg)]
    assert (last.closed_as, last.closed_at) == (first.exit, first.ended_at)
    return first, last


def recounted(bench: Two) -> Figures:
    """Figures made anew from the records, as an auditor would."""
    records = {record.contact_id: record for record in (*bench.records, *bench.corrections)}
    figures = replace(Figures(), since=bench.state.figures.since)
    for record in records.values():
        target = bench.plan.queues[record.queue].service_level_s if record.queue is not None else 0.0
        figures = kpi.count(figures, record, target)
    return figures


def agree(bench: Two) -> None:
    """The figures are those of the records."""
    ours, theirs = bench.state.figures, recounted(bench)
    assert (ours.by_exit, ours.success_call_ratio) == (theirs.by_exit, theirs.success_call_ratio)
    assert ours.service_level == theirs.service_level
    for name, queue in theirs.queues.items():
        for counted in fields(queue):
            if counted.name not in {"diverted", "estimates"}:
                assert getattr(ours.queues[name], counted.name) == pytest.approx(getattr(queue, counted.name)), counted


def test_the_record_of_a_conversation_that_outlived_the_cut_tells_its_whole_length() -> None:
    bench, talker, _, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.back(B)
    bench.at += 100
    bench.hang_up(talker)
    first, last = corrected(bench, talker)
    assert (last.exit, last.ended_at, last.cause) == (Exit.ANSWERED, bench.at, 16)
    assert (last.connected_at, last.agent) == (first.connected_at, "ana")
    assert first.talk_s is not None
    assert last.talk_s is not None
    assert last.talk_s > first.talk_s + 100
    assert bench.state.closed == {LegId(r.contact_id): r for r in bench.records if LegId(r.contact_id) != talker}
    agree(bench)


def test_who_waited_through_the_cut_and_is_served_afterwards_was_served() -> None:
    bench, talker, waiter, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.back(B)
    assert bench.state.figures.by_exit[Exit.FAILED_TECHNICAL] == 1
    bench.press(waiter, "11")
    bench.hang_up(talker)
    bench.phone("ana", busy=False)
    bench.sleep(60)
    bench.pick_up("ana")
    bench.hang_up(waiter)
    first, last = corrected(bench, waiter)
    assert (first.exit, last.exit, last.agent) == (Exit.FAILED_TECHNICAL, Exit.ANSWERED, "ana")
    assert (last.arrived_at, last.queued_at) == (first.arrived_at, first.queued_at)
    assert last.within_target is False, "waited for all that time"
    assert last.offers > first.offers == 0
    assert bench.state.figures.by_exit[Exit.FAILED_TECHNICAL] == 0
    agree(bench)


def test_who_had_talked_and_gives_up_afterwards_has_talked_for_as_long_as_that_took() -> None:
    bench, talker, _, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    del bench.pbx.channels[LegId(f"acd-l-{talker}-1")]
    bench.back(B)
    bench.at += 60
    bench.hang_up(talker)
    first, last = corrected(bench, talker)
    assert (last.exit, last.talk_s, last.ended_at) == (Exit.ANSWERED, first.talk_s, bench.at)
    agree(bench)


def test_a_call_that_is_closed_twice_tells_of_the_first_time() -> None:
    bench, talker, _, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.back(B)
    bench.lose(B, dead=False)
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.back(B)
    bench.hang_up(talker)
    (first,) = [record for record in bench.records if LegId(record.contact_id) == talker]
    second, last = [record for record in bench.corrections if LegId(record.contact_id) == talker]
    assert second.closed_at == last.closed_at == first.ended_at
    assert second.ended_at < last.ended_at == bench.at
    agree(bench)


@pytest.mark.parametrize(("after_s", "exit_"), [(20.0, Exit.FALLBACK_ANSWERED), (None, Exit.FALLBACK_ABANDONED)])
def test_who_ended_in_the_queue_of_the_lost_asterisk_has_a_record_that_says_so(
    after_s: float | None, exit_: Exit
) -> None:
    """Its dialplan wrote that down, and AMI tells once it is back."""
    bench, _, waiter, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    served = None if after_s is None else bench.at - after_s
    bench.pbx.end(waiter)
    bench.back(B)
    told = UnroutedEnded(bench.at, waiter, f"{E1}/169-1", "169", "0811", bench.at - 90, served, 16)
    bench.feed(told)
    bench.feed(told)
    first, last = corrected(bench, waiter)
    assert (first.exit, last.exit, last.connected_at) == (Exit.FAILED_TECHNICAL, exit_, served)
    assert (last.queue, last.arrived_at) == (first.queue, first.arrived_at)
    agree(bench)


def test_who_was_in_a_menu_and_hangs_up_there_afterwards_left_from_there() -> None:
    bench, *_ = cut_off()
    bench.back(B)
    caller = bench.arrive("b-90.1", E1)
    bench.lose(B, dead=False)
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.back(B)
    bench.hang_up(caller)
    first, last = corrected(bench, caller)
    assert (first.exit, last.exit, last.within_target) == (Exit.FAILED_TECHNICAL, Exit.IVR_EXIT, None)
    agree(bench)


def test_a_record_of_a_version_that_did_not_remember_it_stays_as_it_is() -> None:
    bench, talker, _, _ = cut_off()
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.state.closed.clear()
    figures = bench.state.figures
    bench.back(B)
    bench.hang_up(talker)
    assert bench.corrections == []
    assert bench.state.figures.by_exit == figures.by_exit


def test_a_record_that_nothing_more_came_of_is_remembered_for_as_long_as_the_leg() -> None:
    bench, talker, waiter, _ = cut_off(dead=True)
    bench.sleep(bench.plan.lost_after_s + 1)
    bench.back(B, started="second")
    assert set(bench.state.closed) == {talker, waiter}
    bench.sleep(ending.ENDED_KEPT_S + 1)
    bench.login("ana")
    bench.hang_up(bench.at_a())
    assert bench.state.closed == {}
    assert bench.corrections == []


def test_of_a_lost_asterisk_that_had_died_nothing_is_served_again() -> None:
    bench, _, _, across = cut_off(dead=True)
    bench.sleep(bench.plan.lost_after_s + 1)
    assert len(bench.records) == 2
    out = bench.back(B, started="second")
    assert f"acd-l-{across}-1" in [c.leg_id for c in out if isinstance(c, HangUp)]
    assert bench.state.lost == {}
    assert {record.contact_id for record in bench.records} >= {ContactId(across)}


def test_who_ends_in_the_queue_of_a_lost_asterisk_is_closed_for_good_too() -> None:
    """AMI, which would have told what became of the caller there, is away with it."""
    bench, _, waiter, _ = cut_off()
    bench.links(B, up=True)
    bench.feed(fallen(bench, waiter))
    bench.links(B, up=False)
    bench.sleep(bench.plan.lost_after_s + 1)
    assert waiter in bench.state.lost
    assert len(bench.records) == 2
    bench.pbx.channels[waiter].in_app = False
    bench.back(B)
    bench.feed(fallen(bench, waiter))
    assert isinstance(bench.contact(waiter).phase, InFallback)


def test_agents_whose_asterisk_is_lost_are_nobody_who_could_serve_and_while_it_is_away_nobody_is_sent_off() -> None:
    limits = Limits(leave="logged_in", leave_to=ToQueue(QueueId("general")))
    plan = with_queue(make_plan(), "billing", max_wait_s=None, overflow_queue=None, limits=limits)
    bench = Two(plan=plan)
    bench.login("budi")  # at b
    bench.phone("budi", busy=True)
    leg = bench.at_a()
    bench.lose(B)
    bench.sleep(bench.plan.lost_after_s - 1)
    assert bench.contact(leg).queue == "billing"
    bench.sleep(2)
    assert bench.agent("budi").lost
    assert bench.contact(leg).queue == "general"
    bench.back(B, started="second")
    assert not bench.agent("budi").lost


def test_who_is_cut_off_stands_in_nobodys_way_in_what_is_estimated() -> None:
    bench = Two()
    at_b = bench.at_b()
    bench.at += 1
    at_a = bench.at_a()
    here, there = bench.contact(at_a), bench.contact(at_b)
    assert isinstance(here.phase, Waiting)
    assert isinstance(there.phase, Waiting)
    assert estimate.ahead(bench.state, here, here.phase) == 1
    line = estimate.line(here.phase)
    served = Pace().came(bench.at).came(bench.at)
    for _ in range(6):
        bench.at += 10
        served = served.came(bench.at).served(bench.at)
    bench.state.paces[line] = served
    asked = (QueueId("billing"), here.phase.requires, bench.at)
    before = estimate.newcomer(bench.state, *asked)
    bench.lose(B, dead=False)
    assert estimate.ahead(bench.state, bench.contact(at_a), here.phase) == 0
    assert estimate.ahead(bench.state, bench.contact(at_b), there.phase) == 0
    after = estimate.newcomer(bench.state, *asked)
    assert before is not None
    assert after is not None
    assert after.wait_s < before.wait_s


def test_who_is_cut_off_has_no_place_in_the_view_and_takes_none_of_the_others() -> None:
    bench = Two()
    at_b = bench.at_b()
    bench.at += 1
    at_a = bench.at_a()

    def seen() -> tuple[int | None, int | None, int]:
        shown = view(bench.state, bench.at)
        assert shown is not None
        places = {contact.id: contact.position for contact in shown.contacts}
        (billing,) = [queue for queue in shown.queues if queue.id == "billing"]
        behind = max(newcomer.ahead for newcomer in billing.newcomers)
        return places[ContactId(at_b)], places[ContactId(at_a)], behind

    assert seen() == (1, 2, 2)
    bench.lose(B, dead=False)
    assert seen() == (None, 1, 1)
    bench.back(B)
    assert seen() == (1, 2, 2)


def test_that_the_caller_ahead_was_cut_off_is_explained() -> None:
    bench = Two()
    bench.at_b()
    bench.at += 1
    bench.at_a()
    bench.lose(B, dead=False)
    bench.login("ana")
    (decision,) = bench.decisions
    assert [(ahead.reason, ahead.count) for ahead in decision.ahead] == [("cut_off", 1)]


# ---------------------------------------------------------------- Asterisk's own queue


def fallen(bench: Two, leg: str) -> FallbackSeen:
    return FallbackSeen(bench.at, LegId(leg), f"PJSIP/gw-{leg}", "169", "0811", bench.at)


def test_callers_are_wanted_back_from_where_both_links_are() -> None:
    bench = Two()
    bench.lose(A, dead=False)
    bench.feed(LinkChanged(bench.at, "ami", up=True, pbx=A))
    for leg in (LegId("a-1.1"), LegId("b-1.1")):
        bench.pbx.new_channel(leg, "PJSIP/gw").in_app = False
        bench.feed(fallen(bench, leg))
    assert isinstance(bench.contact(LegId("a-1.1")).phase, InFallback)
    assert [c.contact_id for c in bench.out if isinstance(c, TakeBack)] == ["b-1.1"]
    out = bench.back(A)
    assert [c.contact_id for c in out if isinstance(c, TakeBack)] == ["a-1.1"]


def test_a_look_at_one_asterisk_says_nothing_of_who_is_astray_at_another() -> None:
    bench = Two()
    leg = bench.at_b()
    contact = bench.contact(leg)
    waiting = contact.phase
    assert isinstance(waiting, Waiting)
    bench.pbx.channels[leg].in_app = False
    bench.feed(bench.seen(B))
    assert isinstance(bench.contact(leg).phase, InFallback)
    bench.at += 100
    bench.feed(bench.seen(A))
    assert isinstance(bench.contact(leg).phase, InFallback)


def test_a_call_that_asterisk_served_alone_is_counted_to_its_own_trunk() -> None:
    bench = Two()
    bench.feed(UnroutedEnded(bench.at, LegId("b-5.1"), f"{E1}/169-1", "169", "0811", bench.at - 9, None, 16))
    assert [record.trunk for record in bench.records] == ["e2"]


# ---------------------------------------------------------------- what is shown


def test_the_view_shows_the_links_of_each_and_a_trunk_whose_asterisk_is_away_as_down() -> None:
    bench = Two()
    bench.lose(B)
    seen = view(bench.state, bench.at)
    assert seen is not None
    assert [(pbx, links.ari, links.ami) for pbx, links in seen.pbxs] == [(A, True, True), (B, False, False)]
    assert {trunk.id: trunk.up for trunk in seen.trunks} == {"gw": True, "e1": True, "e2": False}
    assert Bench().state.pbxs == {}


def test_links_and_what_is_cut_off_are_kept_in_a_snapshot_and_older_ones_know_of_neither() -> None:
    bench = Two()
    bench.feed(bench.seen(B))
    leg = bench.at_b()
    bench.lose(B)
    kept = decode(EngineState, encode(bench.state))
    assert kept.pbxs == bench.state.pbxs
    assert kept.contacts[ContactId(leg)].cut
    older = json.loads(encode(Bench().state))
    del older["pbxs"], older["lost"], older["plan"]["lost_after_s"]
    for agent in older["agents"].values():
        del agent["cut"], agent["lost"]
    for section in ("agents", "trunks"):
        for one in older["plan"][section].values():
            del one["pbx"]
    del older["plan"]["pbxs"]
    single = decode(EngineState, json.dumps(older).encode())
    assert single == Bench().state
