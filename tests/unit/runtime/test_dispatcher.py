from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.domain.commands import (
    CancelTimer,
    HangUp,
    Originate,
    Reply,
    StartTimer,
    TelephonyCommand,
    WriteRecord,
)
from acd.domain.decision import Decision, Story
from acd.domain.errors import StoreError
from acd.domain.events import (
    CallArrived,
    Event,
    LegEnded,
    LinkChanged,
    PlanLoaded,
    RecordingChecked,
    SupervisorRequested,
    TimerFired,
)
from acd.domain.exits import Exit
from acd.domain.ids import (
    AgentId,
    CalendarId,
    ContactId,
    DispositionId,
    Language,
    LegId,
    QueueId,
    RecordingName,
    RequestId,
)
from acd.domain.orders import CloseCalendar, ReopenCalendar, ResetSkills, SetPriority
from acd.domain.plan import DispositionPlan
from acd.domain.record import CallRecord, DispositionRow
from acd.engine.state import Offered, Talking, Waiting
from acd.runtime import dispatcher as module
from acd.runtime.dispatcher import Codec, Dispatcher
from acd.store.codec import encode
from tests.callback_kit import callback_plan
from tests.engine_kit import GW, make_plan, with_queue
from tests.fakes.virtual_time import EPOCH, in_virtual_time
from tests.unit.runtime.world import CODEC, World


async def offered() -> World:
    """A caller waits, citra's phone rings."""
    world = World()
    await world.start()
    world.login("citra")
    world.call("c1")
    return world


def positions(trace: list[tuple[str, object]], wanted: Callable[[str, Any], bool]) -> list[int]:
    return [number for number, (what, thing) in enumerate(trace) if wanted(what, thing)]


# ---------------------------------------------------------------- one event at a time


@in_virtual_time
async def test_an_event_is_journaled_before_anything_is_done_because_of_it() -> None:
    world = await offered()
    arrived = positions(world.trace, lambda what, thing: what == "journaled" and isinstance(thing, CallArrived))
    done = positions(world.trace, lambda what, _: what == "executed")
    assert arrived
    assert done
    assert arrived[0] < min(done)


@in_virtual_time
async def test_an_event_born_of_a_command_waits_until_all_commands_are_carried_out() -> None:
    world = World()
    world.control.on_execute = lambda command: (
        world.hang_up(command.contact_id) if isinstance(command, Originate) else None
    )
    await world.start()
    world.login("citra")
    world.call("c1")
    seen = [what if what != "executed" else getattr(thing, "kind", "") for what, thing in world.trace]
    first = seen.index("originate")
    # Every command of the arrival, in the engine's order, and only then the caller's end.
    expected = ["originate", "create_bridge", "journaled", "hang_up", "destroy_bridge"]
    assert seen[first : first + 5] == expected
    assert world.state.contacts == {}


def first_decision(world: World) -> tuple[object, ...]:
    decision = next(item for item in world.records.writes if isinstance(item, Decision))
    passed = [(passed.reason, passed.count) for passed in decision.passed]
    return decision.contact_id, decision.agent, decision.candidates_count, passed, decision.behind_count


@in_virtual_time
async def test_an_offer_is_explained_a_moment_later_as_it_was_then() -> None:
    at_leisure = await offered()
    assert at_leisure.records.writes == []
    await asyncio.sleep(1)
    hurried = await offered()
    hurried.login("ani")
    hurried.call("c2")
    hurried.pick_up("acd-l-c1-1")
    assert hurried.records.writes == []
    await asyncio.sleep(1)
    assert first_decision(hurried) == first_decision(at_leisure)


@in_virtual_time
async def test_what_was_not_explained_yet_is_at_the_end() -> None:
    world = await offered()
    await world.dispatcher.close()
    assert any(isinstance(item, Decision) for item in world.records.writes)


@in_virtual_time
async def test_events_submitted_within_an_event_keep_their_order() -> None:
    world = World()

    def two_more(command: TelephonyCommand) -> None:
        if command.contact_id == "c1" and isinstance(command, Originate):
            world.call("c2")
            world.call("c3")

    world.control.on_execute = two_more
    await world.start()
    world.login("citra")
    world.call("c1")
    arrivals = [event.leg_id for event in world.journal.events if isinstance(event, CallArrived)]
    assert arrivals == ["c1", "c2", "c3"]


