"""Lots look drawn and are the same every time."""

from __future__ import annotations

from acd.engine.matching.lots import draw


def test_a_lot_is_the_same_every_time_and_another_for_another_contact_or_offer() -> None:
    assert [draw("1717383600.1", 0, 1000), draw("1717383600.1", 1, 1000), draw("1717383600.2", 0, 1000)] == [
        draw("1717383600.1", 0, 1000),
        draw("1717383600.1", 1, 1000),
        draw("1717383600.2", 0, 1000),
    ]
    assert len({draw(f"1717383600.{n}", offer, 1 << 40) for n in range(100) for offer in range(3)}) == 300


def test_every_number_below_the_bound_is_drawn_about_equally_often() -> None:
    drawn = [draw(f"1717383600.{n}", 0, 10) for n in range(10_000)]
    counts = [drawn.count(number) for number in range(10)]
    assert sum(counts) == 10_000
    # Chi-square with 9 degrees of freedom: 27.9 is passed by chance once in a thousand.
    assert sum((count - 1000) ** 2 / 1000 for count in counts) < 27.9
