"""Nodes that listen to the caller and limits that lead to voicemail, from the files; what is wrong with them."""

from __future__ import annotations

import pytest

from acd.domain.exits import Exit
from acd.domain.flow_media import RecordNode, SilenceCheckNode, TakeLimits, VoicemailNode
from acd.domain.ids import FlowId, NodeId, PromptKey, QueueId
from acd.domain.limits import ToNode
from acd.settings import load
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_loader import mistakes

FLOW = """\
languages: [id]
entry: ada
nodes:
  ada: {kind: silence_check, prompts: [welcome], timeout: 4s, next: pesan, silent: sunyi}
  pesan: {kind: voicemail, queue: q_umum, prompts: [closed], next: nama, empty: sunyi, failed: tutup,
          at_most: 3m, silence: 0s, at_least: 3s, terminator: any, beep: false, review: [main], exit: closed}
  nama: {kind: record, variable: rekaman, next: tutup, empty: tutup, failed: tutup, barge_in: false}
  sunyi: {kind: hang_up, exit: no_response}
  tutup: {kind: hang_up}
"""
TO = "    limits: {length: {at_most: 5, to: {%s}}}\n"


@pytest.fixture
def recording(sample: Deployment) -> Deployment:
    """The sample with a flow of these nodes, which a limit of q_umum leads into."""
    (sample.flows / "pesan.yaml").write_text(FLOW, encoding="utf-8")
    return sample


def limited(deployment: Deployment, to: str) -> None:
    """Let the limit of q_lkpm's length lead there."""
    file = deployment.config / "queues.yaml"
    text = file.read_text(encoding="utf-8")
    at = text.index("  q_lkpm:\n") + len("  q_lkpm:\n")
    file.write_text(text[:at] + TO % to + text[at:], encoding="utf-8")


def test_the_nodes_are_what_the_file_says(recording: Deployment) -> None:
    flow = load(recording.config, recording.flows, {}, secrets=False).plan.flows[FlowId("pesan")]
    tutup, sunyi = NodeId("tutup"), NodeId("sunyi")
    assert flow.nodes[NodeId("ada")] == SilenceCheckNode(
        NodeId("ada"), (PromptKey("welcome"),), NodeId("pesan"), sunyi, 4.0
    )
    assert flow.nodes[NodeId("pesan")] == VoicemailNode(
        NodeId("pesan"),
        QueueId("q_umum"),
        (PromptKey("closed"),),
        NodeId("nama"),
        sunyi,
        tutup,
        TakeLimits(180.0, 0.0, 3.0, "any", beep=False),
        (PromptKey("main"),),
        exit=Exit.CLOSED,
    )
    assert flow.nodes[NodeId("nama")] == RecordNode(
        NodeId("nama"), (), tutup, tutup, tutup, TakeLimits(), barge_in=False, variable="rekaman"
    )
    assert flow.variables == {"rekaman": "text"}


@pytest.mark.parametrize("to", ["voicemail: pesan", "voicemail: q_umum", "voicemail: q_umum, flow: pesan"])
def test_a_limit_leads_to_a_voicemail_node_by_its_name_or_its_queue(recording: Deployment, to: str) -> None:
    limited(recording, to)
    limits = load(recording.config, recording.flows, {}, secrets=False).plan.queues[QueueId("q_lkpm")].limits
    assert limits is not None
    assert limits.length_to == ToNode(FlowId("pesan"), NodeId("pesan"))


def test_a_voicemail_node_that_only_a_limit_leads_to_is_reached(recording: Deployment) -> None:
    file = recording.flows / "pesan.yaml"
    file.write_text(FLOW.replace("next: pesan, silent", "next: tutup, silent"), encoding="utf-8")
    assert any("no call reaches this node" in told for told in mistakes(recording))
    limited(recording, "voicemail: q_umum")
    assert load(recording.config, recording.flows, {}, secrets=False).plan.flows[FlowId("pesan")]


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (
            "voicemail: pesn",
            "voicemail: no voicemail node is called 'pesn' or is for that queue; did you mean 'pesan'?",
        ),
        ("voicemail: q_lkpm", "voicemail: no voicemail node is called 'q_lkpm' or is for that queue"),
        ("voicemail: pesan, flow: '169'", "voicemail: no voicemail node is called 'pesan' or is for that queue"),
        ("voicemail: pesan, flow: pesn", "flow: unknown flow 'pesn'; did you mean 'pesan'?"),
        ("voicemail: pesan, callback: true", "to: leads to one place only: a queue, a node, a callback or voicemail"),
        ("voicemail: pesan, flow: pesan, node: ada", "to: leads to one place only"),
    ],
)
def test_a_limit_that_leads_to_no_voicemail_is_a_mistake(recording: Deployment, to: str, message: str) -> None:
    limited(recording, to)
    (told,) = mistakes(recording)
    assert message in told
    assert "queues.yaml:" in told


def test_two_voicemail_nodes_for_a_queue_must_be_told_apart(recording: Deployment) -> None:
    other = FLOW.replace("pesan:", "titip:").replace("next: pesan", "next: titip")
    (recording.flows / "lain.yaml").write_text(other, encoding="utf-8")
    limited(recording, "voicemail: q_umum")
    (told,) = mistakes(recording)
    assert "several nodes are meant (lain: titip, pesan: pesan); name one, and its flow" in told


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("at_most: 3m", "at_most: 11m", "11m", "pesan.at_most: is more than 10m"),
        (
            "at_least: 3s",
            "at_least: 3m",
            "3m, terminator",
            "pesan.at_least: leaves no time: at_most is no longer than that",
        ),
        ("terminator: any", "terminator: '5'", "'5'", "pesan.terminator: must be #, *, any or none, not '5'"),
        ("queue: q_umum", "queue: q_umun", "q_umun", "pesan.queue: unknown queue 'q_umun'; did you mean 'q_umum'?"),
        ("review: [main]", "review: [mian]", "mian", "pesan.review[0]: unknown prompt 'mian'; did you mean 'main'?"),
        ("exit: closed}", "exit: answered}", "answered", "pesan.exit: 'answered' is none of voicemail, closed"),
        ("exit: no_response", "exit: voicemail", "voicemail}", "sunyi.exit: 'voicemail' is the engine's to find out"),
        ("empty: sunyi, f", "empty: suny, f", "suny,", "pesan.empty: unknown node 'suny'; did you mean 'sunyi'?"),
        ("silent: sunyi", "silent: suni", "suni}", "ada.silent: unknown node 'suni'; did you mean 'sunyi'?"),
        ("entry: ada", "entry: ada\nvariables: {rekaman: number}", "rekaman, next", "must be of type text"),
    ],
)
def test_a_mistake_is_told_with_its_line(recording: Deployment, old: str, new: str, at: str, message: str) -> None:
    assert old in FLOW
    text = FLOW.replace(old, new)
    (recording.flows / "pesan.yaml").write_text(text, encoding="utf-8")
    before = text[: text.index(at)]
    where = f"pesan.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}:"
    told = mistakes(recording)
    assert any(message in one and where in one for one in told), (where, told)


def test_recordings_that_follow_each_other_without_end_are_a_round(recording: Deployment) -> None:
    (recording.flows / "pesan.yaml").write_text(FLOW.replace("empty: tutup", "empty: nama"), encoding="utf-8")
    (told,) = mistakes(recording)
    assert "goes round without ever waiting: nama > nama" in told