@in_virtual_time
async def test_a_command_that_fails_does_not_stop_the_others_nor_what_follows() -> None:
    world = World()

    def broken(command: TelephonyCommand) -> None:
        if isinstance(command, Originate):
            raise ValueError("defect")  # noqa: TRY004 - any error will do

    world.control.on_execute = broken
    await world.start()
    world.login("citra")
    with capture_logs() as logs:
        world.call("c1")
        world.call("c2")
    assert world.kinds()[:3] == ["originate", "create_bridge", "ring"]
    assert [(line["event"], line["command"]) for line in logs] == [("command_failed", "originate")]


@in_virtual_time
async def test_a_defect_of_the_engine_costs_one_event_only(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    await world.start()
    break_on(monkeypatch, world.dispatcher, "poison")
    with capture_logs() as logs:
        world.call("poison")
        world.call("c1")
    assert [line["event"] for line in logs] == ["event_failed"]
    assert list(world.state.contacts) == [ContactId("c1")]


def break_on(monkeypatch: pytest.MonkeyPatch, dispatcher: Dispatcher, leg: str) -> None:
    engine = dispatcher._engine
    sound = engine.handle

    def handle(event: Event) -> list[Any]:
        if isinstance(event, CallArrived) and event.leg_id == leg:
            raise KeyError(leg)
        return sound(event)

    monkeypatch.setattr(engine, "handle", handle)


@in_virtual_time
async def test_no_log_line_holds_a_callers_number() -> None:
    with capture_logs() as logs:
        world = await offered()
        world.hang_up("c1")
        world.hang_up("c1")
    assert "0811222333" not in str(logs)


@in_virtual_time
async def test_commands_before_there_is_a_way_to_asterisk_are_dropped() -> None:
    world = World()
    await world.dispatcher.recover(world.plan)
    world.call("c1")
    assert world.commands == []
    assert isinstance(world.state.contacts[ContactId("c1")].phase, Waiting)


# ---------------------------------------------------------------- timers, requests, recordings


@in_virtual_time
async def test_a_timer_runs_out_into_the_engine() -> None:
    world = await offered()
    await asyncio.sleep(16)
    fired = [event for event in world.journal.events if isinstance(event, TimerFired)]
    assert [(event.key, round(event.at - EPOCH, 3)) for event in fired[:2]] == [
        ("tone:c1", 0.2),
        ("ring:acd-l-c1-1", 15.0),
    ]
    assert HangUp(ContactId("c1"), LegId("acd-l-c1-1")) in world.commands


@in_virtual_time
async def test_an_agents_request_is_answered() -> None:
    world = World()
    await world.start()
    assert await world.dispatcher.request_agent(AgentId("ana"), "login") == (True, "")
    assert await world.dispatcher.request_agent(AgentId("ana"), "pause", "lunch") == (True, "")
    done, why = await world.dispatcher.request_agent(AgentId("ana"), "pause", "no such reason")
    assert (done, bool(why)) == (False, True)
    assert await world.dispatcher.request_agent(AgentId("nobody"), "login") == (False, "no such agent")


@in_virtual_time
async def test_a_request_the_engine_fails_on_is_refused_and_never_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    await world.start()
    monkeypatch.setattr(world.dispatcher._engine, "handle", lambda _event: 1 / 0)
    with capture_logs():
        done, why = await world.dispatcher.request_agent(AgentId("ana"), "login")
    assert not done
    assert "could not decide" in why


@in_virtual_time
async def test_a_request_before_a_plan_is_loaded_is_refused() -> None:
    done, _ = await World().dispatcher.request_agent(AgentId("ana"), "login")
    assert not done


async def talked() -> World:
    world = World(with_queue(make_plan(), "tech", record=True))
    await world.start()
    world.login("citra")
    world.call("c1")
    world.pick_up("acd-l-c1-1")
    await asyncio.sleep(7)
    return world


@in_virtual_time
async def test_a_recording_is_checked_and_its_row_kept() -> None:
    world = await talked()
    world.hang_up("c1")
    await asyncio.sleep(11)  # Asterisk never says that the recording is closed: the guard looks
    assert world.recordings.checks == [(RecordingName("c1"), 7.0)]
    assert [(row.name, row.talk_s, row.ok) for row in world.records.rows] == [("c1", 7.0, True)]


@in_virtual_time
async def test_a_check_that_breaks_is_logged_and_nothing_else_breaks() -> None:
    world = await talked()
    world.recordings.failure = RuntimeError("disk gone")
    world.hang_up("c1")
    with capture_logs() as logs:
        await asyncio.sleep(11)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["task_failed"]
    world.call("c2")
    assert ContactId("c2") in world.state.contacts


# ---------------------------------------------------------------- snapshots


@in_virtual_time
async def test_a_snapshot_is_kept_after_so_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 10)
    world = World()
    await world.start()  # four events
    for number in range(20):
        world.call(f"c{number}")
    await asyncio.sleep(0.01)  # while one is being made, none is begun
    assert [after for after, _ in world.journal.snapshots] == [10]
    world.call("c20")
    await asyncio.sleep(0.01)
    assert [after for after, _ in world.journal.snapshots] == [10, 25]


