"""The engine: one event in, commands out. Deterministic: the same events give the same commands, on every machine.

``Engine`` only knows which desk an event belongs to; the desks decide. All I/O is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

from acd.domain.commands import (
    Command,
    Ignored,
    StopPlay,
    WriteStory,
)
from acd.domain.copies import replace
from acd.domain.events import (
    AgentDialled,
    AgentRequested,
    CallArrived,
    CallbackCancelled,
    CallbackRequested,
    ClockShifted,
    CommandFailed,
    DataFetched,
    DigitPressed,
    DrainRequested,
    Event,
    FallbackSeen,
    LegAnswered,
    LegEnded,
    LegLeft,
    LinkChanged,
    PhoneChanged,
    PlanLoaded,
    PlaybackEnded,
    RecordingChecked,
    RecordingEnded,
    Resynced,
    SupervisorRequested,
    TalkingStarted,
    TimerFired,
    TrunkChanged,
    UnroutedEnded,
    VoicemailMarked,
)
from acd.domain.exits import Exit
from acd.domain.ids import OUR_LEG_PREFIX, AgentId, ContactId, LegId, PbxId, RecordingName
from acd.domain.plan import Plan
from acd.domain.record import CallRecord
from acd.engine import agent as agents
from acd.engine import (
    apart,
    arrival,
    callback_desk,
    callbacks,
    clock_shift,
    correcting,
    dictation,
    ending,
    estimate,
    fallback,
    flow_versions,
    ivr,
    kpi,
    left_places,
    legs,
    matching,
    offers,
    presence,
    relaxing,
    resync,
    story,
    supervising,
    treatment,
    trunks,
)
from acd.engine import queueing as queues
from acd.engine.account import Accountant, Explanation
from acd.engine.state import EngineState, InFallback, InIvr, Leaving, Position, TrunkState, Waiting
from acd.engine.turn import Turn

PoliciesFor = Callable[[Plan], matching.Policies]
"""Gives the policies a plan may name, an operator's own included. Asked when a plan is loaded."""


class Engine:
    """Holds the state and applies events to it."""

    def __init__(
        self,
        state: EngineState | None = None,
        policies: PoliciesFor = matching.standard,
        evaluate: ivr.Evaluator = ivr.no_evaluator,
    ) -> None:
        self._state = state if state is not None else EngineState()
        self._policies = policies
        self._evaluate = evaluate
        self.matcher = self._match(self._state.plan)
        self.turn: Turn | None = None
        """The latest event's work, for who explains it."""
        self._learnt = True
        self._accountant = Accountant(policies)
        self._unexplained: Event | None = None

    @property
    def state(self) -> EngineState:
        """Everything the engine knows, what the latest event taught included."""
        self.settle()
        return self._state

    def handle(self, event: Event) -> list[Command]:
        """Apply one event. Returns commands in the order to be carried out; never raises for an event's content."""
        self.settle()
        if isinstance(event, PlanLoaded):
            flow_versions.keep(self._state, event.plan)
            self._state.plan = supervising.in_force(self._state, event.plan, event.at)
            self.matcher = self._match(event.plan)
        if isinstance(event, ClockShifted):
            clock_shift.move(self._state, event.by_s)
            self.matcher = self._match(self._state.plan)
        self._unexplained = None
        if self._state.plan is None:
            self.turn = None
            return [Ignored(event.kind, "no plan is loaded")]
        self.turn = turn = Turn(self._state, self._state.plan, self.matcher, event.at, self._evaluate)
        self._learnt = False
        _dispatch(turn, event)
        arrival.leave_deserted(turn)
        self.matcher = turn.matcher
        self._unexplained = event
        return turn.out

    def _match(self, plan: Plan | None) -> matching.Matcher:
        return matching.Matcher(self._state, self._policies(plan) if plan is not None else matching.STANDARD)

    def settle(self) -> None:
        """Learn from the latest event what gives no command: to be called when its commands are out.

        Who forgets to call it changes nothing but the moment at which this is done.
        """
        if not self._learnt and self.turn is not None:
            self._learnt = True
            estimate.learn(self._state, self.turn.contacts_were, self.turn.at)

    def account(self) -> list[Explanation]:
        """Explain the latest event: to be asked once, after its commands were carried out and before the next event.

        Each explanation is worked out when it is called, of the event's own moment even if others passed since.
        """
        if self._unexplained is None or self.turn is None:
            return []
        event, self._unexplained = self._unexplained, None
        if isinstance(event, PlanLoaded):
            self._accountant.prepare(self.turn.plan)
        stories: list[Explanation] = [partial(WriteStory, told) for told in story.follow(self.turn, event)]
        return [*self._accountant.explain(self.turn, event.kind), *stories]


