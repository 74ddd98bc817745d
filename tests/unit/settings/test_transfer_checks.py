"""Where a flow may hand callers to."""

from __future__ import annotations

import pytest

from acd.domain.flow import TransferNode
from acd.domain.ids import FlowId, NodeId
from acd.settings import load
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_flow_checks import told

OWN = "    capacity: 30\n    channel_prefixes: [PJSIP/mine, DAHDI/i1]\n"


@pytest.mark.parametrize(
    ("keys", "mistakes"),
    [
        ("context: sales, extension: 100", []),
        ("number: 0215252008, gateway: gw1", []),
        ("number: +6561234567, gateway: mine", []),
        ("context: sales", ["4:3: nodes.a.extension: is missing"]),
        ("extension: 100", ["4:3: nodes.a.context: is missing"]),
        ("number: 110", ["4:3: nodes.a.gateway: is missing"]),
        ("gateway: gw1", ["4:3: nodes.a.number: is missing"]),
        ("number: 110, gateway: gw2", ["4:45: nodes.a.gateway: unknown gateway 'gw2'; did you mean 'gw1'?"]),
        ("number: 110, gateway: i1", ["4:45: nodes.a.gateway: unknown gateway 'i1'"]),
        (
            "number: 08x, gateway: gw1",
            ["4:31: nodes.a.number: must be a telephone number: digits, perhaps after a +, not '08x'"],
        ),
        (
            "number: 110, gateway: gw1, context: sales",
            ["4:3: nodes.a: leads to one place: 'context' and 'extension', or 'number' and 'gateway'"],
        ),
        (
            "context: acd-from-trunk, extension: 169",
            ["4:32: nodes.a.context: 'acd-from-trunk' would bring the caller back to this engine"],
        ),
    ],
)
def test_a_transfer_leads_to_one_place_that_can_be(sample: Deployment, keys: str, mistakes: list[str]) -> None:
    sample.change("trunks.yaml", "    capacity: 30\n", OWN)
    assert told(sample, f"a: {{kind: transfer, {keys}}}") == mistakes


def test_a_gateway_without_an_address_can_call_nobody(sample: Deployment) -> None:
    sample.change("trunks.yaml", "    contact: sip:192.0.2.10:5060", "    # contact:")
    (sample.config / "acd.yaml").write_text(
        (sample.config / "acd.yaml").read_text(encoding="utf-8").replace("@gw1", "@other"), encoding="utf-8"
    )
    (mistake,) = told(sample, "a: {kind: transfer, number: 110, gateway: gw1}")
    assert "this gateway has no `contact` in trunks.yaml" in mistake


def test_a_number_outside_is_a_place_in_the_dialplan_of_its_gateway(sample: Deployment) -> None:
    assert told(sample, 'a: {kind: transfer, number: "0215252008", gateway: gw1}') == []
    plan = load(sample.config, sample.flows, {}, secrets=False).plan
    node = plan.flows[FlowId("test")].nodes[NodeId("a")]
    assert node == TransferNode(NodeId("a"), "acd-out-gw1", "0215252008")
