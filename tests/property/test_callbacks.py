"""Callbacks under everything that can happen: they never overtake, never multiply, and end exactly once.

The machine of ``test_engine_machine`` with all its invariants, and customers who ask to be called back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from acd.domain.commands import Originate
from acd.domain.events import CallbackCancelled, CallbackRequested, DigitPressed
from acd.domain.ids import ContactId, Language, LegId, QueueId, RequestId, contact_of_leg, is_customer_leg
from acd.domain.plan import Plan
from acd.engine.hours import next_opening
from acd.engine.state import CallingBack, Contact, Waiting
from tests.callback_kit import CALLING_HOURS, KEY, callback_plan
from tests.fakes.perfect_pbx import Channel
from tests.property.test_engine_machine import EXAMPLES, CallCentre

NUMBERS = ("0811222331", "0811222332", "0217001234", "+62811222333", "anonymous")


def choices() -> list[Plan]:
    """Agent first; customer first and nothing asked of whoever answers; callbacks taken away."""
    plan = callback_plan()
    customer_first = replace(callback_plan(first="caller", confirm_key="", calendar=None), version="v2")
    return [plan, customer_first, replace(plan, version="v3", callbacks=None)]


class CallingBackCentre(CallCentre):
    """Customers are called back."""

    evening_s = 1500.0

    def __init__(self) -> None:
        super().__init__(choices())

    def number(self) -> str:
        return NUMBERS[self.bench.calls % len(NUMBERS)]

    # ------------------------------------------------------------ what customers do

    @precondition(lambda self: self.bench.pbx.connected)
    @rule(
        queue=st.sampled_from(["11", "12"]),
        keys=st.sampled_from([KEY + "1", KEY + "1", KEY + "1", KEY + "20811222339#1", KEY + "*", KEY + "2911#", KEY]),
        hangs_up=st.booleans(),
    )
    def caller_asks_to_be_called_back(self, queue: str, keys: str, hangs_up: bool) -> None:  # noqa: FBT001 - drawn
        bench = self.bench
        self.caller_arrives("169", "DAHDI/i1/169")
        leg = LegId(f"call{bench.calls}")
        for digit in queue + keys:
            self.deliver_all()
            channel = bench.pbx.channels.get(leg)
            if channel is not None and channel.in_app and bench.pbx.connected:
                bench.pbx.reports.append(DigitPressed(bench.at, leg, digit))
        self.deliver_all()
        if hangs_up and leg in bench.pbx.channels:
            bench.pbx.now = bench.at
            bench.pbx.end(leg, 16)
            self.flow()

    def _customers(self) -> list[Channel]:
        return [c for c in self.bench.pbx.channels.values() if is_customer_leg(c.id)]

    @precondition(lambda self: self._customers())
    @rule(data=st.data(), how=st.sampled_from([0, 0, 0, 0, 17, 19, 21, 1, 38]))
    def customer_reacts(self, data: st.DataObject, how: int) -> None:
        channel = data.draw(st.sampled_from(self._customers()))
        self.bench.pbx.now = self.bench.at
        if how:
            self.bench.pbx.end(channel.id, how)
        elif not channel.up:
            self.bench.pbx.answer_phone(channel.id)
        self.flow()

    @precondition(lambda self: any(c.up for c in self._customers()))
    @rule(data=st.data(), key=st.sampled_from("11112"))
    def customer_presses(self, data: st.DataObject, key: str) -> None:
        channel = data.draw(st.sampled_from([c for c in self._customers() if c.up]))
        if self.bench.pbx.connected:
            self.bench.pbx.reports.append(DigitPressed(self.bench.at, channel.id, key))
        self.flow()

    @precondition(lambda self: self.bench.pbx.connected and self.bench.state.callbacks)
    @rule(how=st.sampled_from([0, 0, 0, 0, 17, 19, 38]), key=st.sampled_from("1112"), rounds=st.integers(1, 3))
    def callbacks_are_made(self, how: int, key: str, rounds: int) -> None:
        """The beginning of a whole callback, or several attempts at it, so that conversations are not rare."""
        bench = self.bench
        for agent in ("ana", "budi", "citra", "dewi"):
            self.agent_asks(agent, "login", "", "")
            self.agent_asks(agent, "end_wrap_up", "", "")
        for _ in range(rounds):
            self.deliver_all()
            for channel in self._phones(up=False):
                bench.pbx.now = bench.at
                bench.pbx.answer_phone(channel.id)
            self.deliver_all()
            for channel in self._customers():
                bench.pbx.now = bench.at
                if how:
                    bench.pbx.end(channel.id, how)
                elif not channel.up:
                    bench.pbx.answer_phone(channel.id)
                    bench.pbx.reports.append(DigitPressed(bench.at, channel.id, key))
            self.deliver_all()
            self.time_passes(6.0 if how == 0 else 31.0, prompt=True)

    @rule(
        number=st.sampled_from([*NUMBERS, "112"]),
        queue=st.sampled_from(["billing", "tech", "nowhere"]),
        window=st.sampled_from([None, (0.0, 5.0), (30.0, 200.0), (60.0, 50.0)]),
    )
    def somebody_wants_a_customer_called(self, number: str, queue: str, window: tuple[float, float] | None) -> None:
        at = self.bench.at
        since, until = (None, None) if window is None else (at + window[0], at + window[1])
        self.requests += 1
        asked = CallbackRequested(
            at, RequestId(f"r{self.requests}"), number, QueueId(queue), Language("id"), since, until
        )
        self.step(asked)
        self.arrived.update(map(LegId, self.bench.state.contacts))
        self.flow()

    @precondition(lambda self: self.bench.state.callbacks)
    @rule(data=st.data())
    def somebody_takes_a_callback_back(self, data: st.DataObject) -> None:
        contact = data.draw(st.sampled_from(sorted(self.bench.state.callbacks.values())))
        self.requests += 1
        self.step(CallbackCancelled(self.bench.at, RequestId(f"r{self.requests}"), contact))
        self.flow()

    # ------------------------------------------------------------ what always holds

    def check_outbound(self, call: Originate, before: dict[ContactId, Contact]) -> None:
        """Called only in the opening hours, with SST to spare, and in turn."""
        bench, plan = self.bench, self.bench.plan
        contact = bench.state.contacts[call.contact_id]
        calling, line = contact.phase, plan.callbacks
        assert line is not None, "called back without a way to"
        if line.calendar is not None:
            assert next_opening(plan.calendars[CALLING_HOURS], bench.at) == bench.at, "called outside the hours"
        (out,) = line.lines
        held = list(bench.state.leases.values()).count(out.trunk)
        if isinstance(calling, CallingBack):
            assert plan.trunks[out.trunk].capacity - (held - 1) > out.reserve, "no SST is left for callers"
            if calling.agent_leg is None and calling.agent is not None:
                self.check_place(contact, calling.place, before)

    @invariant()
    def no_customer_is_called_twice_at_once(self) -> None:
        ringing = Counter(contact_of_leg(channel.id) for channel in self._customers())
        assert not ringing or max(ringing.values()) == 1, "two outbound calls to one customer"

    @invariant()
    def one_promise_for_a_number_and_queue(self) -> None:
        state = self.bench.state
        promised = [
            (c.callback.queue, c.callback.number)
            for c in state.contacts.values()
            if c.callback is not None
            and (c.away or isinstance(c.phase, CallingBack))
            and not (isinstance(c.phase, CallingBack) and c.phase.outcome == "cancelled")
        ]
        assert len(promised) == len(set(promised)), "a customer is promised two calls"
        for key, contact in state.callbacks.items():
            promise = state.contacts[contact].callback
            assert promise is not None
            assert key == f"{promise.queue}|{promise.number}"

    @invariant()
    def who_is_away_has_no_channel(self) -> None:
        state, pbx = self.bench.state, self.bench.pbx
        for contact in state.contacts.values():
            if contact.away:
                assert contact.line is None
                assert contact.callback is not None
                assert not isinstance(contact.phase, Waiting) or not contact.phase.playback
        if self.smooth and not pbx.reports:
            away = {c.id for c in state.contacts.values() if c.away}
            assert not away & {contact_of_leg(c.id) for c in self._customers()}


TestCallbacks = CallingBackCentre.TestCase
TestCallbacks.settings = settings(
    max_examples=EXAMPLES or 150,
    stateful_step_count=150 if EXAMPLES else 60,
    deadline=None,
    derandomize=not EXAMPLES,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
