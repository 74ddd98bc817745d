"""Callbacks from the operator's files, and what is wrong with them."""

from __future__ import annotations

import pytest

from acd.domain.callback_plan import CallbackLine, CallbackOffer, CallbackPlan, NumberPlan
from acd.domain.ids import CalendarId, PromptKey, QueueId, TrunkId
from acd.settings import load
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_loader import mistakes

LINE = '    - {trunk: e1, dial: "PJSIP/{number}@gw1", reserve: 5}'
OFFER = '    callback: {key: "1", from_position: 2, announce_after: 45s, announce_every: 2m}\n'


def test_the_sample_offers_callbacks_over_its_trunk_in_its_hours(sample: Deployment) -> None:
    plan = load(sample.config, sample.flows, {}, secrets=False).plan
    assert plan.callbacks == CallbackPlan(
        lines=(CallbackLine(TrunkId("e1"), "PJSIP/{number}@gw1", 5),),
        numbers=NumberPlan("62", "21", ("0.",), ("0800.", "0809.")),
        calendar=CalendarId("jam_layanan"),
        busy_s=300.0,
        no_answer_s=900.0,
        failed_s=120.0,
        expires_s=72 * 3600.0,
    )
    queue = plan.queues[QueueId("q_umum")]
    assert queue.callback == CallbackOffer("1", 2, 45.0, 120.0, PromptKey("callback_offer"))
    assert queue.redial_s == 300.0


def test_who_answers_may_be_asked_for_nothing_and_our_number_may_be_shown(sample: Deployment) -> None:
    sample.change("acd.yaml", '  confirm_key: "1"', "  caller_id: 1500169\n  confirm_key: none")
    callbacks = load(sample.config, sample.flows, {}, secrets=False).plan.callbacks
    assert callbacks is not None
    assert (callbacks.confirm_key, callbacks.caller_id) == ("", "1500169")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("acd.yaml", "trunk: e1, dial", "trunk: e9, dial", "callbacks.lines[0].trunk: unknown trunk 'e9'"),
        ("acd.yaml", "reserve: 5", "reserve: 30", "callbacks.lines[0].reserve: no callback could ever go out"),
        ("acd.yaml", "{number}@gw1", "@gw1", "callbacks.lines[0].dial: must be an endpoint with {number} or {e164}"),
        ("acd.yaml", LINE, "    []", "callbacks.lines: must not be empty"),
        ("acd.yaml", "calendar: jam_layanan", "calendar: jam", "callbacks.calendar: unknown calendar 'jam'"),
        ("acd.yaml", "allow: [0.]", "allow: [nol]", "callbacks.numbers.allow[0]: must be a pattern such as 08X."),
        ("trunks.yaml", "    contact: sip", "    # contact: sip", "this gateway has no `contact` in trunks.yaml"),
        ("queues.yaml", "announce_after: 45s, announce_every", "announce_every", "no effect without announce_after"),
        ("queues.yaml", "announce_every: 2m}", "prompt: offer}", "callback.prompt: unknown prompt 'offer'"),
    ],
)
def test_a_callback_that_could_not_be_made_is_a_mistake(
    sample: Deployment, file: str, old: str, new: str, message: str
) -> None:
    text = (sample.config / file).read_text(encoding="utf-8")
    assert old in text
    (sample.config / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    (told,) = mistakes(sample)
    assert message in told


def test_a_gateway_must_belong_to_the_trunk_whose_lines_are_counted(sample: Deployment) -> None:
    sample.change("trunks.yaml", "gateways:\n", "  e2: {capacity: 10, channel_prefixes: [DAHDI/i1]}\ngateways:\n")
    sample.change("acd.yaml", LINE, LINE.replace("e1", "e2"))
    (told,) = mistakes(sample)
    assert "callbacks.lines[0].dial: this gateway belongs to trunk 'e1'" in told


def test_a_board_in_the_machine_needs_no_gateway(sample: Deployment) -> None:
    sample.change("acd.yaml", LINE, "    - {trunk: e1, dial: 'DAHDI/i1/{number}'}")
    plan = load(sample.config, sample.flows, {}, secrets=False).plan
    assert plan.callbacks is not None
    assert [line.dial for line in plan.callbacks.lines] == ["DAHDI/i1/{number}"]


def test_an_offer_nobody_can_keep_and_a_prompt_that_is_missing_are_mistakes(sample: Deployment) -> None:
    text = (sample.config / "acd.yaml").read_text(encoding="utf-8")
    begin, end = text.index("callbacks:\n"), text.index("pause_reasons:")
    (sample.config / "acd.yaml").write_text(text[:begin] + text[end:], encoding="utf-8")
    told = [one for one in mistakes(sample) if one.startswith("queues.yaml")]
    assert len(told) == 6
    assert all("nobody can be called back: `callbacks` is missing in acd.yaml" in one for one in told)
    (sample.config / "acd.yaml").write_text(text, encoding="utf-8")
    prompts = (sample.flows / "prompts.yaml").read_text(encoding="utf-8")
    (sample.flows / "prompts.yaml").write_text(prompts.replace("  callback_noted:", "  noted:"), encoding="utf-8")
    (told_once,) = mistakes(sample)
    assert "callbacks: unknown prompt 'callback_noted'" in told_once
