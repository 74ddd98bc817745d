"""Scenario files: what they become, and each mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.domain.errors import ConfigError
from acd.domain.ids import QueueId, SkillId
from acd.domain.plan import RelaxationStep
from acd.domain.skills import SkillLevel
from acd.sim.chance import Empirical, Exponential, Gamma, LogNormal, Uniform
from acd.sim.scenario import load
from acd.sim.study import study

ROOT = Path(__file__).parents[3]
GOOD = """\
name: two groups
seed: 7
replications: 20
warm_up: 0s
periods: [60m, 90m, 60m]
day_factor: {distribution: gamma, shape: 40, mean: 1}
target: 20s
trunks: {capacity: 120}
policy: {agent: best_proficiency, contact: longest_wait}
contacts:
  - {name: A, requires: {a: 1}, arrivals_per_minute: [2.0, 3.5, 1.5],
     service: {distribution: exponential, mean: [3m, 200s, 150s]},
     patience: {distribution: exponential, mean: 4m}, priority: 0}
  - {name: B, requires: {b: 2}, arrivals_per_minute: 0.5, service: {distribution: lognormal, mean: 3m, cv: 0.5}}
agents:
  - {name: G, count: [6, 14, 5], skills: {a: 5, b: 3}}
  - {name: H, count: 2, skills: {b: 5}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [str(m).removeprefix(f"{path}:") for m in caught.value.mistakes]


def test_a_scenario_becomes_queues_kinds_and_crews(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, GOOD))
    model = scenario.model
    assert (scenario.name, scenario.seed, scenario.replications) == ("two groups", 7, 20)
    assert model.periods_s == (3600.0, 5400.0, 3600.0)
    assert model.capacity == 120
    assert model.day_factor == Gamma(40.0, (1.0,))
    first, second = model.kinds
    assert first.rates == (2 / 60, 3.5 / 60, 1.5 / 60)
    assert first.service == Exponential((180.0, 200.0, 150.0))
    assert first.patience == Exponential((240.0,))
    assert second.service == LogNormal(0.5, (180.0,))
    assert second.patience is None
    assert model.crews[0].staffing == ((0.0, 6), (3600.0, 14), (9000.0, 5))
    assert [str(queue) for queue in model.plan.queues] == ["A", "B"]


def test_a_relaxation_becomes_that_of_its_queue(tmp_path: Path) -> None:
    """Nobody knows ``a`` at 5 at first: the group that has it at 3 is enough, for it may take the contact later."""
    text = GOOD.replace("requires: {a: 1}", "requires: {a: 5}, relaxation: [{after: 9s, lower: {a: 3}}]")
    plan = load(write(tmp_path, text.replace("a: 5, b: 3}}", "a: 3, b: 3}}"))).model.plan
    assert plan.queues[QueueId("A")].relaxation == (RelaxationStep(9.0, (SkillLevel(SkillId("a"), 3),)),)