@in_virtual_time
async def test_events_of_earlier_lives_count_for_the_next_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 10)
    world = World()
    await world.start()
    for number in range(3):
        world.call(f"c{number}")
    await asyncio.sleep(0.01)
    assert world.journal.snapshots == []
    after = world.next_life()
    assert await after.start() == 7
    await asyncio.sleep(0.01)
    assert [after for after, _ in after.journal.snapshots] == [10]


@in_virtual_time
async def test_a_snapshot_is_of_the_moment_at_which_it_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 8)
    monkeypatch.setattr(module, "STRETCH_BYTES", 0)  # a turn of the loop for each piece
    monkeypatch.setattr(module, "BETWEEN_S", 0.0001)
    world = await offered()
    moments: dict[int, bytes] = {}
    for number in range(40):
        world.call(f"d{number}")
        moments[len(world.journal.events)] = encode(world.state)
        await asyncio.sleep(0.01)
        world.hang_up(f"d{number - 5}")
    assert len(world.journal.snapshots) >= 3
    known = [(after, state) for after, state in world.journal.snapshots if after in moments]
    assert known
    assert all(state == moments[after] for after, state in known)
    last, _ = world.journal.snapshots[-1]
    assert last < len(world.journal.events)
    again = world.next_life()
    await again.dispatcher.recover(again.plan)
    assert again.state.contacts == world.state.contacts
    await again.dispatcher.close()


@in_virtual_time
async def test_a_snapshot_being_made_gives_way_to_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 5)
    monkeypatch.setattr(module, "STRETCH_BYTES", 0)
    world = await offered()
    world.call("c2")
    await asyncio.sleep(0)
    world.dispatcher.snapshot()
    whole = len(world.journal.events)
    await asyncio.sleep(1)
    assert [after for after, _ in world.journal.snapshots] == [whole]
    world.call("c3")
    await world.dispatcher.close()
    assert [after for after, _ in world.journal.snapshots][-1] == len(world.journal.events)


@in_virtual_time
async def test_a_snapshot_waits_for_the_explanations_and_rows_of_the_events_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EXPLAIN_AFTER_S", 10.0)
    world = await offered()  # an offer, not yet explained
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 1)
    world.call("c2")
    world.records.refusing = True
    await asyncio.sleep(1)
    assert any(isinstance(item, Decision) for item in world.records.writes)
    assert world.journal.snapshots == []
    world.records.take_again()
    await asyncio.sleep(1)
    assert len(world.journal.snapshots) == 1


@in_virtual_time
async def test_what_breaks_one_snapshot_does_not_prevent_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 1)
    world = await offered()
    await asyncio.sleep(1)
    before = len(world.journal.snapshots)
    sound = world.dispatcher._codec
    world.dispatcher._codec = Codec(lambda _state: 1 / 0, CODEC.decode)  # type: ignore[arg-type, return-value]
    with capture_logs() as logs:
        world.call("c2")
        await asyncio.sleep(1)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["task_failed"]
    world.dispatcher._codec = sound
    world.call("c3")
    await asyncio.sleep(1)
    assert len(world.journal.snapshots) == before + 1


@in_virtual_time
async def test_no_snapshot_takes_the_place_of_events_whose_records_are_not_durable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 5)
    world = World()
    await world.start()
    world.records.refusing = True
    world.call("c1")
    world.hang_up("c1")
    for number in range(2, 10):
        world.call(f"c{number}")
    assert world.journal.snapshots == []
    world.records.take_again()
    world.call("c10")
    await asyncio.sleep(1)
    assert len(world.journal.snapshots) == 1


