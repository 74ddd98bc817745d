"""Several Asterisks from the operator's files, and what is wrong with them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from acd.domain.ids import ONLY_PBX, AgentId, TrunkId
from acd.settings import load
from acd.settings.values import Settings
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_loader import mistakes

TWO = """
pbx:
  jkt:
    ari: {url: "http://10.0.0.1:8088", password_env: ACD_ARI_PASSWORD}
    ami: {host: 10.0.0.1, password_env: ACD_AMI_PASSWORD}
    sip: {bind: 10.0.0.1}
    recordings_dir: /srv/jkt
  sby:
    ari: {url: "http://10.0.0.2:8088", password_env: SBY_ARI}
    ami: {host: 10.0.0.2, password_env: ACD_AMI_PASSWORD}
    address: 10.0.0.2:5070
peers: {password_env: PEERS}
"""
ENV = {
    "ACD_ARI_PASSWORD": "one-secret",
    "SBY_ARI": "two-secret",
    "ACD_AMI_PASSWORD": "three-secret",
    "PEERS": "between-both",
    "ACD_API_TOKENS": "x " + "y" * 32,
}


def divide(sample: Deployment) -> None:
    """Make two of the sample's Asterisk: half of the agents and a trunk are at the second one."""
    acd = sample.config / "acd.yaml"
    kept = yaml.load(acd.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - gives text only
    for section in ("ari", "ami", "sip"):
        del kept[section]
    kept["callbacks"]["lines"].append({"trunk": "e2", "dial": "PJSIP/{number}@gw2"})
    acd.write_text(yaml.safe_dump(kept, sort_keys=False) + TWO, encoding="utf-8")
    for name, section in (("agents.yaml", "agents"), ("trunks.yaml", "trunks")):
        file = sample.config / name
        content = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
        if section == "trunks":
            content["trunks"]["e2"] = {"capacity": "30", "channel_prefixes": ["DAHDI/i1"]}
            content["trunks"]["e1"]["channel_prefixes"] = ["DAHDI/i1"]
            content["gateways"]["gw2"] = {**deepcopy(content["gateways"]["gw1"]), "trunk": "e2"}
        for number, given in enumerate(content[section].values()):
            given["pbx"] = ("jkt", "sby")[number % 2]
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def settings(sample: Deployment) -> Settings:
    return load(sample.config, sample.flows, ENV)


def test_each_has_its_addresses_agents_and_trunks_and_names_may_stand_at_both(sample: Deployment) -> None:
    divide(sample)
    made = settings(sample)
    jkt, sby = made.pbxs
    assert (jkt.id, jkt.ari.url, jkt.ari.password.reveal()) == ("jkt", "http://10.0.0.1:8088", "one-secret")
    assert (sby.id, sby.ari.password.reveal(), sby.ami.host) == ("sby", "two-secret", "10.0.0.2")
    assert (jkt.address, sby.address) == ("10.0.0.1:5060", "10.0.0.2:5070")
    assert (jkt.recordings, sby.recordings) == (Path("/srv/jkt"), Path("/var/spool/asterisk/recording"))
    assert made.peer_secret.reveal() == "between-both"
    assert made.plan.pbxs == ("jkt", "sby")
    assert [made.plan.agents[AgentId(name)].pbx for name in ("agent101", "agent102")] == ["jkt", "sby"]
    assert {trunk.pbx: trunk.channel_prefixes for trunk in made.plan.trunks.values()} == {
        "jkt": ("PJSIP/gw1", "DAHDI/i1"),
        "sby": ("PJSIP/gw2", "DAHDI/i1"),
    }


def test_a_single_one_has_no_name(sample: Deployment) -> None:
    made = load(sample.config, sample.flows, {}, secrets=False)
    (only,) = made.pbxs
    assert (only.id, only.ari, only.ami, only.recordings) == (ONLY_PBX, made.ari, made.ami, made.recordings.dir)
    assert (only.sip_port, only.rtp_ports) == (5060, (10000, 20000))
    assert made.plan.pbxs == ()
    assert made.plan.trunks[TrunkId("e1")].pbx == ONLY_PBX


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("acd.yaml", "pbx:\n", "ami: {password_env: X}\npbx:\n", "ami: this stands under pbx for each"),
        ("acd.yaml", "pbx:\n", "sip: {port: 5070}\npbx:\n", "sip: this stands under pbx for each"),
        ("acd.yaml", "password_env: SBY_ARI", "user: acd", "pbx.sby.ari: password_env or password_file is missing"),
        ("acd.yaml", "http://10.0.0.2:8088", "10.0.0.2:8088", "pbx.sby.ari.url: must be http://HOST:PORT"),
        ("acd.yaml", "bind: 10.0.0.1", "bind: here", "pbx.jkt.sip.bind: 'here' is no address of this machine"),
        ("acd.yaml", "bind: 10.0.0.1", "bind: 0.0.0.0", "pbx.jkt: address is missing: the others cannot call 0.0.0.0"),
        ("acd.yaml", "bind: 10.0.0.1", "rtp_from: 30000", "pbx.jkt.sip.rtp_to: must be above rtp_from (30000)"),
        ("acd.yaml", "{password_env: PEERS}", "{lost_after: 10s}", "peers.lost_after: must be longer than fallback"),
        ("acd.yaml", "  sby:\n", "  s-by:\n", "must be a name of letters, digits and _ (at most 20)"),
        ("agents.yaml", "pbx: sby", "pbx: sbi", "unknown pbx 'sbi'; did you mean 'sby'"),
        ("agents.yaml", "    pbx: sby\n", "", "pbx is missing: at which of jkt, sby is it?"),
        ("trunks.yaml", "    pbx: jkt\n", "", "trunks.e1: pbx is missing: at which of jkt, sby is it?"),
        ("acd.yaml", "  - trunk: e2\n    dial: PJSIP/{number}@gw2\n", "", "no line goes out at 'sby', so nobody"),
        ("trunks.yaml", "pbx: sby", "pbx: jkt", "overlaps DAHDI/i1 of trunk 'e1'"),
        ("trunks.yaml", "pbx: sby", "pbx: jkt", "192.0.2.10 already belongs to gateway 'gw1'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(sample: Deployment, file: str, old: str, new: str, message: str) -> None:
    divide(sample)
    sample.change(file, old, new)
    found = mistakes(sample)
    assert any(message in mistake for mistake in found), found


def test_a_single_one_is_not_named(sample: Deployment) -> None:
    sample.change("trunks.yaml", "    capacity: 30", "    capacity: 30\n    pbx: jkt")
    assert any("trunks.e1.pbx: there is one Asterisk only" in mistake for mistake in mistakes(sample))


def test_one_of_several_is_too_few(sample: Deployment) -> None:
    divide(sample)
    text = (sample.config / "acd.yaml").read_text(encoding="utf-8")
    begin, end = text.index("  sby:\n"), text.index("peers:")
    (sample.config / "acd.yaml").write_text(text[:begin] + text[end:], encoding="utf-8")
    assert any("pbx: a single Asterisk stands under ari and ami" in mistake for mistake in mistakes(sample))
