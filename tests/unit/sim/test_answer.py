"""The answer: its form, its sums, and the same bytes for the same seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acd.sim.answer import answer
from acd.sim.scenario import Scenario, load
from acd.sim.study import expected, study

SCENARIO = """\
name: two groups
seed: 7
replications: 12
periods: [60m, 90m, 60m]
day_factor: {distribution: gamma, shape: 40, mean: 1}
target: 20s
trunks: {capacity: 14}
contacts:
  - {name: A, requires: {a: 1}, arrivals_per_minute: [2.0, 3.5, 1.5],
     service: {distribution: exponential, mean: [3m, 200s, 150s]},
     patience: {distribution: gamma, shape: 2, mean: 4m}, priority: 0}
  - {name: B, requires: {b: 1}, arrivals_per_minute: 0.5, service: {distribution: lognormal, mean: 3m}}
agents:
  - {name: G, count: [6, 14, 5], skills: {a: 5, b: 3}}
  - {name: H, count: 1, skills: {b: 5}}
what_if:
  - {name: more, add: [{like: G, count: 2}]}
"""
DIGEST = "e20068fcbc0219fc2285f5410dc1cb81060d7d635ae1755b3c15545a1d82e884"
FIGURES = [
    "offered", "served", "abandoned", "blocked", "answered_within_target", "service_level", "service_level_forms",
    "wait_all_mean", "wait_served_mean", "wait_p50", "wait_p90", "wait_p99",
]  # fmt: skip


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return load(path)


def found(scenario: Scenario, jobs: int = 1) -> dict[str, Any]:
    return answer(scenario, jobs=jobs).as_json()


def test_the_form_is_the_published_one(scenario: Scenario) -> None:
    made = found(replace(scenario, what_if=()))
    assert list(made) == ["scenario", "seed", "replications", "total", "contacts", "agents"]
    assert list(made["total"]) == FIGURES
    assert list(made["contacts"]) == ["A", "B"]
    assert list(made["contacts"]["A"]) == [*FIGURES, "periods"]
    assert [list(period) for period in made["contacts"]["A"]["periods"]] == [FIGURES] * 3
    assert list(made["agents"]) == ["G", "H"]
    assert list(made["agents"]["G"]) == ["occupancy"]
    assert list(made["total"]["service_level_forms"]) == [
        "of_answered", "of_ended", "early_abandons_good", "early_abandons_ignored", "of_offered",
        "permenkominfo_16_2013",
    ]  # fmt: skip
    assert set(made["total"]["offered"]) == {"mean", "ci95"}


def test_the_same_seed_gives_the_same_bytes(scenario: Scenario) -> None:
    """The digest was written down once: another machine must come to it too."""
    text = json.dumps(found(scenario))
    assert text == json.dumps(found(scenario))
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST
    assert json.dumps(found(replace(scenario, seed=8))) != text


def test_several_processes_give_the_same_answer(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.sim.study._PER_JOB", 1)
    told: list[int] = []
    alone = study(scenario.model, 7, 6)
    assert study(scenario.model, 7, 6, jobs=2, done=told.append) == alone
    assert told == [1, 2, 3, 4, 5, 6]


def test_everybody_offered_is_accounted_for(scenario: Scenario) -> None:
    made = found(scenario)["total"]
    parts = [made[name]["mean"] for name in ("served", "abandoned", "blocked")]
    assert sum(parts) == pytest.approx(made["offered"]["mean"], abs=1e-5)
    assert made["blocked"]["mean"] > 0
    assert made["abandoned"]["mean"] > 0


def test_periods_add_up_to_the_kind_and_kinds_to_the_total(scenario: Scenario) -> None:
    made = found(scenario)
    for name in ("offered", "served", "abandoned", "blocked", "answered_within_target"):
        for kind in made["contacts"].values():
            periods = sum(period[name]["mean"] for period in kind["periods"])
            assert periods == pytest.approx(kind[name]["mean"], abs=1e-5)
        kinds = sum(kind[name]["mean"] for kind in made["contacts"].values())
        assert kinds == pytest.approx(made["total"][name]["mean"], abs=1e-5)


def test_arrivals_are_as_many_as_the_rates_say(scenario: Scenario) -> None:
    model = replace(scenario.model, day_factor=None)
    assert expected(model) == pytest.approx(120 + 315 + 90 + 105)
    made = found(replace(scenario, model=model, replications=60, what_if=()))["total"]["offered"]
    assert made["mean"] == pytest.approx(630, abs=2 * made["ci95"])


def test_a_what_if_meets_the_same_contacts_and_says_what_changed(scenario: Scenario) -> None:
    made = found(scenario)
    (more,) = made["what_if"]
    assert more["name"] == "more"
    assert more["total"]["offered"] == made["total"]["offered"]
    assert more["difference"]["total"]["offered"] == {"mean": 0.0, "ci95": 0.0}
    change = more["difference"]["total"]["service_level"]
    assert change["mean"] == pytest.approx(
        more["total"]["service_level"]["mean"] - made["total"]["service_level"]["mean"], abs=2e-6
    )
    assert change["mean"] - change["ci95"] > 0
    assert list(more["agents"]) == ["G", "H", "G+2"]
    assert more["difference"]["agents"]["G+2"]["occupancy"] == {"mean": None, "ci95": None}


def test_contacts_who_come_on_some_days_more_than_on_others_vary_more(scenario: Scenario) -> None:
    same = replace(scenario, model=replace(scenario.model, day_factor=None), what_if=(), replications=60)
    varied = replace(scenario, what_if=(), replications=60)
    assert found(varied)["total"]["offered"]["ci95"] > 1.5 * found(same)["total"]["offered"]["ci95"]