@in_virtual_time
async def test_a_snapshot_can_be_asked_for() -> None:
    world = await offered()
    world.dispatcher.snapshot()
    state = CODEC.decode(world.journal.snapshots[-1][1])
    assert state == world.state


@in_virtual_time
async def test_a_state_that_cannot_be_written_down_is_logged_and_lived_with() -> None:
    def refuse(_state: object) -> Iterator[bytes]:
        raise StoreError("cannot encode")

    world = World()
    world.dispatcher._codec = Codec(refuse, CODEC.decode)
    await world.start()
    with capture_logs() as logs:
        world.dispatcher.snapshot()
        world.dispatcher._begin_snapshot()
        await asyncio.sleep(0.01)
    assert [line["event"] for line in logs] == ["snapshot_failed", "snapshot_failed"]


# ---------------------------------------------------------------- recovery


@in_virtual_time
async def test_the_state_is_the_same_again_from_a_snapshot_and_the_events_after_it() -> None:
    world = await offered()
    world.dispatcher.snapshot()
    world.call("c2")
    world.pick_up("acd-l-c1-1")
    await asyncio.sleep(3)
    world.call("c3")
    before = world.state
    after = world.next_life()
    replayed = await after.start(up=False)
    assert replayed == 3
    assert isinstance(after.state.contacts[ContactId("c1")].phase, Talking)
    for part in ("contacts", "agents", "leases", "timers", "figures", "generation", "ended", "recordings"):
        assert getattr(after.state, part) == getattr(before, part), part


@in_virtual_time
async def test_records_are_written_again_and_stay_one_each() -> None:
    world = World()
    await world.start()
    world.call("c1")
    await asyncio.sleep(6)
    world.hang_up("c1")
    await asyncio.sleep(1)
    after = world.next_life()
    await after.start(up=False)
    assert [type(item) for item in world.records.writes] == [CallRecord, Story] * 2
    assert [(record.contact_id, record.exit) for record in after.records.calls] == [("c1", Exit.ABANDONED)]


@in_virtual_time
async def test_the_rows_of_recordings_are_written_again() -> None:
    world = await talked()
    world.hang_up("c1")
    await asyncio.sleep(11)
    after = world.next_life()
    await after.start(up=False)
    assert [row.name for row in after.records.rows] == ["c1", "c1"]


@in_virtual_time
async def test_a_disposition_said_after_the_record_is_written_now_and_again() -> None:
    way = DispositionPlan(DispositionId("solved"), "Solved")
    world = World(with_queue(make_plan(), "tech", wrap_up_s=30.0, dispositions={way.id: way}))
    await world.start()
    world.login("citra")
    world.call("c1")
    world.pick_up("acd-l-c1-1")
    world.hang_up("c1")
    assert await world.dispatcher.request_agent(AgentId("citra"), "disposition", disposition="solved") == (True, "")
    after = world.next_life()
    await after.start(up=False)
    rows = [item.disposition for item in world.records.writes if isinstance(item, DispositionRow)]
    assert rows == ["solved", "solved"]


@in_virtual_time
async def test_nothing_is_ordered_from_asterisk_while_events_are_replayed() -> None:
    world = await offered()
    after = world.next_life()
    await after.start(up=False)
    assert after.commands == []


@in_virtual_time
async def test_after_recovery_the_links_are_down_so_nobody_is_offered() -> None:
    world = World()
    await world.start()
    world.submit(LinkChanged(world.clock.now(), "ami", up=True))
    world.call("c1")
    after = world.next_life()
    await after.start(up=False)
    assert (after.state.ari_up, after.state.ami_up) == (False, False)
    after.login("citra")
    assert "originate" not in after.kinds()


@in_virtual_time
async def test_timers_are_those_of_the_state_and_wait_for_the_release() -> None:
    world = await offered()  # the ring timer is due 15 s from here
    after = world.next_life()
    await after.start(up=False)
    world.dispatcher._timers.close()
    await asyncio.sleep(20)
    assert not [event for event in after.journal.events if isinstance(event, TimerFired)]
    after.dispatcher.release_timers()
    await asyncio.sleep(1)
    fired = [event for event in after.journal.events if isinstance(event, TimerFired)]
    assert [(event.key, event.at - EPOCH) for event in fired] == [("tone:c1", 20.0), ("ring:acd-l-c1-1", 20.0)]


