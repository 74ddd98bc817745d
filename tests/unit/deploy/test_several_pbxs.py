"""What each of several Asterisks is told: its own phones and trunks, and the way to the others' phones."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.deploy.settings_plan import pbx_plan
from acd.deploy.templates import instance_files
from acd.domain.errors import DeployError
from acd.settings import load
from tests.unit.deploy.test_templates import PLACES, _section
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_pbx_checks import ENV, divide


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
