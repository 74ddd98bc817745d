"""The demonstration's callers press keys that the sample flow knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.demo import crowd
from acd.demo.behaviour import Kind
from acd.domain.exits import Exit
from acd.domain.flow import AnswerNode, FlowPlan, HangUpNode, HoursNode, LanguageNode, QueueNode, SubflowNode
from acd.domain.flow_data import EventNode
from acd.domain.flow_talk import ConsentNode, MenuNode, PlayNode
from acd.domain.ids import FlowId, NodeId
from acd.settings import load

ROOT = Path(__file__).parents[3]
ENDS = {
    "licensing": "q_perizinan",
    "licensing in English": "q_perizinan",
    "technical help": "q_oss_teknis",
    "investment reports": "q_lkpm",
    "complaint": "q_pengaduan",
    "progress": Exit.SELF_SERVICE,
    "any officer": "q_umum",
    "other channels": Exit.SELF_SERVICE,
    "wrong key": "q_perizinan",
    "says nothing": Exit.IVR_EXIT,
    "gives up in the queue": "q_perizinan",
}


@pytest.fixture(scope="module")
def flow() -> FlowPlan:
    return load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan.flows[FlowId(crowd.ACCESS_CODE)]


def walk(flow: FlowPlan, keys: list[str]) -> str:
    """Follow the flow in opening hours; a wrong key is asked for again, without keys every menu fails."""
    node = flow.nodes[flow.entry]
    while True:
        match node:
            case SubflowNode(flow="cek_nib"):
                assert keys.pop() == "#"
                assert len(keys) == 13
                assert all(key.isdecimal() for key in keys)
                node, keys = flow.nodes[NodeId("selesai")], []  # the answer is heard and nothing pressed
            case AnswerNode() | PlayNode() | LanguageNode() | ConsentNode() | EventNode() | SubflowNode():
                node = flow.nodes[node.next]
            case HoursNode():
                node = flow.nodes[node.open]
            case MenuNode():
                choices = {choice.digit: choice.next for choice in node.choices}
                known = [place for place, key in enumerate(keys) if key in choices]
                node = flow.nodes[choices[keys[known[0]]] if known else node.failed]
                keys = keys[known[0] + 1 :] if known else []
            case QueueNode():
                return node.queue
            case HangUpNode():
                return node.exit
            case _:
                pytest.fail(f"{node} is not for these callers")


@pytest.mark.parametrize("kind", [kind for kind in crowd.KINDS if kind.name in ENDS], ids=lambda kind: kind.name)
def test_the_keys_of_every_kind_lead_where_its_name_says(flow: FlowPlan, kind: Kind) -> None:
    for keys in kind.keys:
        assert walk(flow, [key for _, key in keys]) == ENDS[kind.name]


def test_every_kind_is_known_here_or_leaves_early() -> None:
    assert {kind.name for kind in crowd.KINDS} - set(ENDS) == {"gives up in the menu", "wrong number"}


def test_nobodys_number_is_no_access_code() -> None:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    assert crowd.ACCESS_CODE in plan.access_codes
    assert crowd.NOBODYS_NUMBER not in plan.access_codes


def test_keys_are_pressed_in_order() -> None:
    for kind in crowd.KINDS:
        for keys in kind.keys:
            assert list(keys) == sorted(keys, key=lambda press: press[0])
