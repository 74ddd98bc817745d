"""People read names, times of their own clock and durations."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.cli.telling.names import Names, duration
from acd.domain.ids import AgentId, FlowId, Language, NodeId, QueueId, SkillId
from acd.domain.skills import SkillLevel
from acd.settings import load

ROOT = Path(__file__).parents[4]
FLOW = FlowId("169")


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False))


def test_what_is_configured_has_its_name_and_what_is_gone_keeps_its_id(names: Names) -> None:
    assert names.agent(AgentId("agent101")) == "Petugas 101"
    assert names.agent(AgentId("agent999")) == "agent999"
    assert names.queue(QueueId("q_umum")) == "Umum"
    assert names.queue(QueueId("q_old")) == "q_old"
    assert names.skill(SkillId("umum")) == "General questions"
    assert names.skill(SkillId("old")) == "old"
    assert names.language(Language("id")) == "Bahasa Indonesia"


def test_a_requirement_names_skill_and_level(names: Names) -> None:
    needs = (SkillLevel(SkillId("pengaduan"), 2), SkillLevel(SkillId("lang_en"), 1))
    assert names.needs(needs, "from {level}") == "Complaints (from 2), English (from 1)"
    assert names.needs((), "from {level}") == ""


def test_a_node_is_what_is_heard_there(names: Names) -> None:
    assert names.heard(FLOW, NodeId("selesai"), Language("id")).startswith("Terima kasih")
    assert names.heard(FLOW, NodeId("salam"), None).startswith("Selamat datang")
    assert names.heard(FLOW, NodeId("pemberitahuan"), Language("en")).endswith(" …")
    assert names.heard(FLOW, NodeId("jawab"), None) == ""
    assert names.heard(FlowId("old"), NodeId("jawab"), None) == ""
    assert names.collects(FlowId("cek_nib"), NodeId("tanya"))
    assert not names.collects(FLOW, NodeId("salam"))


def test_times_are_those_of_the_site(names: Names) -> None:
    assert names.clock(1717383600.0) == "10:00:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (0.64, "0.6 s"),
        (9.99, "10 s"),
        (60, "1 min"),
        (65.4, "1 min 5 s"),
        (3723, "1 h 2 min 3 s"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds, ("h", "min", "s")) == text
