"""Who may take what, and how well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.ids import QueueId
from acd.domain.plan import Capacity, Medium
from acd.engine.matching.facts import Requirement
from acd.engine.matching.fit import HELPERS_FROM, Fit, Group, fit, group_of, room
from tests.engine_kit import agent_plan, levels

BILLING, TECH, VIP = QueueId("billing"), QueueId("tech"), QueueId("vip")
BLENDED = (Capacity("voice", 1, ("email",)), Capacity("email", 2), Capacity("whatsapp", 2, ("email",)))


def plan(*queues: str, tiers: dict[str, int] | None = None, **skills: int) -> Group:
    levelled = {QueueId(queue): tier for queue, tier in (tiers or {}).items()}
    return group_of(replace(agent_plan("ana", *queues), skills=levels(**skills), tiers=levelled))


@pytest.mark.parametrize(
    ("skills", "requires", "expected"),
    [
        ({"a": 3}, {"a": 3}, Fit(1, 0, 3)),
        ({"a": 3}, {"a": 4}, "a 3, needs 4"),
        ({"a": 3}, {"a": 1, "b": 1}, "has no b"),
        ({"a": 3, "b": 5}, {"a": 1, "b": 1}, Fit(1, 0, 8)),
        ({"a": 3}, {}, Fit(1, 0, 0)),
    ],
)
def test_an_agent_needs_every_minimum_and_the_sum_says_how_well_it_fits(
    skills: dict[str, int], requires: dict[str, int], expected: Fit | str
) -> None:
    agent = group_of(replace(agent_plan("ana"), skills=levels(**skills)))
    assert fit(agent, Requirement(BILLING, levels(**requires))) == expected


def test_preferred_skills_are_counted_but_not_needed() -> None:
    need = Requirement(BILLING, (), levels(a=2, b=4))
    assert fit(plan(a=2, b=3), need) == Fit(1, 1, 0)
    assert fit(plan(c=1), need) == Fit(1, 0, 0)


@pytest.mark.parametrize(
    ("queues", "tiers", "tier", "helpers", "expected"),
    [
        ((), {}, 1, (), 1),
        (("billing",), {}, None, (), 1),
        (("tech",), {}, None, (), "not in billing"),
        (("billing",), {"billing": 3}, None, (), 3),
        (("billing",), {"billing": 3}, 3, (), 3),
        (("billing",), {"billing": 3}, 2, (), "serves billing only at a level not asked yet"),
        (("tech",), {"tech": 2}, None, ("tech",), HELPERS_FROM + 2),
        (("tech", "vip"), {"tech": 2}, None, ("tech", "vip"), HELPERS_FROM + 1),
        (("billing", "tech"), {"billing": 3}, 1, ("tech",), HELPERS_FROM + 1),
    ],
)
def test_queues_are_served_at_levels_and_helpers_come_after_all_of_them(
    queues: tuple[str, ...],
    tiers: dict[str, int],
    tier: int | None,
    helpers: tuple[str, ...],
    expected: int | str,
) -> None:
    how = fit(plan(*queues, tiers=tiers), Requirement(BILLING, (), (), tier, tuple(map(QueueId, helpers))))
    assert (how if isinstance(how, str) else how.tier) == expected


def test_agents_alike_are_one_group_however_their_skills_are_written() -> None:
    assert group_of(agent_plan("ana", "tech", "billing", a=1, b=2)) == group_of(
        agent_plan("budi", "billing", "tech", b=2, a=1)
    )


@pytest.mark.parametrize(
    ("load", "more"),
    [
        ((), ("voice", "email", "whatsapp")),
        (("email",), ("voice", "email", "whatsapp")),
        (("email", "email"), ("voice", "whatsapp")),
        (("voice",), ()),
        (("voice", "email"), ()),
        (("whatsapp",), ("whatsapp",)),
        (("whatsapp", "whatsapp"), ()),
    ],
)
def test_one_more_contact_fits_if_its_medium_has_room_beside_the_others(
    load: tuple[Medium, ...], more: tuple[str, ...]
) -> None:
    assert room(BLENDED, load) == more


def test_an_agent_without_a_capacity_takes_one_call_and_nothing_else() -> None:
    assert room((), ()) == ("voice",)
    assert room((), ("voice",)) == ()