def test_the_policies_asked_for_are_those_of_the_plan(tmp_path: Path) -> None:
    asked = GOOD.replace("{agent: best_proficiency, contact: longest_wait}", "{agent: fixed_order, contact: weight}")
    plan = load(write(tmp_path, asked)).model.plan
    assert {queue.policy for queue in plan.queues.values()} == {"fixed_order"}
    assert plan.contact_policy == "weight"


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (
            "[2.0, 3.5, 1.5]",
            "[2.0, 3.5]",
            ("11:54: contacts[0].arrivals_per_minute: there are 2 rates for 3 periods; give one, or "
            "one each"),
        ),
        ("[6, 14, 5]", "[6, 14]", "16:22: agents[0].count: there are 2 numbers for 3 periods; give one, or one each"),
        (
            "mean: [3m, 200s, 150s]",
            "mean: [3m, 200s]",
            ("12:49: contacts[0].service.mean: there are 2 means for 3 periods; give one, or one "
            "each"),
        ),
        ("requires: {a: 1}", "requires: {c: 1}", "11:26: contacts[0].requires.c: no group has skill 'c'"),
        (
            "requires: {b: 2}",
            "requires: {a: 5, b: 5}",
            ("14:25: contacts[1].requires: no group has these skills at these "
            "levels"),
        ),
        ("requires: {a: 1}, ", "", "11:5: contacts[0]: requires is missing: the skills an agent needs, such as {a: 1}"),
        ("name: B", "name: A", "14:12: contacts[1].name: 'A' stands twice"),
        (
            "distribution: lognormal",
            "distribution: normal",
            ("14:83: contacts[1].service.distribution: 'normal' is none of exponential, gamma, "
            "lognormal, deterministic, uniform, empirical; did you mean 'lognormal'?"),
        ),
        ("{distribution: lognormal, mean", "{mean", "14:68: contacts[1].service: distribution is missing"),
        (
            "mean: 3m, cv: 0.5",
            "mean: 3",
            ("14:100: contacts[1].service.mean: a duration needs its unit: 3s for seconds, 3m for "
            "minutes"),
        ),
        ("cv: 0.5", "cv: 0", "14:108: contacts[1].service.cv: must be more than 0"),
        ("seed: 7", "seed: x", "2:7: seed: must be a whole number, not 'x'"),
        ("warm_up: 0s", "warm_up: 4h", "4:10: warm_up: must be shorter than all periods together"),
        (
            "agent: best_proficiency",
            "agent: best_profiency",
            ("9:17: policy.agent: unknown policy 'best_profiency'; did you mean "
            "'best_proficiency'?"),
        ),
        ("capacity: 120", "capacty: 120", "8:10: trunks.capacty: unknown key; did you mean 'capacity'?"),
        (
            "arrivals_per_minute: 0.5",
            "arrivals_per_minute: -1",
            ("14:54: contacts[1].arrivals_per_minute: must be at least "
            "0"),
        ),
        (
            "requires: {b: 2}",
            "requires: {b: 2}, relaxation: [{after: 9s, lower: {a: 1}}]",
            "contacts[1].relaxation[0].lower.a: 'a' is not required",
        ),
        (
            "requires: {b: 2}",
            "requires: {b: 2}, relaxation: [{after: 9s}, {after: 9s, lower: {b: 0}}]",
            "contacts[1].relaxation[1].after: must be later than the step before",
        ),
        (
            "requires: {b: 2}",
            "requires: {b: 2}, relaxation: [{after: 9s, lower: {b: 6}}]",
            "contacts[1].relaxation[0].lower.b: must be at most 5, not '6'",
        ),
        (
            "requires: {b: 2}",
            "queue: q_lkpm, requires: {b: 2}",
            ("14:22: contacts[1].queue: only a scenario with config can name "
            "this"),
        ),
        (
            "{distribution: lognormal, mean: 3m, cv: 0.5}",
            "{distribution: uniform, low: 3m, high: 2m}",
            ("14:107: contacts[1].service.high: must not be below "
            "low"),
        ),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line_and_column(tmp_path: Path, old: str, new: str, mistake: str) -> None:
    assert old in GOOD
    assert any(mistake in found for found in mistakes(tmp_path, GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("text", "seconds"), [("187.3s", 187.3), ("1h30m", 5400.0), ("0.5m", 30.0), ("250ms", 0.25), ("100h", 360000.0)]
)
def test_times_may_have_decimals_and_be_longer_than_a_day(tmp_path: Path, text: str, seconds: float) -> None:
    model = load(write(tmp_path, GOOD.replace("mean: 3m, cv: 0.5", f"mean: {text}, cv: 0.5"))).model
    assert model.kinds[1].service == LogNormal(0.5, (seconds,))


@pytest.mark.parametrize("text", ["0.123456789012345", "1e-1", ".5", "2."])
def test_numbers_are_taken_as_people_write_them(tmp_path: Path, text: str) -> None:
    changed = GOOD.replace("arrivals_per_minute: 0.5", f"arrivals_per_minute: {text}")
    assert load(write(tmp_path, changed)).model.kinds[1].rates == (float(text) / 60,)


def test_several_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path, GOOD.replace("[6, 14, 5]", "[6]").replace("warm_up: 0s", "warm_up: 9h").replace("a: 5", "c: 5")
    )
    assert [one.split(":")[0] for one in found] == ["4", "11"]


