"""A small call centre: one queue, one trunk, three agents, seven calls."""

from __future__ import annotations

from typing import Literal

from acd.domain.exits import Exit
from acd.domain.ids import AgentId, CalendarId, ContactId, FlowId, Language, NodeId, QueueId, TrunkId
from acd.domain.record import CallRecord
from acd.engine.calendar_views import CalendarView, ClosureView
from acd.engine.kpi import Figures, count, count_estimate, count_offer, count_recording
from acd.engine.view_shapes import (
    Activity,
    AgentView,
    ContactView,
    EngineView,
    IvrView,
    NewcomerView,
    QueueView,
    TrunkView,
)

QUEUE = QueueId("sales")
TARGET_S = 25.0


def a_record(exit_: Exit, wait: float | None = None) -> CallRecord:
    """Make the record of a call that waited ``wait`` seconds (None: never queued)."""
    answered = exit_ is Exit.ANSWERED
    queued = wait is not None
    return CallRecord(
        contact_id=ContactId("c1"),
        exit=exit_,
        access_code="169",
        trunk=TrunkId("e1"),
        caller="0217001234",
        arrived_at=1000.0,
        answered_at=1001.0,
        queued_at=1002.0 if queued else None,
        connected_at=1002.0 + (wait or 0) if answered else None,
        ended_at=1002.0 + (wait or 0) + (60 if answered else 0),
        queue=QUEUE if queued else None,
        agent=AgentId("agent101") if answered else None,
        language=Language("id"),
        flow=FlowId("main"),
        last_node=NodeId("n"),
        cause=16,
        sip_code=200,
        recording=None,
        offers=1,
        within_target=(answered and (wait or 0) <= TARGET_S) if queued else None,
        plan_version="abc123",
    )


def busy_figures() -> Figures:
    """Make figures of two answered, one abandoned, one short abandoned, one blocked, one closed, one self-service."""
    figures = Figures(since=500.0)
    for exit_, wait in (
        (Exit.ANSWERED, 4.0),
        (Exit.ANSWERED, 45.0),
        (Exit.ABANDONED, 30.0),
        (Exit.SHORT_ABANDONED, 2.0),
        (Exit.BLOCKED, None),
        (Exit.CLOSED, None),
        (Exit.SELF_SERVICE, None),
    ):
        figures = count(figures, a_record(exit_, wait), TARGET_S)
    for outcome in ("accepted", "accepted", "timed_out"):
        figures = count_offer(figures, outcome)
    for ok in (True, True, False):
        figures = count_recording(figures, ok=ok)
    for error, answered in ((-10.0, True), (50.0, True), (-200.0, False)):
        figures = count_estimate(figures, QUEUE, error, answered=answered)
    return figures


def an_agent(name: str, activity: Activity) -> AgentView:
    """Make an agent who does ``activity``."""
    return AgentView(
        id=AgentId(name),
        name=name.title(),
        device=f"PJSIP/{name}",
        presence="ready",
        pause_reason="",
        activity=activity,
        since=1900.0,
        phone_reachable=True,
        phone_busy=activity == "talking",
        skills=(("sales", 3),),
        contact_id=ContactId("c9") if activity == "talking" else None,
        contacts=2,
        missed=0,
    )


def a_view(figures: Figures) -> EngineView:
    """Make a view at 2000 s with these figures."""
    return EngineView(
        at=2000.0,
        plan_version="abc123",
        ari_up=True,
        ami_up=False,
        draining=False,
        agents=(an_agent("agent101", "talking"), an_agent("agent102", "idle"), an_agent("agent103", "idle")),
        contacts=(
            ContactView(
                id=ContactId("c9"),
                phase="talking",
                since=1950.0,
                arrived_at=1900.0,
                caller="•••••••234",
                access_code="169",
                trunk=TrunkId("e1"),
                language=Language("id"),
                node=NodeId("n"),
                queue=QUEUE,
                position=None,
                agent=AgentId("agent101"),
            ),
        ),
        queues=(
            QueueView(
                QUEUE,
                "Sales",
                waiting=2,
                longest_wait_s=12.5,
                agents_ready=2,
                agents_logged_in=3,
                newcomers=(
                    NewcomerView(Language("id"), 2, estimated_wait_s=95.0, estimate_confidence=0.3),
                    NewcomerView(Language("en"), 0, estimated_wait_s=None, estimate_confidence=None),
                ),
            ),
        ),
        trunks=(TrunkView(TrunkId("e1"), capacity=30, in_use=7, peak=30, blocked=1, up=True),),
        figures=figures,
        calendars=(a_calendar("kantor", "open"), a_calendar("loket", "closed")),
        ivr=IvrView(
            visits={"169 utama": 7, "169 nib": 2},
            tries={"169 utama invalid": 3, "169 utama timeout": 1},
            errors={"169 cabang": 1},
            refused={"169 gerbang rate": 4},
            consents={"169 pemberitahuan given": 6},
            answers={"169 survei csat 5": 2},
            exits={"169 utama ivr_exit": 2, "169 selesai self_service": 3, "169 q_umum answered": 5},
        ),
    )


def a_calendar(name: str, state: Literal["open", "closed"]) -> CalendarView:
    """Make a calendar, closed by a supervisor if closed."""
    closed = state == "closed"
    return CalendarView(
        CalendarId(name), "Asia/Jakarta", state, "closure" if closed else "hours", lunch=False, reason={}, message=None,
        opens_at=None if closed else 2000.0,
        closure=ClosureView(1990.0, "supervisor/rudi", "banjir", None, None) if closed else None,
    )  # fmt: skip
