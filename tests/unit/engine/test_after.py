"""Nodes that reach beyond the interpreter: a survey after the conversation, consent, gates and callbacks."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.commands import DestroyBridge, HangUp, Play, StartRecording
from acd.domain.exits import Exit
from acd.domain.flow import AnswerNode, CallbackNode, FlowPlan, GateNode, HangUpNode, Node, QueueNode
from acd.domain.flow_talk import ConsentNode, SurveyNode, SurveyQuestion
from acd.domain.ids import FlowId, LegId, QueueId
from acd.domain.plan import Plan
from acd.engine.state import InIvr, Talking, Waiting
from tests.callback_kit import KEY, callback_plan
from tests.engine_kit import ID, Bench, make_plan, n, prompts

MAIN = FlowId("main")
SURVEY = SurveyNode(
    n("survey"), (SurveyQuestion("csat", prompts("csat"), 1, 5), SurveyQuestion("nps", prompts("nps"), 0, 10)),
    n("thanks"), n("thanks"),
)  # fmt: skip
THANKS = HangUpNode(n("thanks"), Exit.SELF_SERVICE)


def with_flow(*nodes: Node, plan: Plan | None = None) -> Plan:
    made = plan or make_plan()
    return replace(made, flows={**made.flows, MAIN: FlowPlan(MAIN, nodes[0].id, (ID,), {x.id: x for x in nodes})})


def talking(bench: Bench) -> tuple[LegId, LegId]:
    """A caller and the agent's leg, in conversation."""
    bench.login("citra")
    caller = bench.call()
    contact = bench.contact(caller)
    waiting = contact.phase
    assert isinstance(waiting, Waiting)
    (offer,) = waiting.offers
    bench.pick_up("citra")
    assert isinstance(bench.contact(caller).phase, Talking)
    return caller, offer.leg


QUEUE = QueueNode(n("q"), QueueId("tech"), after=n("survey"))


def test_the_caller_stays_for_the_survey_when_the_agent_hangs_up_and_the_record_says_answered() -> None:
    bench = Bench(with_flow(AnswerNode(n("go"), n("q")), QUEUE, SURVEY, THANKS))
    caller, agent = talking(bench)
    bench.sleep(30)
    out = bench.hang_up(agent)
    assert [type(command) for command in out if isinstance(command, DestroyBridge | Play | HangUp)] == [
        DestroyBridge,
        Play,
    ]
    assert isinstance(bench.contact(caller).phase, InIvr)
    assert bench.agent("citra").work.kind in {"wrap_up", "free"}
    bench.sleep(5)
    bench.press(caller, "5")
    bench.press(caller, "10")
    (record,) = bench.records
    assert (record.exit, record.agent, record.talk_s) == (Exit.ANSWERED, "citra", 30.0)
    assert [(answer.question, answer.value) for answer in record.answers] == [("csat", 5), ("nps", 10)]
    assert bench.state.ivr.answers == {"main survey csat 5": 1, "main survey nps 10": 1}
    assert record.within_target is True


def test_who_hangs_up_in_the_survey_was_answered_all_the_same() -> None:
    bench = Bench(with_flow(AnswerNode(n("go"), n("q")), QUEUE, SURVEY, THANKS))
    caller, agent = talking(bench)
    bench.hang_up(agent)
    bench.hang_up(caller)
    assert [record.exit for record in bench.records] == [Exit.ANSWERED]


def test_who_hangs_up_first_is_asked_nothing() -> None:
    bench = Bench(with_flow(AnswerNode(n("go"), n("q")), QUEUE, SURVEY, THANKS))
    caller, _ = talking(bench)
    bench.hang_up(caller)
    (record,) = bench.records
    assert (record.exit, record.talk_ended_at, record.answers) == (Exit.ANSWERED, None, ())


def test_without_a_node_for_after_the_call_ends_with_the_agents() -> None:
    bench = Bench(with_flow(AnswerNode(n("go"), n("q")), replace(QUEUE, after=None)))
    caller, agent = talking(bench)
    assert any(isinstance(command, HangUp) and command.leg_id == caller for command in bench.hang_up(agent))


