"""What each of several Asterisks is told: its own phones and trunks, and the way to the others' phones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd.deploy.settings_plan import pbx_plan
from acd.deploy.templates import instance_files
from acd.domain.errors import DeployError
from acd.settings import load
from tests.unit.deploy.test_templates import PLACES, _section
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_pbx_checks import ENV, divide

PEERS = "acd-from-peers"


@pytest.fixture
def sample(tmp_path: Path) -> Deployment:
    made = Deployment(tmp_path)
    divide(made)
    return made


def test_each_is_told_of_its_own_phones_and_trunks(sample: Deployment) -> None:
    settings = load(sample.config, sample.flows, ENV)
    jkt, sby = (pbx_plan(settings, pbx_id=name) for name in ("jkt", "sby"))
    assert [[trunk.endpoint for trunk in plan.trunks] for plan in (jkt, sby)] == [["gw1"], ["gw2"]]
    phones = [[phone.endpoint for phone in plan.phones] for plan in (jkt, sby)]
    assert phones == [[f"agent{n}" for n in range(101, 125, 2)], [f"agent{n}" for n in range(102, 125, 2)]]
    assert [plan.fallback_queues[0].members for plan in (jkt, sby)] == [tuple(names) for names in phones]
    assert (jkt.ari.bind, sby.ari.bind) == ("10.0.0.1", "10.0.0.2")


def test_they_know_their_own_names_and_call_each_others_phones_by_a_secret(sample: Deployment) -> None:
    plan = pbx_plan(load(sample.config, sample.flows, ENV), pbx_id="jkt")
    files = instance_files(plan, PLACES, [])
    assert "\nsystemname=jkt\n" in files["asterisk.conf"]
    pjsip = files["acd_pjsip.conf"]
    endpoint = _section(pjsip, "acd-peer-sby", "endpoint")
    assert "context=acd-from-peers\n" in endpoint
    assert "\nauth=acd-peer-sby\noutbound_auth=acd-peer-sby\n" in endpoint
    assert "password=between-both\n" in _section(pjsip, "acd-peer-sby", "auth")
    assert "contact=sip:10.0.0.2:5070\n" in _section(pjsip, "acd-peer-sby", "aor")
    assert "match=10.0.0.2:5070\n" in _section(pjsip, "acd-peer-sby", "identify")
    _, _, from_peers = files["acd_extensions.conf"].partition("[acd-from-peers]\n")
    assert "exten => agent101,1,Dial(PJSIP/agent101,120)" in from_peers
    assert "agent102" not in from_peers, "a phone of the other one"


def outside(sample: Deployment, gateway: str) -> dict[str, str]:
    """A flow hands callers to a number at a gateway. Gives both dialplans."""
    flow = f'languages: [id]\nentry: a\nnodes:\n  a: {{kind: transfer, number: "+6221110", gateway: {gateway}}}\n'
    (sample.flows / "luar.yaml").write_text(flow, encoding="utf-8")
    settings = load(sample.config, sample.flows, ENV)
    plans = {name: pbx_plan(settings, pbx_id=name) for name in ("jkt", "sby")}
    return {name: instance_files(plan, PLACES, [])["acd_extensions.conf"] for name, plan in plans.items()}


def context(dialplan: str, name: str) -> list[str]:
    """What stands in a context."""
    text = dialplan.partition(f"\n[{name}]\n")[2].partition("\n[")[0]
    return [line for line in text.splitlines() if line and not line.startswith(";")]


def test_a_number_outside_is_called_by_way_of_the_one_that_has_the_gateway(sample: Deployment) -> None:
    found = outside(sample, "gw2")
    end = " same => n,Hangup(${HANGUPCAUSE})"
    assert context(found["jkt"], "acd-out-gw2") == [
        "exten => +6221110,1,Dial(PJSIP/acd-out-gw2.+6221110@acd-peer-sby,60)",
        end,
    ]
    assert context(found["sby"], "acd-out-gw2") == ["exten => +6221110,1,Dial(PJSIP/+6221110@gw2,60)", end]


def test_the_others_may_call_their_phones_and_the_numbers_that_flows_name_and_nothing_else(sample: Deployment) -> None:
    found = outside(sample, "gw2")
    asked = {name: re.findall(r"(?m)^exten => (.*?),", "\n".join(context(found[name], PEERS))) for name in found}
    phones = [[f"agent{n}" for n in range(first, 125, 2)] for first in (101, 102)]
    assert asked == {"jkt": phones[0], "sby": [*phones[1], "acd-out-gw2.+6221110"]}
    assert "exten => acd-out-gw2.+6221110,1,Goto(acd-out-gw2,+6221110,1)" in context(found["sby"], PEERS)
    assert not [line for name in found for line in context(found[name], PEERS) if "_" in line or "include" in line]


def test_a_single_one_has_no_name_and_no_others(tmp_path: Path) -> None:
    single = Deployment(tmp_path)
    files = instance_files(pbx_plan(load(single.config, single.flows, ENV)), PLACES, [])
    assert "systemname" not in files["asterisk.conf"]
    assert "acd-peer" not in "".join(files.values())
    assert "acd-from-peers" not in files["acd_extensions.conf"]


def test_which_one_is_meant_must_be_said(sample: Deployment) -> None:
    settings = load(sample.config, sample.flows, ENV)
    for named in (None, "mks"):
        with pytest.raises(DeployError, match="Say which Asterisk is meant: jkt, sby"):
            pbx_plan(settings, pbx_id=named)