@in_virtual_time
async def test_a_timer_cancelled_before_the_crash_stays_cancelled() -> None:
    world = await offered()
    world.pick_up("acd-l-c1-1")
    after = world.next_life()
    await after.start()
    world.dispatcher._timers.close()
    await asyncio.sleep(60)
    assert not [event for event in after.journal.events if isinstance(event, TimerFired)]


@in_virtual_time
async def test_a_check_that_was_under_way_is_made_again() -> None:
    world = await talked()
    world.recordings.gate = asyncio.Event()
    world.hang_up("c1")
    await asyncio.sleep(11)
    after = world.next_life()
    await after.start(up=False)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert after.recordings.checks == [(RecordingName("c1"), 7.0)]
    assert [row.name for row in after.records.rows] == ["c1"]
    await world.dispatcher.close()


@in_virtual_time
async def test_the_plan_of_today_replaces_that_of_the_journal() -> None:
    world = World()
    await world.start()
    after = world.next_life()
    after.plan = make_plan(version="v2")
    await after.start(up=False)
    assert after.state.plan == after.plan
    assert [event.plan.version for event in after.journal.events if isinstance(event, PlanLoaded)] == ["v1", "v2"]


@in_virtual_time
async def test_an_event_the_engine_failed_on_does_not_keep_it_from_starting_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    await world.start()
    world.call("poison")
    world.call("c1")
    from acd.engine.core import Engine  # noqa: PLC0415 - broken from here on only

    sound = Engine.handle

    def handle(self: Engine, event: Event) -> list[Any]:
        if isinstance(event, CallArrived) and event.leg_id == "poison":
            raise KeyError("poison")
        return sound(self, event)

    monkeypatch.setattr(Engine, "handle", handle)
    after = world.next_life()
    with capture_logs() as logs:
        await after.start(up=False)
    assert [line["event"] for line in logs] == ["event_failed"]
    assert list(after.state.contacts) == [ContactId("c1")]


@in_virtual_time
async def test_an_offer_survives_a_restart_and_its_answer_connects() -> None:
    world = await offered()
    after = world.next_life()
    await after.start()
    assert isinstance(after.state.agents[AgentId("citra")].work, Offered)
    after.pick_up("acd-l-c1-1")
    assert isinstance(after.state.contacts[ContactId("c1")].phase, Talking)
    assert "add_to_bridge" in after.kinds()
    world.dispatcher._timers.close()


# ---------------------------------------------------------------- the end


@in_virtual_time
async def test_the_end_keeps_a_snapshot_so_that_nothing_need_be_replayed() -> None:
    world = await offered()
    await world.dispatcher.close()
    after = world.next_life()
    assert await after.start(up=False) == 0
    assert ContactId("c1") in after.state.contacts


@in_virtual_time
async def test_the_end_keeps_the_events_of_records_the_store_did_not_take() -> None:
    world = World()
    await world.start()
    world.call("c1")
    world.hang_up("c1")
    world.records.refusing = True
    await world.dispatcher.close()
    assert world.journal.snapshots == []
    assert world.clock.now() == EPOCH + module.LAST_RECORDS_S


@in_virtual_time
async def test_the_end_before_a_plan_keeps_nothing() -> None:
    world = World()
    await world.dispatcher.close()
    assert world.journal.snapshots == []
    assert world.dispatcher.view() is None


@in_virtual_time
async def test_after_the_end_no_timer_and_no_check_is_left() -> None:
    world = await talked()
    world.recordings.gate = asyncio.Event()
    world.hang_up("c1")
    await asyncio.sleep(11)
    world.call("c2")
    await world.dispatcher.close()
    known = len(world.journal.events)
    await asyncio.sleep(1000)
    assert len(world.journal.events) == known


@in_virtual_time
async def test_the_view_is_of_this_moment() -> None:
    world = await offered()
    await asyncio.sleep(4)
    view = world.dispatcher.view()
    assert view is not None
    assert (view.at, [contact.phase for contact in view.contacts]) == (EPOCH + 4, ["offered"])


@in_virtual_time
async def test_each_kind_of_command_finds_its_place() -> None:
    world = World()
    await world.start()
    timer = StartTimer("x:1", 1, EPOCH + 1)  # type: ignore[arg-type]
    world.dispatcher._carry_out(timer)
    world.dispatcher._carry_out(CancelTimer(timer.key))
    world.call("c1")
    world.hang_up("c1")
    assert [WriteRecord(record).kind for record in world.records.calls] == ["write_record"]
    world.dispatcher._carry_out(Reply(RequestId("nobody asked"), AgentId("ana"), ok=True))
    world.submit(RecordingChecked(world.clock.now(), RecordingName("none"), 0, 0.0, ok=False, problem="x"))
    world.call("c2")
    assert world.journal.events[-1] == CallArrived(world.clock.now(), LegId("c2"), f"{GW}-c2", "170", "0811222333")
    await asyncio.sleep(2)
    assert not [event for event in world.journal.events if isinstance(event, TimerFired)]


