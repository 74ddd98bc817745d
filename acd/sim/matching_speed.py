"""How fast matching is: one decision with the arrival that asks for it, among many agents and many who wait.

Decides what is measured: 256 groups of agents by skills, 512 different requirements, in two moments of a day. While
100,000 contacts wait, an agent comes free and gets the best of them, and another contact takes its place. While agents
are idle, a contact comes and gets the best of them, who is back soon. Timed is what lies between the arrival and the
decision; what follows from the decision is told to the router, too, but not on anybody's way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import TypeAlias

from acd.domain.ids import AgentId, ContactId, QueueId, SkillId
from acd.domain.plan import AgentPlan, Plan, QueuePlan
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import AgentFacts, Choice, Requirement
from acd.engine.matching.lots import draw
from acd.engine.matching.router import Router

GROUPS = 256
REQUIREMENTS = 512
SKILLS = 24
QUEUES = 16
WAITING = 100_000
TURNS = 20_000


Turns: TypeAlias = Generator[Callable[[], Choice | None], Choice | None, None]
"""What is timed, one after the other; each is sent what came of it."""


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds of one turn."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class MatchingSpeed:
    """What was measured with one number of agents."""

    agents: int
    freed: Times
    """An agent comes free while contacts wait."""
    arrived: Times
    """A contact comes while agents are idle."""


def _skills(seed: str, known: int) -> tuple[SkillLevel, ...]:
    chosen: dict[str, int] = {}
    number = 0
    while len(chosen) < known:
        number += 1
        chosen[f"s{draw(seed, number, SKILLS):02}"] = 1 + draw(seed, -number, 5)
    return tuple(SkillLevel(SkillId(skill), level) for skill, level in sorted(chosen.items()))


def plan_of_many(agents: int, policy: str) -> Plan:
    """Make a plan of agents in as many groups, each group with six skills."""
    groups = [_skills(f"group{n}", 6) for n in range(GROUPS)]
    people = (AgentPlan(AgentId(f"a{n:05}"), "", f"PJSIP/a{n}", groups[n % GROUPS]) for n in range(agents))
    queues = (QueuePlan(QueueId(f"q{n}"), "", (), policy=policy) for n in range(QUEUES))
    return Plan("", {a.id: a for a in people}, {q.id: q for q in queues}, {}, {}, {}, {})


def needs_of_many() -> list[Requirement]:
    """Give the different requirements, of one or two skills at low levels, each of which some group meets."""
    found: dict[Requirement, None] = {}
    router = Router(plan_of_many(GROUPS, "longest_idle"))
    number = 0
    while len(found) < REQUIREMENTS:
        number += 1
        asked = _skills(f"need{number}", 1 + number % 2)
        low = tuple(SkillLevel(one.skill, (one.level + 1) // 2) for one in asked)
        need = Requirement(QueueId(f"q{number % QUEUES}"), low)
        if any(not isinstance(router.fit_of(AgentId(f"a{n:05}"), need), str) for n in range(GROUPS)):
            found[need] = None
    return list(found)


def _timed(turns: Turns) -> Times:
    took: list[int] = []
    answer: Choice | None = None
    turn = next(turns, None)
    while turn is not None:
        began = perf_counter_ns()
        answer = turn()
        took.append(perf_counter_ns() - began)
        try:
            turn = turns.send(answer)
        except StopIteration:
            turn = None
    took.sort()
    return Times(took[len(took) // 2] / 1000, took[len(took) * 99 // 100] / 1000)


def measure(agents: int, waiting: int = WAITING, turns: int = TURNS, policy: str = "best_proficiency") -> MatchingSpeed:
    """Measure with so many agents."""
    needs = needs_of_many()
    router = Router(plan_of_many(agents, policy))
    for need in needs:
        router.prepare(need)
    people = [AgentFacts(AgentId(f"a{n:05}"), float(n * 7919 % agents)) for n in range(agents)]
    arrived = _timed(_arrivals(router, needs, people, turns))
    for facts in people:
        router.agent_unavailable(facts.id)
    for number in range(waiting):
        router.contact_waiting(ContactId(f"w{number}"), needs[number * 7919 % REQUIREMENTS], 0, float(number))
    return MatchingSpeed(agents, _timed(_releases(router, needs, people, turns, waiting)), arrived)


def _arrivals(router: Router, needs: list[Requirement], people: list[AgentFacts], turns: int) -> Turns:
    idle = {facts.id: facts for facts in people}
    for facts in people:
        router.agent_available(facts)
    away: deque[AgentId] = deque()
    for turn in range(turns):
        contact, need = ContactId(f"c{turn}"), needs[draw("need", turn, REQUIREMENTS)]
        choice = yield partial(_arrive, router, contact, need, float(turn))
        router.contact_gone(contact)
        if choice is not None:
            router.agent_unavailable(AgentId(choice.id))
            away.append(AgentId(choice.id))
        if len(away) > len(people) // 2:
            router.agent_available(idle[away.popleft()]._replace(idle_since=float(len(people) + turn)))


def _arrive(router: Router, contact: ContactId, need: Requirement, now: float) -> Choice | None:
    choice = router.best_agent(contact, need, 0)
    if choice is None:
        router.contact_waiting(contact, need, 0, now)
    return choice


def _releases(router: Router, needs: list[Requirement], people: list[AgentFacts], turns: int, waiting: int) -> Turns:
    for turn in range(turns):
        facts = people[draw("agent", turn, len(people))]._replace(idle_since=float(turn))
        choice = yield partial(_release, router, facts, float(turn))
        router.agent_unavailable(facts.id)
        if choice is not None:
            router.contact_gone(ContactId(choice.id))
        need = needs[draw("place", turn, REQUIREMENTS)]
        router.contact_waiting(ContactId(f"n{turn}"), need, 0, float(waiting + turn))


def _release(router: Router, facts: AgentFacts, now: float) -> Choice | None:
    router.agent_available(facts)
    return router.best_contact(facts.id, now)
