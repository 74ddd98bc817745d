from __future__ import annotations

import shutil
from pathlib import Path

from acd.deploy.plan import WayOutPlan
from acd.deploy.settings_plan import pbx_plan
from acd.settings.loader import load

ROOT = Path(__file__).parents[3]
ENVIRON = {
    "ACD_ARI_PASSWORD": "ari-secret-1",
    "ACD_AMI_PASSWORD": "ami-secret-1",
    "ACD_API_TOKENS": "test " + "x" * 40,
}


def test_the_sample_deployment_becomes_a_plan_asterisk_can_be_told() -> None:
    settings = load(ROOT / "config", ROOT / "ivr_flows", ENVIRON)
    plan = pbx_plan(settings)
    assert (plan.ari.bind, plan.ari.port, plan.ari.password) == ("127.0.0.1", 8088, "ari-secret-1")
    assert [code.exten for code in plan.access_codes] == list(settings.plan.access_codes)
    assert [trunk.endpoint for trunk in plan.trunks] == ["gw1"]
    assert [f"PJSIP/{phone.endpoint}" for phone in plan.phones] == [a.device for a in settings.plan.agents.values()]
    assert plan.fallback_queues[0].members == tuple(phone.endpoint for phone in plan.phones)


def test_trunks_with_endpoints_of_the_operators_own_are_known_without_an_address(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config/trunks.yaml").write_text(
        "trunks: {e1: {capacity: 30, channel_prefixes: [PJSIP/mygateway, DAHDI/i1]}}\n", encoding="utf-8"
    )
    plan = pbx_plan(load(tmp_path / "config", ROOT / "ivr_flows", ENVIRON))
    assert [(trunk.endpoint, trunk.match) for trunk in plan.trunks] == [("mygateway", ())]


def test_the_music_of_every_queue_is_wanted() -> None:
    assert pbx_plan(load(ROOT / "config", ROOT / "ivr_flows", ENVIRON)).music_classes == ("default",)


def test_phones_without_a_password_stay_the_operators_own() -> None:
    plan = pbx_plan(load(ROOT / "config", ROOT / "ivr_flows", ENVIRON))
    assert {phone.secret for phone in plan.phones} == {None}


def test_numbers_outside_that_flows_hand_callers_to_are_ways_out_by_their_gateway(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "ivr_flows", tmp_path / "ivr_flows")
    flow = (
        "languages: [id]\nentry: a\nnodes:\n"
        "  a: {kind: menu, choices: {1: b, 2: c, 3: d}, failed: e}\n"
        '  b: {kind: transfer, number: "0215252008", gateway: gw1}\n'
        '  c: {kind: transfer, number: "110", gateway: gw1}\n'
        '  d: {kind: transfer, number: "110", gateway: gw1}\n'
        '  e: {kind: transfer, context: sales, extension: "100"}\n'
    )
    (tmp_path / "ivr_flows" / "luar.yaml").write_text(flow, encoding="utf-8")
    plan = pbx_plan(load(ROOT / "config", tmp_path / "ivr_flows", ENVIRON))
    assert plan.ways_out == (WayOutPlan("acd-out-gw1", "gw1", ("0215252008", "110")),)
    assert pbx_plan(load(ROOT / "config", ROOT / "ivr_flows", ENVIRON)).ways_out == ()
