"""What waiting callers are told, from the operator's files."""

from __future__ import annotations

import pytest

from acd.domain.flow import ExitKey, QueueNode
from acd.domain.ids import CalendarId, FlowId, NodeId, PromptKey, QueueId
from acd.domain.plan import TreatmentPlan
from acd.settings import load
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_loader import mistakes

UMUM = (
    "    announce: {position: true, estimate: true, lunch: jam_layanan, comfort: [comfort_channels, comfort_thanks]}\n"
)
"""As it stands in the sample's queue for everybody."""


def test_what_waiting_callers_are_told_comes_from_the_queue(sample: Deployment) -> None:
    announce = (
        "{position: true, estimate: true, at_most_positions: 9, estimate_at_least: 2m, estimate_at_most: 10m, "
        "estimate_step: 30s, comfort: [comfort_thanks], first_after: 5s, every: 20s, lunch: jam_layanan}"
    )
    sample.change("queues.yaml", UMUM, f"    announce: {announce}\n")
    told = load(sample.config, sample.flows, {}, secrets=False).plan.queues[QueueId("q_umum")].treatment
    assert told == TreatmentPlan(
        position=True,
        estimate=True,
        comfort=(PromptKey("comfort_thanks"),),
        first_after_s=5.0,
        every_s=20.0,
        at_most_positions=9,
        estimate_at_least_s=120.0,
        estimate_at_most_s=600.0,
        estimate_step_s=30.0,
        lunch=CalendarId("jam_layanan"),
    )


def test_a_queue_without_announcements_says_nothing(sample: Deployment) -> None:
    sample.change("queues.yaml", UMUM, "")
    assert not load(sample.config, sample.flows, {}, secrets=False).plan.queues[QueueId("q_umum")].treatment.speaks


@pytest.mark.parametrize(
    ("announce", "message"),
    [
        ("{comfort: [thank_you]}", "announce.comfort[0]: unknown prompt 'thank_you'"),
        ("{estimate_at_least: 3m, estimate_at_most: 2m}", "announce.estimate_at_least: is more than estimate_at_most"),
        ("{lunch: jam_kantor}", "announce.lunch: unknown calendar 'jam_kantor'"),
        ("{lunch: selalu_buka}", "announce.lunch: calendar 'selalu_buka' has no lunch"),
        ("{every: 0s}", "announce.every: must be more than 0"),
        ("{at_most_positions: 1000}", "announce.at_most_positions: must be at most 999, not '1000'"),
    ],
)
def test_announcements_that_cannot_be_made_are_mistakes(sample: Deployment, announce: str, message: str) -> None:
    sample.change("queues.yaml", UMUM, f"    announce: {announce}\n")
    (told,) = mistakes(sample)
    assert f"queues.q_umum.{message}" in told


def test_numbers_need_a_language_that_has_words_for_them(sample: Deployment) -> None:
    sample.change("acd.yaml", "  en: {name", "  fr: {name: Francais, voice: fr}\n  en: {name")
    told = [m for m in mistakes(sample) if "numbers can be said" in m]
    assert len(told) == 12  # position and estimate of six queues
    assert "queues.q_umum.announce.position: numbers can be said in id and en only, not in fr" in told[-2]


def test_every_number_has_a_prompt_and_a_text_of_the_operators_own_takes_its_place(sample: Deployment) -> None:
    sample.append("prompts.yaml", "  say_7:\n    id: Tujuh!\n")
    texts = load(sample.config, sample.flows, {}, secrets=False).prompts.texts
    assert texts[PromptKey("say_7")] == {"id": "Tujuh!", "en": "seven"}
    assert {PromptKey("say_minutes"), PromptKey("say_900"), PromptKey("say_wait")} <= set(texts)


def test_keys_of_a_waiting_caller_lead_to_nodes_of_the_flow(sample: Deployment) -> None:
    plan = load(sample.config, sample.flows, {}, secrets=False).plan
    node = plan.flows[FlowId("169")].nodes[NodeId("q_umum")]
    assert isinstance(node, QueueNode)
    assert node.keys == (ExitKey("*", NodeId("kanal")),)
    sample.change(
        "169.yaml",
        'queue: q_umum, overflow: telepon_balik, after: survei, keys: {"*": kanal}',
        'queue: q_umum, keys: {"*": kana}',
    )
    assert any("nodes.q_umum.keys.*: unknown node 'kana'; did you mean 'kanal'?" in m for m in mistakes(sample))


def test_a_key_does_one_thing_while_a_caller_waits(sample: Deployment) -> None:
    sample.change(
        "169.yaml",
        'queue: q_umum, overflow: telepon_balik, after: survei, keys: {"*": kanal}',
        "queue: q_umum, keys: {1: kanal}",
    )
    told = [m.split(": ", 1)[1] for m in mistakes(sample)]
    assert told == ["nodes.q_umum.keys.1: asks to be called back in queue 'q_umum'"]
