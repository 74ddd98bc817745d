"""The clock was set while calls go on: every time in the state moves with it, so that no wait or talk gets longer.

What was measured moves by as much as the clock: it is as long ago as before. What was agreed on with people, or stands
in a calendar, stays: ten o'clock is ten o'clock. Must not know which clock, nor why it was set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.domain.commands import StartTimer
from acd.domain.copies import replace
from acd.domain.decision import AtNode, InLine, OfferMade, OfferOver, SentAway, Spoke
from acd.domain.flow_path import Consent, PathStep, SurveyAnswer
from acd.domain.ids import ContactId, TimerKey
from acd.domain.record import CallRecord, RecordingRow
from acd.engine.callback_state import Callback, LeftPlace
from acd.engine.earlier import Earlier
from acd.engine.kpi import Figures
from acd.engine.pace import Pace
from acd.engine.state import (
    Agent,
    Announced,
    Bucket,
    CallingBack,
    Contact,
    EngineState,
    FeatureCall,
    Free,
    Gone,
    InCall,
    InFallback,
    InIvr,
    LastAgent,
    Leaving,
    Links,
    Offer,
    Offered,
    OrderAnswer,
    Parting,
    Position,
    Promised,
    Question,
    RecordingWork,
    SkillChange,
    Talking,
    Timer,
    Told,
    Waiting,
    WrapUp,
)
from acd.engine.take_state import Take
from acd.engine.turn import Turn

TIMES: Mapping[type, tuple[str, ...]] = {
    Agent: ("presence_since", "logged_in_at"),
    Announced: ("at",),
    AtNode: ("at",),
    Bucket: ("at",),
    CallRecord: ("arrived_at", "answered_at", "queued_at", "connected_at", "ended_at", "talk_ended_at", "closed_at"),
    Callback: ("asked_at", "called_at"),
    CallingBack: ("since", "answered_at"),
    Consent: ("at",),
    Contact: ("arrived_at", "answered_at", "queued_at", "connected_at", "talk_ended_at", "regained"),
    Earlier: ("last_at",),
    FeatureCall: ("since",),
    Figures: ("since",),
    Free: ("since",),
    Gone: ("at",),
    InCall: ("since",),
    InFallback: ("since", "connected_at"),
    InIvr: ("since",),
    InLine: ("at",),
    LastAgent: ("at",),
    Leaving: ("since",),
    LeftPlace: ("since", "until"),
    Links: ("ari_lost_at",),
    Offer: ("since",),
    OfferMade: ("at",),
    OfferOver: ("at",),
    Offered: ("since", "idle_since"),
    OrderAnswer: ("at",),
    Pace: ("since", "departed_at"),
    Parting: ("since",),
    PathStep: ("at",),
    Promised: ("since", "outside_since"),
    Question: ("answer_by",),
    RecordingRow: ("started_at",),
    RecordingWork: ("started_at", "ended_at"),
    SentAway: ("at",),
    SkillChange: ("at",),
    Spoke: ("at",),
    SurveyAnswer: ("at",),
    Talking: ("since",),
    Timer: ("due",),
    Waiting: ("since", "named_until"),
    WrapUp: ("since", "until"),
}
"""What moves. ``tests/unit/engine/test_clock_shift.py`` goes through every value a state may hold."""
PARTS: Mapping[type, tuple[str, ...]] = {
    Agent: ("work",),
    CallRecord: ("consents", "answers", "path"),
    CallingBack: ("place",),
    Contact: ("phase", "consents", "answers", "path", "callback"),
    InFallback: ("was", "gone"),
    InIvr: ("position",),
    Parting: ("take",),
    Position: ("question", "take"),
    Promised: ("place",),
    Take: ("row",),
    Talking: ("after",),
    Told: ("estimates",),
    Waiting: ("position", "offers", "told"),
}
"""What holds values that move."""
KEPT: Mapping[str, tuple[str, ...]] = {"Callback": ("expires_at", "due_at"), "Closure": ("since", "until")}
"""Times of day that people agreed on."""
_TABLES = (
    "contacts",
    "agents",
    "feature_calls",
    "recordings",
    "last_agents",
    "earlier",
    "left_places",
    "skill_changes",
    "orders",
    "paces",
    "stories",
    "pbxs",
    "closed",
)
_BY_THE_CLOCK = {"scheduled", "closed"}
"""Why a promise waits for a time of day."""


def move(state: EngineState, by_s: float) -> None:
    """Move every time in a state that was measured."""
    state.clock_shifted += by_s
    for name in _TABLES:
        table = getattr(state, name)
        for key, value in table.items():
            table[key] = _moved(value, by_s)
    for key, timer in state.timers.items():
        if not _by_the_clock(state, key):
            state.timers[key] = _moved(timer, by_s)
    state.ended = {leg: at + by_s for leg, at in state.ended.items()}
    state.gates = {gate: tuple(at + by_s for at in times) for gate, times in state.gates.items()}
    state.figures, state.admitted = _moved(state.figures, by_s), _moved(state.admitted, by_s)
    state.ari_lost_at = _later(state.ari_lost_at, by_s)


def rearm(turn: Turn) -> None:
    """Have the timers run anew that end at a time of day; the others have as long to go as before."""
    for key, timer in turn.state.timers.items():
        if _by_the_clock(turn.state, key):
            turn.out.append(StartTimer(key, timer.generation, timer.due))


def _by_the_clock(state: EngineState, key: TimerKey) -> bool:
    kind, _, subject = key.partition(":")
    if kind == "expire":
        return True
    contact = state.contacts.get(ContactId(subject)) if kind == "back" else None
    return contact is not None and isinstance(contact.phase, Promised) and contact.phase.why in _BY_THE_CLOCK


def _moved(value: Any, by_s: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_moved(one, by_s) for one in value)
    changed: dict[str, Any] = {name: _later(getattr(value, name), by_s) for name in TIMES.get(type(value), ())}
    changed |= {name: _moved(getattr(value, name), by_s) for name in PARTS.get(type(value), ())}
    return replace(value, **changed) if changed else value


def _later(at: Any, by_s: float) -> Any:
    """0 and None are moments that never were."""
    return at + by_s if at else at
