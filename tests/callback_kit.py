"""A plan with callbacks, and a bench on which customers are called back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acd.domain.calendar_plan import CalendarPlan, OpeningHours
from acd.domain.callback_plan import CallbackLine, CallbackOffer, CallbackPlan, NumberPlan
from acd.domain.commands import Command
from acd.domain.ids import CalendarId, ContactId, LegId, QueueId, TrunkId, is_customer_leg
from acd.domain.plan import Plan
from acd.engine.state import CallingBack, Promised
from acd.engine.view_shapes import CallbackView
from acd.engine.views import view
from tests.engine_kit import Bench, make_plan

CALLING_HOURS = CalendarId("calling")
NUMBER = "0811222333"
KEY = "5"


def callback_plan(*, redial_s: float = 60.0, offer: CallbackOffer | None = None, **changes: Any) -> Plan:
    """Callbacks over the trunk ``gw`` of 3 SST, one of them kept for callers; closed from 10:03 to 10:06."""
    calling = CallbackPlan(
        lines=(CallbackLine(TrunkId("gw"), "PJSIP/{number}@gw", 1),),
        numbers=NumberPlan(area_code="21"),
        calendar=CALLING_HOURS,
        ring_s=20.0,
        confirm_s=4.0,
        attempts=2,
        busy_s=20.0,
        no_answer_s=30.0,
        failed_s=5.0,
        expires_s=600.0,
    )
    plan = make_plan(callbacks=replace(calling, **changes))
    offered = offer or CallbackOffer(key=KEY, announce_after_s=None)
    queues = {k: replace(q, callback=offered, redial_s=redial_s) for k, q in plan.queues.items()}
    hours = CalendarPlan(
        CALLING_HOURS,
        "Asia/Jakarta",
        tuple(OpeningHours(day, *span) for day in range(1, 8) for span in ((480, 603), (606, 1200))),
    )
    return replace(plan, queues=queues, calendars={**plan.calendars, CALLING_HOURS: hours})


class CallbackBench(Bench):
    """What callers who ask to be called back do, and what they see."""

    def ask(self, leg: LegId, keys: str = KEY + "1") -> list[Command]:
        """Press the key, confirm the number."""
        return self.press(leg, keys)

    def promised(self, digit: str = "1", **call: str) -> ContactId:
        """A caller who asked to be called back and hung up."""
        leg = self.queued(digit, **call)
        self.ask(leg)
        self.hang_up(leg)
        return ContactId(leg)

    def customer(self, contact: ContactId) -> LegId:
        """The leg by which a customer is being called."""
        (leg,) = (c for c in self.pbx.channels if is_customer_leg(c) and c.startswith(f"acd-l-{contact}-"))
        return leg

    def customer_answers(self, contact: ContactId) -> list[Command]:
        self.out = []
        self.pbx.now = self.at
        self.pbx.answer_phone(self.customer(contact))
        return self.settle()

    def customer_ends(self, contact: ContactId, cause: int = 16) -> list[Command]:
        return self.hang_up(self.customer(contact), cause)

    def confirmed(self, contact: ContactId) -> list[Command]:
        """The customer answers and presses the key."""
        self.customer_answers(contact)
        return self.press(self.customer(contact), "1")

    def held(self, contact: ContactId) -> Promised:
        phase = self.state.contacts[contact].phase
        assert isinstance(phase, Promised)
        return phase

    def calling(self, contact: ContactId) -> CallingBack:
        phase = self.state.contacts[contact].phase
        assert isinstance(phase, CallingBack)
        return phase

    def callbacks(self) -> tuple[CallbackView, ...]:
        seen = view(self.state, self.at)
        assert seen is not None
        return seen.callbacks


BILLING = QueueId("billing")
