"""The sample deployment runs as it is, but for what the demonstration says it changes."""

from __future__ import annotations

import re
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from acd.demo.deployment import DATA, LOOPBACK, Deployment, Wishes, free_ports, prepare
from acd.domain.errors import ConfigError, DeployError
from acd.domain.flow_data import HttpNode
from acd.domain.ids import FlowId, NodeId
from acd.settings import load
from acd.store.codec import encode

ROOT = Path(__file__).parents[3]
CONFIG, FLOWS = ROOT / "config", ROOT / "ivr_flows"


def make(folder: Path, wishes: Wishes | None = None) -> Deployment:
    return prepare(folder / "run", CONFIG, FLOWS, wishes or Wishes(), Random(1))


def test_only_what_is_announced_differs_from_the_sample(tmp_path: Path) -> None:
    sample = load(CONFIG, FLOWS, {}, secrets=False).plan
    made = make(tmp_path)
    plan = made.settings.plan
    assert plan.agents == sample.agents
    ours = f"{LOOPBACK}:{made.ports.data}"
    for flow_id, flow in plan.flows.items():
        asked = encode(replace(flow, version="")).replace(ours.encode(), DATA.encode())
        assert asked == encode(replace(sample.flows[flow_id], version=""))
    assert plan.access_codes == sample.access_codes
    assert plan.trunks == sample.trunks
    assert plan.language_skills == sample.language_skills
    for name, queue in plan.queues.items():
        assert queue.requires == sample.queues[name].requires
        assert queue.max_wait_s == sample.queues[name].max_wait_s
        assert queue.service_level_s == sample.queues[name].service_level_s
        assert queue.wrap_up_s == 3.0


def test_flows_ask_the_demonstrations_own_system(tmp_path: Path) -> None:
    asks = {"languages": ["id"], "entry": "a", "nodes": {
        "a": {"kind": "http", "url": f"http://{DATA}/licences/1", "next": "b", "failed": "b"}, "b": {"kind": "hang_up"},
    }}  # fmt: skip
    made = make(tmp_path, Wishes(flows={"asks": asks}))
    (host,) = made.settings.data.hosts
    assert (host.host, host.port, host.internal) == (LOOPBACK, made.ports.data, True)
    node = made.settings.plan.flows[FlowId("asks")].nodes[NodeId("a")]
    assert isinstance(node, HttpNode)
    assert node.url.parts == (f"http://{LOOPBACK}:{made.ports.data}/licences/1",)


def test_it_is_open_at_any_minute_of_any_day(tmp_path: Path) -> None:
    for calendar in make(tmp_path).settings.plan.calendars.values():
        assert {(hours.opens_min, hours.closes_min) for hours in calendar.hours} == {(0, 24 * 60)}
        assert {hours.weekday for hours in calendar.hours} == set(range(1, 8))
        assert calendar.holidays == ()


def test_everything_listens_on_loopback(tmp_path: Path) -> None:
    made = make(tmp_path)
    settings, plan = made.settings, made.plan
    assert settings.api.bind == plan.ari.bind == plan.ami.bind == plan.sip_bind == "127.0.0.1"
    assert [trunk.match for trunk in plan.trunks] == [("127.0.0.2",)]
    assert (plan.ari.port, plan.ami.port, plan.sip_port) == (made.ports.ari, made.ports.ami, made.ports.sip)
    assert made.sip == ("127.0.0.1", made.ports.sip)


def test_secrets_stand_in_no_file_others_can_read(tmp_path: Path) -> None:
    made = make(tmp_path)
    secrets = [made.token, made.env["ACD_ARI_PASSWORD"], *made.phone_passwords.values()]
    assert made.token_file.read_text().strip() == made.token
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    for path in made.folder.rglob("*"):
        if path.is_file() and any(secret in path.read_text(errors="replace") for secret in secrets):
            assert path == made.token_file
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(secret in repr(made) for secret in secrets)


def test_every_run_has_its_own_secrets(tmp_path: Path) -> None:
    one = make(tmp_path / "one")
    other = make(tmp_path / "other")
    assert one.token != other.token
    assert one.env["ACD_AMI_PASSWORD"] != other.env["ACD_AMI_PASSWORD"]
    assert len({*one.phone_passwords.values()}) == len(one.settings.plan.agents)


def test_wishes_are_granted(tmp_path: Path) -> None:
    node = {"kind": "queue", "queue": "q_umum"}
    wishes = Wishes(
        wrap_up_s=0,
        more_agents=2,
        queue={"record": "false"},
        access_codes={"8001": {"flow": "direct"}},
        flows={"direct": {"languages": ["id"], "entry": "agent", "nodes": {"agent": node}}},
    )
    made = make(tmp_path, wishes)
    plan = made.settings.plan
    skills = {skill.skill for skill in plan.agents["more1"].skills}  # type: ignore[index]
    assert skills >= {need.skill for queue in plan.queues.values() for need in queue.requires}
    assert {queue.wrap_up_s for queue in plan.queues.values()} == {0.0}
    assert not any(queue.record for queue in plan.queues.values())
    assert plan.access_codes["8001"].flow == "direct"
    assert "more2" in made.phone_passwords


def test_ports_are_free_and_differ_and_leave_those_the_kernel_gives_out(tmp_path: Path) -> None:
    ports = free_ports(Random(1))
    udp = (ports.sip, ports.phones, ports.callers, ports.more_callers)
    tcp = (ports.api, ports.ari, ports.ami)
    assert len(set(tcp)) == len(tcp)
    assert ports.callers != ports.more_callers
    assert max(*udp, *tcp, ports.phones_rtp + 1000) <= 32768
    assert not set(range(ports.rtp, ports.phones_rtp + 1000)) & {*udp, *tcp}


def test_runs_side_by_side_have_no_port_in_common() -> None:
    def of(which: int) -> set[int]:
        runs = [free_ports(Random(seed), (which, 3)) for seed in range(20)]
        return {port for run in runs for port in (run.api, run.sip, run.data, run.rtp, run.phones_rtp)}

    assert not of(0) & of(1)
    assert not of(1) & of(2)


def test_a_deployment_with_a_mistake_is_refused_with_the_place_of_the_mistake(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    agents = config / "agents.yaml"
    agents.write_text(re.sub(r"lkpm: 5", "lkmp: 5", agents.read_text()))
    with pytest.raises(ConfigError, match=r"agents\.yaml:\d+:\d+: .*lkmp"):
        prepare(tmp_path / "run", config, FLOWS, Wishes(), Random(1))


def test_a_folder_without_a_deployment_is_refused_plainly(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="cannot be used for a run"):
        prepare(tmp_path / "run", tmp_path / "nothing", tmp_path / "nothing", Wishes(), Random(1))


def test_a_trunk_can_be_made_as_wide_as_a_bench_needs(tmp_path: Path) -> None:
    plan = make(tmp_path, Wishes(trunk_capacity=600)).settings.plan
    assert {trunk.capacity for trunk in plan.trunks.values()} == {600}