def test_measured_values_come_from_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("id,seconds\n1,100\n2,300\n\n3,50.5\n", encoding="utf-8")
    measured = "service: {distribution: empirical, file: calls.csv, column: seconds}"
    text = GOOD.replace("service: {distribution: lognormal, mean: 3m, cv: 0.5}", measured)
    assert load(write(tmp_path, text)).model.kinds[1].service == Empirical((100.0, 300.0, 50.5))
    (tmp_path / "calls.csv").write_text("seconds\n100\n300\n", encoding="utf-8")
    text = text.replace(", column: seconds", "")
    assert load(write(tmp_path, text)).model.kinds[1].service == Empirical((100.0, 300.0))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "holds no values"),
        ("seconds\n1\nmany\n", "row 3 of it holds no number of 0 or more"),
        ("-1\n2\n", "row 2"),
    ],
)
def test_a_csv_file_that_cannot_be_used_is_a_mistake(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "calls.csv").write_text(content, encoding="utf-8")
    measured = "{distribution: empirical, file: calls.csv}"
    text = GOOD.replace("{distribution: lognormal, mean: 3m, cv: 0.5}", measured)
    if content == "-1\n2\n":
        assert load(write(tmp_path, text)).model.kinds[1].service == Empirical((2.0,))  # -1 is taken for a heading
        return
    assert any("contacts[1].service.file" in one and why in one for one in mistakes(tmp_path, text))


def test_a_column_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("id,seconds\n1,100\n", encoding="utf-8")
    measured = "{distribution: empirical, file: calls.csv, column: second}"
    found = mistakes(tmp_path, GOOD.replace("{distribution: lognormal, mean: 3m, cv: 0.5}", measured))
    assert found[0].endswith("contacts[1].service.column: no such column; there are id, seconds")