def _dispatch(turn: Turn, event: Event) -> None:
    match event:
        case CallArrived():
            fallback.arrived(turn, event)
        case LegAnswered():
            legs.answered(turn, event)
        case LegEnded():
            # Told before the first look at an Asterisk that came back: where the caller was by then is not known yet.
            legs.ended(turn, event, unseen=not turn.state.links(turn.plan.pbx_of(event.leg_id)).ari)
        case LegLeft():
            legs.left(turn, event)
        case DigitPressed():
            _digit(turn, event)
        case PlaybackEnded():
            if not legs.playback_over(turn, event.playback_id):
                turn.ignore(event, "playback is unknown or over")
        case TimerFired():
            _timer(turn, event)
        case AgentDialled():
            presence.dialled(turn, event)
        case AgentRequested():
            presence.requested(turn, event)
        case SupervisorRequested():
            supervising.ordered(turn, event)
        case PhoneChanged():
            _phone(turn, event)
        case TrunkChanged():
            _trunk(turn, event)
        case RecordingEnded() | RecordingChecked() | TalkingStarted() | VoicemailMarked():
            dictation.heard(turn, event)
        case CommandFailed():
            legs.failed(turn, event)
        case CallbackRequested():
            callbacks.requested(turn, event)
        case CallbackCancelled():
            callbacks.cancelled(turn, event)
        case DataFetched():
            _fetched(turn, event)
        case UnroutedEnded():
            _unrouted(turn, event)
        case FallbackSeen():
            fallback.seen(turn, event)
        case DrainRequested() | ClockShifted() | LinkChanged():
            _circumstance(turn, event)
        case Resynced():
            resync.resynced(turn, event)
        case PlanLoaded():
            _load(turn)
        case _:
            assert_never(event)


def _circumstance(turn: Turn, event: DrainRequested | ClockShifted | LinkChanged) -> None:
    match event:
        case DrainRequested():
            fallback.drain(turn, event)
        case ClockShifted():
            clock_shift.rearm(turn)
        case _:
            _link(turn, event)


def _load(turn: Turn) -> None:
    """Count for the plan's queues, trunks and agents, and use what the new plan makes possible."""
    state, plan = turn.state, turn.plan
    known = state.figures.queues
    fresh = {q.id: kpi.new_queue(q.service_level_s) for q in plan.queues.values() if q.id not in known}
    state.figures = replace(state.figures, since=state.figures.since or turn.at, queues={**known, **fresh})
    estimate.forget_queues(state, plan.queues)
    for trunk in plan.trunks:
        state.trunks.setdefault(trunk, TrunkState())
    presence.load_agents(turn)
    apart.loaded(turn)
    offers.offer_all(turn)


def _digit(turn: Turn, event: DigitPressed) -> None:
    contact = callback_desk.contact_at(turn, event.leg_id)
    if contact is not None and callback_desk.digit(turn, contact, event.digit):
        return None
    if contact is not None and isinstance(contact.phase, Waiting):
        if not arrival.key_while_waiting(turn, contact, contact.phase, event.digit):
            turn.ignore(event, "the queue's node says nothing of this key")
        return None
    if contact is None or not isinstance(contact.phase, InIvr):
        return turn.ignore(event, "nobody waits for keys here")
    position, actions = ivr.digit(arrival.scene(turn, contact), contact.phase.position, event.digit)
    if not actions:
        return turn.ignore(event, "nothing here takes a key now")
    return arrival.follow(turn, contact, (position, actions))


def _fetched(turn: Turn, event: DataFetched) -> None:
    contact = turn.contact(event.contact_id)
    if contact is not None and isinstance(contact.phase, InIvr):
        position = contact.phase.position
        if (asked := position.question) is not None and (asked.request, asked.onward) == (event.request_id, None):
            return arrival.follow(turn, contact, ivr.data_fetched(arrival.scene(turn, contact), position, event))
    return turn.ignore(event, "nobody waits for this answer")


def _timer(turn: Turn, event: TimerFired) -> None:
    timer = turn.state.timers.get(event.key)
    if timer is None or timer.generation != event.generation:
        return turn.ignore(event, "timer is stale")
    del turn.state.timers[event.key]
    kind, _, subject = event.key.partition(":")
    if kind == "rec":
        ending.check_recording(turn, RecordingName(subject))
        return None
    if kind == "ring":
        return legs.rang_out(turn, event, LegId(subject))
    if kind == "redial":
        return left_places.forget(turn)
    if kind == "apart":
        return apart.looked_at(turn, PbxId(subject))
    if kind == "lost":
        return apart.lost(turn, PbxId(subject))
    if kind in {"wrap", "rest"}:
        return _agent_timer(turn, kind, AgentId(subject))
    return _contact_timer(turn, event, kind, ContactId(subject), turn.at - timer.due)


def _agent_timer(turn: Turn, kind: str, agent_id: AgentId) -> None:
    if kind == "wrap":
        queues.changed(turn, agent_id, lambda agent: agents.wrapped_up(agent, turn.at))
    else:
        queues.changed(turn, agent_id, lambda agent: replace(agent, resting=False))


