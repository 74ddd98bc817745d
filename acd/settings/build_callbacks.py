"""Turns the sections about callbacks into the engine's plan; like ``build``, only what holds no mistake."""

from __future__ import annotations

from acd.domain.callback_plan import CallbackLine, CallbackOffer, CallbackPlan, NumberPlan
from acd.domain.ids import CalendarId, PromptKey, TrunkId
from acd.settings import files, queue_file


def callbacks(section: files.CallbacksSection) -> CallbackPlan:
    """How customers are called back."""
    numbers, pauses = section.numbers, section.pauses
    return CallbackPlan(
        lines=tuple(CallbackLine(TrunkId(line.trunk), line.dial, line.reserve) for line in section.lines),
        numbers=NumberPlan(numbers.country_code, numbers.area_code or "", numbers.allow, numbers.deny),
        first=section.first,
        caller_id=section.caller_id or "",
        calendar=CalendarId(section.calendar) if section.calendar else None,
        ring_s=section.ring,
        confirm_key="" if section.confirm_key == "none" else section.confirm_key,
        confirm_s=section.confirm_timeout,
        confirm_tries=section.confirm_tries,
        attempts=section.attempts,
        busy_s=pauses.busy,
        no_answer_s=pauses.no_answer,
        failed_s=pauses.failed,
        expires_s=section.expires,
    )


def offer(section: queue_file.CallbackOfferSection) -> CallbackOffer:
    """How a queue offers to call back."""
    return CallbackOffer(
        key=section.key,
        from_position=section.from_position,
        announce_after_s=section.announce_after,
        announce_every_s=section.announce_every,
        prompt=PromptKey(section.prompt),
    )
