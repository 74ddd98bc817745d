"""Callers who speak into a recording, for tests of the engine: a plan whose flow records, and how it turns out."""

from __future__ import annotations

from typing import Any

from acd.domain.copies import replace
from acd.domain.events import RecordingChecked
from acd.domain.exits import Exit
from acd.domain.flow import FlowPlan, HangUpNode, Node
from acd.domain.flow_media import RecordNode, SilenceCheckNode, TakeLimits, VoicemailNode
from acd.domain.flow_talk import PlayNode
from acd.domain.ids import FlowId, LegId, QueueId, RecordingName
from acd.domain.plan import AccessCodePlan, Plan
from acd.engine.state import Position
from tests.engine_kit import ID, Bench, make_plan, n, prompts

LIMITS = TakeLimits(most_s=30.0, silence_s=3.0, at_least_s=1.0)


def dictation_flow(first: Node) -> FlowPlan:
    """A flow that begins with a node; thanks, nothing and broken come after it."""
    nodes: tuple[Node, ...] = (
        first,
        PlayNode(n("thanks"), prompts("bye"), n("end")),
        PlayNode(n("nothing"), prompts("noinput"), n("end")),
        PlayNode(n("broken"), prompts("sorry"), n("end")),
        HangUpNode(n("end")),
        HangUpNode(n("nobody"), Exit.NO_RESPONSE),
    )
    return FlowPlan(FlowId("dictation"), first.id, (ID,), {node.id: node for node in nodes}, {"name": "text"})


def record_node(**changes: Any) -> RecordNode:
    node = RecordNode(n("say"), prompts("notice"), n("thanks"), n("nothing"), n("broken"), LIMITS, variable="name")
    return replace(node, **changes)


def voicemail_node(**changes: Any) -> VoicemailNode:
    node = VoicemailNode(
        n("say"), QueueId("billing"), prompts("notice"), n("thanks"), n("nothing"), n("broken"), LIMITS
    )
    return replace(node, **changes)


def silence_node(**changes: Any) -> SilenceCheckNode:
    return replace(SilenceCheckNode(n("say"), prompts("notice"), n("thanks"), n("nobody"), 5.0), **changes)


def dictation_plan(first: Node, **changes: Any) -> Plan:
    plan = make_plan(recording_prefix="acd/", **changes)
    flow = dictation_flow(first)
    codes = {**plan.access_codes, "180": AccessCodePlan("180", flow.id)}
    return replace(plan, flows={**plan.flows, flow.id: flow}, access_codes=codes)


def dictating(first: Node) -> tuple[Bench, LegId]:
    """A caller who hears the first node's prompts."""
    bench = Bench(dictation_plan(first))
    return bench, bench.call("180")


def recording(first: Node) -> tuple[Bench, LegId, RecordingName]:
    """A caller who is being recorded."""
    bench, leg = dictating(first)
    bench.spoken(leg)
    bench.sleep(1.0)  # the tone
    (name,) = bench.pbx.takes
    return bench, leg, name


def place(bench: Bench, leg: LegId) -> Position:
    """Where a caller is in the flow."""
    phase = bench.contact(leg).phase
    assert phase.kind == "ivr"
    return phase.position


def end(bench: Bench, name: RecordingName, duration_s: float = 0.0) -> None:
    """Asterisk ends a recording: at the terminator, by silence, at the longest time."""
    bench.pbx.now = bench.at
    bench.pbx.end_take(name, duration_s)
    bench.settle()


def judged(bench: Bench, duration_s: float = 5.0, **what: Any) -> RecordingChecked:
    """The file of the recording that is looked at turns out so."""
    order = bench.checks.pop(0)
    good: dict[str, Any] = {"bytes": 80_044, "ok": True, "problem": "", "silent": False}
    event = RecordingChecked(bench.at, order.name, duration_s=duration_s, **{**good, **what})
    bench.feed(event)
    return event