def _contact_timer(turn: Turn, event: TimerFired, kind: str, contact_id: ContactId, late_s: float) -> None:
    contact = turn.contact(contact_id)
    if contact is not None and kind in callback_desk.TIMERS and callback_desk.timer(turn, contact, kind):
        return
    match kind, contact.phase if contact is not None else None:
        case "ivr", InIvr(position=position) if contact is not None:
            arrival.follow(turn, contact, ivr.timeout(arrival.scene(turn, contact), position))
        case "play", (InIvr(position=Position(playback=playback)) | Waiting(playback=playback)) if playback is not None:
            turn.do(StopPlay(contact_id, playback))
            legs.playback_over(turn, playback)
        case "declined", Waiting() as waiting if contact is not None and not contact.away:
            arrival.declined(turn, contact, waiting)
        case "wait", Waiting() as waiting if contact is not None and not contact.away:
            arrival.waited_too_long(turn, contact, waiting)
        case "tell", Waiting() as waiting if contact is not None:
            treatment.tell(turn, contact, waiting)
        case "tone", Waiting() if contact is not None:
            treatment.tone(turn, contact)
        case "relax", Waiting() as waiting if contact is not None:
            offers.offer_contact(turn, relaxing.step(turn, contact, waiting))
        case "named", Waiting() as waiting if contact is not None:
            offers.offer_contact(turn, relaxing.widen(turn, contact, waiting))
        case "leave", Leaving() as leaving if contact is not None:
            ending.leave_again(turn, contact, leaving)
        case "fallback", InFallback() as fallen if contact is not None:
            fallback.time_up(turn, contact, fallen, late_s)
        case "left", _ if contact is not None:
            ending.caller_left(turn, contact)
        case _:
            turn.ignore(event, "timer is about something past")


def _phone(turn: Turn, event: PhoneChanged) -> None:
    presence.phone_changed(turn, event)
    apart.phone_changed(turn, event)


def _trunk(turn: Turn, event: TrunkChanged) -> None:
    trunk = trunks.trunk_of(turn.plan, event.endpoint + "-", event.pbx)
    if trunk is None:
        return turn.ignore(event, "no trunk has this endpoint")
    turn.state.trunks[trunk] = replace(turn.state.trunks.get(trunk, TrunkState()), up=event.up)
    return None


def _unrouted(turn: Turn, event: UnroutedEnded) -> None:
    """Make the record of a call that Asterisk served, or lost, without us."""
    if fallback.ended(turn, event):
        return None
    turn.state.leases.pop(event.leg_id, None)
    contact_id = ContactId(event.leg_id)
    ours = event.leg_id.startswith(OUR_LEG_PREFIX)
    first = turn.state.closed.get(event.leg_id)
    to_correct = first is not None and first.connected_at is None and contact_id not in turn.state.contacts
    known = contact_id in turn.state.contacts or event.leg_id in turn.state.ended or event.leg_id in turn.state.lost
    if ours or (known and not to_correct):
        return turn.ignore(event, "the call has or gets its record here")
    why = Exit.FALLBACK_ANSWERED if event.connected_at is not None else Exit.FALLBACK_ABANDONED
    if event.access_code not in turn.plan.access_codes:
        why = Exit.UNKNOWN_NUMBER
    record = CallRecord(
        contact_id=contact_id,
        exit=why,
        access_code=event.access_code,
        trunk=trunks.trunk_of(turn.plan, event.channel_name, turn.plan.pbx_of(event.leg_id)),
        caller=event.caller,
        arrived_at=event.arrived_at,
        answered_at=event.connected_at,
        queued_at=None,
        connected_at=event.connected_at,
        ended_at=event.at,
        queue=None,
        agent=None,
        language=None,
        flow=None,
        last_node=None,
        cause=event.cause,
        sip_code=event.sip_code,
        recording=None,
        offers=0,
        within_target=None,
        plan_version=turn.plan.version,
    )
    if to_correct:
        correcting.correct(turn, record, 0.0)
        del turn.state.closed[event.leg_id]
        return None
    return ending.keep(turn, record, 0.0)


def _link(turn: Turn, event: LinkChanged) -> None:
    links = turn.state.links(event.pbx)
    if event.link == "ari":
        lost_at = turn.at if links.ari and not event.up else links.ari_lost_at
        turn.state.put_links(event.pbx, replace(links, ari=event.up, ari_lost_at=lost_at))
        return apart.changed(turn, event.pbx, up=event.up)
    turn.state.put_links(event.pbx, replace(links, ami=event.up))
    apart.watch(turn, event.pbx)
    fallback.link_changed(turn, event.pbx)
    return None if event.up else presence.phones_unknown(turn, event.pbx)
