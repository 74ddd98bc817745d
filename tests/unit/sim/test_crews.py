"""Who is at work when."""

from __future__ import annotations

from acd.domain.ids import AgentId
from acd.sim.crews import Absence, Roster, crews

NOON, ONE, TWO = 43200.0, 46800.0, 50400.0


def rosters(*sizes: int) -> list[Roster]:
    return [
        Roster(f"g{n}", tuple(AgentId(f"g{n}-{i}") for i in range(size)), ((0.0, size),))
        for n, size in enumerate(sizes)
    ]


def test_numbers_change_with_the_periods() -> None:
    roster = Roster("G", tuple(AgentId(str(n)) for n in range(9)), ((0.0, 6), (3600.0, 9), (9000.0, 5)))
    assert crews([roster], (), 0.0, 12600.0)[0].staffing == ((0.0, 6), (3600.0, 9), (9000.0, 5))


def test_a_share_is_spread_over_all_agents_in_their_order() -> None:
    away = Absence(NOON, TWO, share=0.5)
    made = crews(rosters(1, 1, 1, 1, 4), [away], NOON, TWO)
    assert [crew.staffing[0][1] for crew in made] == [1, 0, 1, 0, 2]


def test_named_agents_are_away_by_their_own_name_or_by_that_of_their_group() -> None:
    made = crews(rosters(2, 3), [Absence(NOON, TWO, frozenset({"g0-1", "g1"}))], NOON, TWO)
    assert [crew.staffing[0][1] for crew in made] == [1, 0]


def test_who_is_away_comes_back() -> None:
    made = crews(rosters(2), [Absence(NOON, ONE, share=1.0)], NOON - 600, TWO)
    assert made[0].staffing == ((NOON - 600, 2), (NOON, 0), (ONE, 2))


def test_waves_follow_each_other_and_everybody_is_in_one() -> None:
    made = crews(rosters(1, 1, 1), [Absence(NOON, TWO, waves=3)], NOON - 600, TWO + 600)
    gone = [[time for time, count in crew.staffing if count == 0] for crew in made]
    back = [[time for time, count in crew.staffing if count == 1][1:] for crew in made]
    assert gone == [[NOON], [NOON + 2400], [NOON + 4800]]
    assert back == [[NOON + 2400], [NOON + 4800], [TWO]]


def test_breaks_are_of_every_day() -> None:
    day = 86400.0
    made = crews(rosters(1), [Absence(NOON, ONE, share=1.0)], NOON, 2 * day)
    assert made[0].staffing == ((NOON, 0), (ONE, 1), (NOON + day, 0), (ONE + day, 1))
