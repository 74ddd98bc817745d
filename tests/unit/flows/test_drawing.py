"""Pictures of flows: every node and way is in them, nothing overlaps, the same flow gives the same picture."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from acd.domain.exits import Exit
from acd.domain.flow_path import PathStep
from acd.domain.ids import ContactId, FlowId, NodeId, PromptKey
from acd.domain.record import CallRecord
from acd.flows.drawing.graph import Texts, boxes
from acd.flows.drawing.layout import GAP, layout
from acd.flows.drawing.page import page
from acd.flows.drawing.svg import draw
from acd.flows.drawing.traffic import traffic_of
from acd.settings import Settings, load
from tests.unit.flows.conftest import FLOW as OWN
from tests.unit.flows.conftest import ROOT, Workshop

SVG = "{http://www.w3.org/2000/svg}"
FLOW = FlowId("169")


@pytest.fixture(scope="module")
def sample() -> Settings:
    return load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False)


def record(name: str, exit_: Exit, *path: tuple[str, str]) -> CallRecord:
    steps = tuple(PathStep(0.0, FlowId("t"), NodeId(node), key) for node, key in path)  # type: ignore[arg-type]
    return CallRecord(
        ContactId(name), exit_, "169", None, "", 0.0, 0.0, None, None, 9.0, None, None, None, FlowId("t"), None, 16,
        None, None, 0, None, "v", path=steps,
    )  # fmt: skip


def test_every_node_is_a_box_and_every_way_a_line_or_told(sample: Settings) -> None:
    flow = sample.plan.flows[FLOW]
    found = boxes(flow)
    tree = ET.fromstring(draw(flow, found, sample.prompts.texts))  # noqa: S314 - our own
    drawn = {group.get("id") for group in tree.iter(f"{SVG}g")}
    assert drawn == {f"n-{node}" for node in flow.nodes}
    lines = [path for path in tree.iter(f"{SVG}path") if path.get("class") == "line"]
    assert len(lines) == sum(not row.back for box in found.values() for row in box.rows)
    text = "".join(tree.itertext())
    for box in found.values():
        for row in box.rows:
            if row.back:
                assert f"↩ {row.target}" in text


def test_boxes_do_not_overlap_and_lines_lead_to_the_right(sample: Settings) -> None:
    flow = sample.plan.flows[FLOW]
    tree = ET.fromstring(draw(flow, boxes(flow), sample.prompts.texts))  # noqa: S314 - our own
    areas = [
        tuple(float(rect.get(key) or 0) for key in ("x", "y", "width", "height"))
        for rect in tree.iter(f"{SVG}rect")
        if (rect.get("class") or "").startswith("box")
    ]
    for (x, y, w, h), (x2, y2, w2, h2) in combinations(areas, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 + 0.2 or y2 + h2 <= y + 0.2
    for path in tree.iter(f"{SVG}path"):
        if path.get("class") == "line":
            xs = [float(x) for x in re.findall(r"[MC ](-?[\d.]+) -?[\d.]+", path.get("d") or "")]
            assert xs == sorted(xs)


def test_the_same_flow_gives_the_same_picture(sample: Settings) -> None:
    flow = sample.plan.flows[FLOW]
    first, second = (draw(flow, boxes(flow), sample.prompts.texts) for _ in range(2))
    assert first == second


def test_a_layout_keeps_its_order_and_its_distances() -> None:
    heights = {"a": 20.0, "b": 40.0, "c": 20.0, "d": 30.0, "e": 20.0}
    lines = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "e"), ("d", "e"), ("a", "e")]
    found = layout(heights, lines)
    assert found.layer == {"a": 0, "b": 1, "c": 1, "d": 1, "e": 2}
    ordered = sorted(("b", "c", "d"), key=lambda name: found.middle[name])
    for one, other in pairwise(ordered):
        assert found.middle[other] - found.middle[one] >= (heights[one] + heights[other]) / 2 + GAP / 2 - 1e-6
    assert len(found.through["a", "e"]) == 1
    assert found.through["a", "b"] == ()


def test_an_empty_layout_is_no_error() -> None:
    assert layout({}, []).height == 0.0


def test_ways_that_close_a_ring_are_told_not_drawn(workshop: Workshop) -> None:
    found = boxes(workshop.settings().plan.flows[FlowId("t")])
    (back,) = (row for row in found[NodeId("wait")].rows if row.back)
    assert (back.label, back.target) == ("#", "ask")
    assert found[NodeId("ask")].again == ("*", "invalid", "timeout")
    together = next(row for row in found[NodeId("ask")].rows if row.target == "wait")
    assert together.label == "1, 2"


CAME = (("answer", "none"), ("hours", "none"))
RECORDS = (
    record("1", Exit.IVR_EXIT, *CAME, ("ask", "none"), ("ask", "timeout")),
    record("2", Exit.ABANDONED, *CAME, ("ask", "none"), ("wait", "digit")),
    record("3", Exit.CLOSED, *CAME, ("shut", "none"), ("end", "none")),
    record("4", Exit.IVR_EXIT, *CAME, ("ask", "none"), ("ask", "star"), ("bye", "timeout"), ("over", "none")),
)


def test_traffic_is_counted_by_way_and_where_callers_left() -> None:
    found = traffic_of(RECORDS, FlowId("t"))
    assert found.calls == 4
    assert found.visits["ask"] == 4  # the try in vain is none, the repetition is one
    assert found.taken["hours", "ask"] == 3
    assert found.taken["ask", "ask"] == 1
    assert (found.left("ask", "menu"), found.left("wait", "queue"), found.left("end", "hang_up")) == (1, 1, 0)
    assert found.left("over", "hang_up") == 0
    assert traffic_of(RECORDS, FlowId("other")).calls == 0


def test_a_picture_with_traffic_shows_counts_and_who_left(workshop: Workshop) -> None:
    flow = workshop.settings().plan.flows[FlowId("t")]
    traffic = traffic_of(RECORDS, flow.id)
    picture = draw(flow, boxes(flow), {}, traffic)
    assert "4 calls" in picture
    assert "1 left here" in picture
    assert "3 times" not in picture.replace("4 times", "")
    whole = page(flow.id, boxes(flow), picture, {}, traffic)
    assert "ended here: 1 ivr_exit" in whole
    assert "open → ask: 3" in whole


def test_the_page_needs_nothing_but_itself_and_escapes_what_is_said(workshop: Workshop) -> None:
    settings = workshop.settings()
    flow = settings.plan.flows[FlowId("t")]
    texts: Texts = {**settings.prompts.texts, PromptKey("main"): {"id": "<script>alert(1)</script>"}}
    made = page(flow.id, boxes(flow), draw(flow, boxes(flow), texts), texts)
    assert "<script>alert" not in made
    assert "&lt;script&gt;alert" in made
    assert not re.findall(r"(?:src|href)=", made)
    assert {url for url in re.findall(r"https?://[^\s\"']+", made)} <= {"http://www.w3.org/2000/svg"}  # noqa: C416 - read better


def test_a_flow_of_hundreds_of_nodes_is_drawn(tmp_path: Path) -> None:
    """Rows of queues of menus; the time is bounded by sweeps, not by luck."""
    names = [f"n{k}" for k in range(400)]
    lines = [(names[k], names[t]) for k in range(400) for t in (2 * k + 1, 2 * k + 2) if t < 400]
    found = layout(dict.fromkeys(names, 30.0), lines)
    assert max(found.layer.values()) == 8
    assert len(found.middle) == 400


def test_prompts_within_what_is_said_are_the_nodes_too(workshop: Workshop) -> None:
    shut = "kind: play, prompts: [closed], next: end, barge_in: false"
    assert shut in OWN
    workshop.write("t.yaml", OWN.replace(shut, "kind: say, items: [closed, {say: number, value: seen}], next: end"))
    assert boxes(workshop.settings().plan.flows[FlowId("t")])[NodeId("shut")].prompts == ("closed",)
