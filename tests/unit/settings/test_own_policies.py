"""An operator's own module decides like one of ours, from the configuration to the phone that rings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acd.domain.commands import Originate
from acd.domain.ids import ContactId
from acd.engine.core import Engine
from acd.engine.matching import STANDARD
from acd.settings import load
from acd.settings.own_policies import agent_policy, policies_for
from tests.engine_kit import Bench, agent_plan, make_plan, with_queue
from tests.unit.settings.conftest import Deployment

MODULE = '''
class LastOfTheFile:
    """Who stands last in agents.yaml."""

    parts = ("minus_position",)

    def level(self, fit):
        return ()

    def order(self, agent, position):
        return (-position,)


class Newest:
    """Who came last."""

    parts = ("newest",)
    plain = False

    def weigh(self, head, crowd, now):
        return (-head.since,)


class Broken:
    def __init__(self):
        raise RuntimeError("not today")
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "acd_test_own.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "acd_test_own"


def test_an_own_agent_policy_chooses_who_is_rung(module: str) -> None:
    plan = with_queue(make_plan(), "billing", policy=f"{module}:LastOfTheFile")
    bench = Bench(plan, engine=Engine(policies=policies_for))
    bench.login("ana", "budi")
    bench.queued()
    assert bench.one(Originate).device == "PJSIP/budi"


def test_an_own_contact_policy_chooses_who_is_served(module: str) -> None:
    eka = agent_plan("eka", billing=2, tech=2, lang_id=5)
    plan = replace(make_plan(agents={eka.id: eka}), contact_policy=f"{module}:Newest")
    bench = Bench(with_queue(plan, "tech", priority=0), engine=Engine(policies=policies_for))
    bench.queued("1")
    bench.sleep(1.0)
    late = bench.queued("2")
    bench.login("eka")
    assert bench.one(Originate).contact_id == ContactId(late)


def test_a_configuration_may_name_an_own_policy(sample: Deployment, module: str) -> None:
    requires = "    requires: {lkpm: 2}\n"
    sample.change("queues.yaml", requires, f"{requires}    policy: {module}:LastOfTheFile\n")
    plan = load(sample.config, sample.flows, {}, secrets=False).plan
    assert f"{module}:LastOfTheFile" in policies_for(plan).agent


def test_what_cannot_be_loaded_has_words_and_is_left_out(module: str) -> None:
    assert agent_policy(f"{module}:Broken") == f"cannot load {module}:Broken: RuntimeError: not today"
    plan = with_queue(replace(make_plan(), contact_policy="no_module:X"), "billing", policy=f"{module}:Broken")
    assert policies_for(plan) == STANDARD