def consenting() -> Plan:
    made = make_plan()
    tech = replace(made.queues[QueueId("tech")], record=True)
    notice = ConsentNode(n("notice"), prompts("notice"), "notice@1", n("q"), n("q"))
    plan = replace(made, queues={**made.queues, tech.id: tech})
    return with_flow(AnswerNode(n("go"), n("notice")), notice, replace(QUEUE, after=None), plan=plan)


def test_who_refuses_is_not_recorded_and_who_agrees_is() -> None:
    for key, recorded in (("9", False), ("1", True)):
        bench = Bench(consenting())
        caller = bench.call()
        bench.press(caller, key)
        bench.login("citra")
        waiting = bench.contact(caller).phase
        assert isinstance(waiting, Waiting)
        out = bench.pick_up("citra")
        assert any(isinstance(command, StartRecording) for command in out) is recorded
        bench.hang_up(caller)
        (record,) = bench.records
        assert [(c.given, c.key) for c in record.consents] == [(recorded, "" if recorded else "9")]
        assert (record.recording is not None) is recorded
        assert bench.state.ivr.consents == {f"main notice {'given' if recorded else 'refused'}": 1}


def test_a_gate_turns_a_flooding_number_away_before_the_answer_and_it_is_no_failure_of_ours() -> None:
    gate = GateNode(n("gate"), n("q"), n("no"), calls=1)
    bench = Bench(with_flow(gate, replace(QUEUE, after=None), HangUpNode(n("no"), Exit.REFUSED, 21)))
    first = bench.call()
    second = bench.call()
    assert (bench.records[0].exit, bench.records[0].cause, bench.records[0].answered_at) == (Exit.REFUSED, 21, None)
    assert bench.state.ivr.refused == {"main gate rate": 1}
    assert bench.state.figures.success_call_ratio is None
    assert bench.contact(first)
    assert bench.records[0].contact_id == bench.contact_id(second)


def calling_back(*, answered: bool) -> Plan:
    back = CallbackNode(n("back"), QueueId("tech"), n("no"))
    nodes: tuple[Node, ...] = (back, HangUpNode(n("no"), Exit.CLOSED))
    return with_flow(*((AnswerNode(n("go"), n("back")), *nodes) if answered else nodes), plan=callback_plan())


def test_a_callback_node_offers_one_by_the_queue() -> None:
    bench = Bench(calling_back(answered=True))
    caller = bench.call()
    contact = bench.contact(caller)
    assert isinstance(contact.phase, Waiting)
    assert contact.asking is not None
    bench.press(caller, "1")
    assert bench.contact(caller).callback is not None


def test_a_callback_that_cannot_be_goes_its_own_way() -> None:
    bench = Bench(calling_back(answered=False))
    bench.call()
    assert [record.exit for record in bench.records] == [Exit.CLOSED]
    without = replace(calling_back(answered=True), callbacks=None)
    bench = Bench(without)
    bench.call()
    assert [record.exit for record in bench.records] == [Exit.CLOSED]


def test_who_does_not_want_one_goes_on_in_the_flow() -> None:
    bench = Bench(calling_back(answered=True))
    caller = bench.call()
    bench.press(caller, "*")
    bench.sleep(0.1)
    assert [record.exit for record in bench.records] == [Exit.CLOSED]


def test_a_callback_that_cannot_be_and_leads_to_itself_ends_the_call() -> None:
    nowhere = CallbackNode(n("back"), QueueId("tech"), n("back"))
    bench = Bench(with_flow(nowhere, plan=callback_plan()))
    bench.call()
    assert [record.exit for record in bench.records] == [Exit.OVERFLOWED]


def test_who_declines_and_then_accepts_in_the_same_moment_is_called_back_and_walks_no_flow_meanwhile() -> None:
    bench = Bench(calling_back(answered=True))
    caller = bench.call()
    for key in ("*", KEY, "1"):
        bench.press(caller, key)
    bench.spoken(caller)
    assert bench.contact(caller).away
    assert "declined:" + bench.contact(caller).id in bench.state.timers
    bench.sleep(0.1)
    assert isinstance(bench.contact(caller).phase, Waiting)
    assert not bench.records