def test_a_uniform_time_and_a_day_as_measured(tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text("0.8\n1.2\n", encoding="utf-8")
    text = GOOD.replace("{distribution: gamma, shape: 40, mean: 1}", "{distribution: empirical, file: days.csv}")
    text = text.replace("{distribution: lognormal, mean: 3m, cv: 0.5}", "{distribution: uniform, low: 1m, high: 2m}")
    model = load(write(tmp_path, text)).model
    assert model.day_factor == Empirical((0.8, 1.2))
    assert model.kinds[1].service == Uniform(60.0, 120.0)


# ---------------------------------------------------------------- what if


def test_what_ifs_change_a_copy_and_leave_the_traffic_alone(tmp_path: Path) -> None:
    text = (
        GOOD
        + """
what_if:
  - {name: more, add: [{like: G, count: 2}, {like: b}]}
  - {name: lunch, absent: [{from: 00:30, to: 01:00, share: 50%}]}
  - {name: busy, arrivals: 1.5, trunks: {capacity: 4}, policy: {contact: best_skill_first}}
"""
    )
    scenario = load(write(tmp_path, text))
    more, lunch, busy = (one.model for one in scenario.what_if)
    assert [(crew.name, len(crew.members)) for crew in more.crews] == [("G", 14), ("H", 2), ("G+2", 2), ("b+1", 1)]
    added = more.plan.agents[more.crews[3].members[0]]
    assert {skill.skill: skill.level for skill in added.skills} == {"b": 5}
    assert lunch.crews[0].staffing == ((0.0, 6), (1800.0, 3), (3600.0, 14), (9000.0, 5))
    assert lunch.crews[1].staffing == ((0.0, 2), (1800.0, 1), (3600.0, 2))
    assert busy.capacity == 4
    assert busy.plan.contact_policy == "best_skill_first"
    assert busy.kinds[1].rates == (0.5 * 1.5 / 60,)
    assert more.kinds == scenario.model.kinds == lunch.kinds


@pytest.mark.parametrize(
    ("what", "mistake"),
    [
        ("add: [{like: I}]", "what_if[0].add[0].like: unknown agent, group or skill 'I'"),
        ("absent: [{from: 01:00, to: 00:30, share: 50%}]", "what_if[0].absent[0].to: must be later than from"),
        ("absent: [{from: 00:30, to: 01:00}]", "what_if[0].absent[0]: needs one of share, agents and waves"),
        (
            "absent: [{from: 00:30, to: 01:00, agents: [K]}]",
            "what_if[0].absent[0].agents[0]: unknown agent or group 'K'",
        ),
        ("absent: [{from: 00:30, to: 25:00, waves: 2}]", "what_if[0].absent[0].to: must be a time of day"),
        (
            "policy: {contact: longest}",
            "what_if[0].policy.contact: unknown policy 'longest'; did you mean 'longest_wait'?",
        ),
        ("config: nowhere", "what_if[0].config: this deployment has mistakes"),
    ],
)
def test_mistakes_in_a_what_if(tmp_path: Path, what: str, mistake: str) -> None:
    found = mistakes(tmp_path, f"{GOOD}what_if:\n  - {{name: w, {what}}}\n")
    assert any(mistake in one for one in found), found


# ---------------------------------------------------------------- of a deployment


def test_the_sample_scenario_takes_queues_agents_and_trunks_from_the_sample_deployment() -> None:
    scenario = load(ROOT / "config/scenarios/hari_kerja.yaml")
    model = scenario.model
    assert len(model.crews) == len(model.plan.agents) == 24
    assert model.capacity == 30
    lkpm = next(kind for kind in model.kinds if kind.name == "lkpm")
    assert [(skill.skill, skill.level) for skill in lkpm.need.skills] == [("lang_id", 1), ("lkpm", 2)]
    assert lkpm.node is not None
    assert next(kind for kind in model.kinds if kind.name == "pengaduan").priority == 10
    assert all((39600.0 <= time <= 46800.0) or count for crew in model.crews for time, count in crew.staffing)


def test_two_more_agents_in_lkpm_lift_its_service_level_and_half_at_lunch_lowers_it_from_11_to_13() -> None:
    scenario = load(ROOT / "config/scenarios/hari_kerja.yaml")
    more, lunch = scenario.what_if
    assert (more.name, lunch.name) == ("two more agents in LKPM", "half the agents at lunch from 11 to 13")
    copied = more.model.plan.agents[more.model.crews[-1].members[0]]
    assert copied.skills == more.model.plan.agents[next(a for a in more.model.plan.agents if a == "agent120")].skills
    assert len(more.model.crews[-1].members) == 2

    def missed(variant: object, kinds: slice, periods: slice) -> int:
        outcomes = study(variant, 1, 8).outcomes  # type: ignore[arg-type]
        return sum(
            count.offered - count.answered_in
            for o in outcomes
            for _, parts in o.kinds[kinds]
            for count in parts[periods]
        )

    names = [kind.name for kind in scenario.model.kinds]
    lkpm = slice(names.index("lkpm"), names.index("lkpm") + 1)
    assert missed(more.model, lkpm, slice(0, 9)) < missed(scenario.model, lkpm, slice(0, 9))
    assert missed(lunch.model, slice(0, 99), slice(3, 5)) > missed(scenario.model, slice(0, 99), slice(3, 5))


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("queue: q_lkpm", "queue: q_lkm", "unknown queue 'q_lkm'; did you mean 'q_lkpm'?"),
        ("queue: q_lkpm\n    language: id", "queue: q_lkpm\n    language: jv", "no language that needs a skill: 'jv'"),
        ("queue: q_lkpm", "requires: {lkpm: 2}", "queue is missing"),
        ("config: ..  ", "config: ../nowhere  ", "config: this deployment has mistakes"),
    ],
)
def test_mistakes_in_what_a_scenario_says_of_the_deployment(tmp_path: Path, old: str, new: str, mistake: str) -> None:
    text = (ROOT / "config/scenarios/hari_kerja.yaml").read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1).replace("config: ..", f"config: {ROOT}/config")
    assert any(mistake in one for one in mistakes(tmp_path, text))


def test_an_operators_own_policy_can_be_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "class Last:\n    parts = ('position',)\n    def level(self, fit):\n        return ()\n"
    module += "    def order(self, agent, position):\n        return (-position,)\n"
    (tmp_path / "house_policies.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    asked = GOOD.replace("agent: best_proficiency", "agent: 'house_policies:Last'").replace(
        "count: [6, 14, 5]", "count: 4"
    )
    last = study(load(write(tmp_path, asked)).model, 1, 2)
    first = study(load(write(tmp_path, asked.replace("house_policies:Last", "fixed_order"))).model, 1, 2)
    # G and H both know b; the policy that asks the last of the list first gives more of it to H.
    assert sum(o.crews[1][0] for o in last.outcomes) > sum(o.crews[1][0] for o in first.outcomes)
    assert any("cannot load" in one for one in mistakes(tmp_path, asked.replace(":Last", ":Least")))