@in_virtual_time
async def test_an_order_is_journaled_with_its_supervisor_and_done_once_also_after_a_restart() -> None:
    world = World()
    await world.start()
    world.call("c1")
    order = SetPriority(ContactId("c1"), 500)
    assert await world.dispatcher.order(order, "supervisor/rudi", "x") == (True, "")
    assert world.journal.events[-1] == SupervisorRequested(
        world.clock.now(), RequestId("supervisor/rudi:x"), "supervisor/rudi", order
    )
    after = world.next_life()
    await after.start()
    assert await after.dispatcher.order(SetPriority(ContactId("c1"), 1), "supervisor/rudi", "x") == (True, "")
    waiting = after.state.contacts[ContactId("c1")].phase
    assert isinstance(waiting, Waiting)
    assert waiting.priority == 500
    assert await after.dispatcher.order(SetPriority(ContactId("c1"), 1), "supervisor/sri", "x") == (True, "")
    gone = ResetSkills(AgentId("nobody"))
    assert await after.dispatcher.order(gone, "supervisor/rudi") == (False, "no such agent")


@in_virtual_time
async def test_a_calendar_closed_by_order_is_journaled_and_stays_closed_after_a_restart() -> None:
    world = World()
    await world.start()
    close = CloseCalendar(CalendarId("office"), "banjir")
    assert await world.dispatcher.order(close, "supervisor/rudi") == (True, "")
    after = world.next_life()
    await after.start()
    seen = after.dispatcher.view()
    assert seen is not None
    assert [(c.id, c.state, c.by) for c in seen.calendars] == [("office", "closed", "closure")]
    assert await after.dispatcher.order(ReopenCalendar(CalendarId("office")), "supervisor/rudi") == (True, "")
    last = after.next_life()
    await last.start()
    seen = last.dispatcher.view()
    assert seen is not None
    assert seen.calendars[0].closure is None


@in_virtual_time
async def test_callbacks_are_asked_for_taken_back_and_their_rows_kept() -> None:
    world = World(callback_plan())
    await world.start()
    queue = QueueId("billing")
    contact, _ = await world.dispatcher.request_callback("0811222333", queue, Language("id"), None, None)
    assert contact is not None
    assert await world.dispatcher.request_callback("112", queue, None, None, None) == (
        None,
        "this number may not be called back",
    )
    world.login("budi")
    world.pick_up(f"acd-l-{contact}-1")
    assert await world.dispatcher.cancel_callback(contact) == (True, "")
    world.dispatcher.submit(LegEnded(world.clock.now(), LegId(f"acd-l-{contact}-c1"), 16))
    assert [type(row).__name__ for row in world.records.writes] == ["CallbackAttempt", "CallRecord"]
    assert (await world.dispatcher.cancel_callback(contact))[0] is False


@in_virtual_time
async def test_a_callback_the_engine_fails_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(callback_plan())
    await world.start()
    monkeypatch.setattr(world.dispatcher._engine, "handle", lambda _event: 1 / 0)
    with capture_logs():
        assert (await world.dispatcher.request_callback("0811", QueueId("billing"), None, None, None))[0] is None
        assert (await world.dispatcher.cancel_callback(ContactId("c")))[0] is False


@in_virtual_time
async def test_rows_of_outbound_calls_are_made_again_after_a_crash() -> None:
    world = World(callback_plan())
    await world.start()
    contact, _ = await world.dispatcher.request_callback("0811222333", QueueId("billing"), None, None, None)
    world.login("budi")
    world.pick_up(f"acd-l-{contact}-1")
    world.dispatcher.submit(LegEnded(world.clock.now(), LegId(f"acd-l-{contact}-c1"), 17))
    await asyncio.sleep(0.1)
    kept = list(world.records.writes)
    world.records.writes.clear()
    after = world.next_life()
    await after.start()
    assert kept
    assert sorted(after.records.writes, key=repr) == sorted(kept, key=repr)
