"""The comparison is fair: both sides have the same phones and their turns in balance."""

from __future__ import annotations

from pathlib import Path
from random import Random

from acd.demo.bench_members import MANNER, wishes, with_phones
from acd.demo.bench_sides import APP_QUEUE, CODES, ENGINE, WISHES, order, with_app_queue
from acd.demo.deployment import Deployment, Wishes, prepare

ROOT = Path(__file__).parents[3]


def made(folder: Path, wanted: Wishes) -> Deployment:
    return prepare(folder / "run", ROOT / "config", ROOT / "ivr_flows", wanted, Random(1))


def included(deployment: Deployment, name: str) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in deployment.plan.extra_includes[name])


def test_blocks_alternate_so_that_a_drift_meets_both_alike() -> None:
    turns = order(4)
    assert turns == [APP_QUEUE, ENGINE, ENGINE, APP_QUEUE] * 2
    places = {side: sum(n for n, turn in enumerate(turns) if turn == side) for side in (APP_QUEUE, ENGINE)}
    assert places[APP_QUEUE] == places[ENGINE]


def test_app_queue_has_every_phone_of_the_engine_and_its_own_number(tmp_path: Path) -> None:
    deployment = with_app_queue(made(tmp_path, WISHES), "r")
    lines = included(deployment, "queues.conf").splitlines()
    agents = deployment.settings.plan.agents.values()
    assert sorted(line for line in lines if line.startswith("member ")) == sorted(
        f"member => {a.device}" for a in agents
    )
    assert len(agents) == 30
    assert {"autofill=yes", "retry=1", "ringinuse=no", "wrapuptime=0", "strategy=leastrecent"} <= set(lines)
    assert f"exten => {CODES[APP_QUEUE]},1,Queue(bench,r)" in included(deployment, "extensions.conf")


def test_the_engine_lets_its_agents_be_free_at_once_and_records_nothing(tmp_path: Path) -> None:
    queue = made(tmp_path, WISHES).settings.plan.queues["q_umum"]  # type: ignore[index] # a name of the sample
    assert (queue.wrap_up_s, queue.record) == (0.0, False)


def test_many_members_stand_at_the_phones_address_without_a_password(tmp_path: Path) -> None:
    deployment = with_phones(with_app_queue(made(tmp_path, wishes(200))))
    agents = deployment.settings.plan.agents.values()
    assert len(agents) == 200
    assert all(agent.login_at_start for agent in agents)
    text = included(deployment, "acd_pjsip.conf")
    port = deployment.ports.phones
    assert all(f"contact=sip:{agent.id}@127.0.0.3:{port}\n" in text for agent in agents)
    assert deployment.phone_passwords == {}
    assert not MANNER.registered
    assert [queue.members for queue in deployment.plan.fallback_queues] == [("agent00001",)]
    assert included(deployment, "queues.conf").count("member =>") == 200
