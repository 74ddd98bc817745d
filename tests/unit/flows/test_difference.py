"""What differs between two versions is told by node, way, key and text, and by the cases that come out otherwise."""

from __future__ import annotations

from acd.flows.difference import differences, outcomes
from acd.flows.suite import read_suite
from tests.unit.flows.conftest import FLOW, Workshop

CASES = """\
  one: {steps: [hear: [main], press: "1", expect: {queue: q_umum}]}
  two: {steps: [hear: [main], press: "2", expect: {queue: q_umum}]}
  four: {steps: [hear: [main], press: "4"]}
"""


def told(workshop: Workshop, *changes: tuple[str, str]) -> tuple[list[str], list[str]]:
    """Change the flow ``t``; gives the differences and the cases that come out otherwise."""
    workshop.cases(CASES)
    old, text = workshop.settings(), FLOW
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    workshop.write("t.yaml", text)
    new = workshop.settings()
    return differences(old, new, ["t"]), outcomes(old, new, read_suite(new, workshop.flows, ["t"]))


def test_nothing_differs_from_itself(workshop: Workshop) -> None:
    assert told(workshop) == ([], [])


def test_a_way_that_leads_elsewhere_and_the_case_that_notices(workshop: Workshop) -> None:
    found, cases = told(workshop, ("1: wait, 2: wait", "1: wait, 2: away"))
    assert found == ["t: node ask: way [2] leads to away, not wait"]
    assert len(cases) == 1
    assert cases[0].startswith("t: case 'two' fails now: step 3: queue is not there, not q_umum")


def test_a_key_that_changed_is_told_with_both_values(workshop: Workshop) -> None:
    found, _ = told(workshop, ("retries: 1", "retries: 2"), ('extension: "200"', 'extension: "201"'))
    assert found == ["t: node ask: retries 1 -> 2", "t: node away: extension 200 -> 201"]


def test_nodes_come_and_go(workshop: Workshop) -> None:
    away = '  away: {kind: transfer, context: elsewhere, extension: "200"}\n'
    gone = "  gone: {kind: hang_up, exit: self_service}\n"
    found, cases = told(workshop, (away, gone), ("4: away", "4: gone"))
    assert found == [
        "t: node gone added (hang_up)",
        "t: node ask: way [4] leads to gone, not away",
        "t: node away removed (transfer)",
    ]
    assert cases[0].startswith("t: case 'four' takes another way\n    was: answer > hours > [open] ask > [4] away")


def test_a_way_added_and_one_removed(workshop: Workshop) -> None:
    found, _ = told(workshop, ("2: wait, 3: number", "3: number, 5: wait"))
    assert set(found) >= {"t: node ask: way [2] removed, it led to wait", "t: node ask: way [5] added, to wait"}


def test_flows_come_and_go_and_change_as_a_whole(workshop: Workshop) -> None:
    old = workshop.settings()
    workshop.write("t.yaml", FLOW.replace("seen: number", "seen: text"))
    workshop.write("u.yaml", FLOW)
    new = workshop.settings()
    assert "u: added" in differences(old, new)
    assert "u: removed" in differences(new, old)
    assert any(line.startswith("t: variables {") for line in differences(old, new))


def test_a_text_that_changed_is_shown_before_and_after(workshop: Workshop) -> None:
    old = workshop.settings()
    prompts = workshop.flows / "prompts.yaml"
    prompts.write_text(prompts.read_text().replace("id: Pilihan tidak tersedia.", "id: Pilihan itu tidak ada."))
    assert differences(old, workshop.settings(), ["t"]) == [
        "prompt invalid [id]\n    was: Pilihan tidak tersedia.\n    now: Pilihan itu tidak ada."
    ]
