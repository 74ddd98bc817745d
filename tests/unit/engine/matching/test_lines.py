"""Lines keep their best entry at hand, whoever comes and goes."""

from __future__ import annotations

from acd.engine.matching.lines import NOBODY, Lines, NumberedLines


def lines(*entries: tuple[float, str]) -> Lines:
    made = Lines()
    made.add()
    made.add()
    for entry in entries:
        made.put(1, entry)
    return made


def test_the_head_is_the_lowest_entry_and_a_bit_tells_which_lines_have_one() -> None:
    made = lines((2.0, "b"), (1.0, "c"), (1.0, "a"))
    assert made.heads == [NOBODY, (1.0, "a")]
    assert made.filled == 0b10
    assert made.entries(1) == [(1.0, "a"), (1.0, "c"), (2.0, "b")]
    assert made.entry(1, "c") == (1.0, "c")


def test_taking_the_head_uncovers_the_next_who_is_still_there() -> None:
    made = lines((1.0, "a"), (2.0, "b"), (3.0, "c"))
    made.take(1, "b")
    made.take(1, "a")
    assert made.heads[1] == (3.0, "c")
    made.take(1, "c")
    assert (made.heads[1], made.filled, made.count(1)) == (NOBODY, 0, 0)


def test_taking_somebody_who_is_not_there_is_no_matter() -> None:
    made = lines((1.0, "a"))
    made.take(0, "a")
    made.take(1, "z")
    assert made.heads[1] == (1.0, "a")


def test_an_entry_replaces_the_one_of_the_same_id_to_the_front_and_to_the_back() -> None:
    made = lines((2.0, "a"), (3.0, "b"))
    made.put(1, (1.0, "b"))
    assert made.heads[1] == (1.0, "b")
    made.put(1, (9.0, "b"))
    assert made.heads[1] == (2.0, "a")
    made.put(1, (8.0, "b"))
    made.put(1, (8.0, "b"))
    assert made.entries(1) == [(2.0, "a"), (8.0, "b")]


def test_the_dead_are_swept_out_before_they_are_many_more_than_the_living() -> None:
    made = lines((0.0, "head"))
    for number in range(1000):
        made.put(1, (1.0, f"x{number}"))
        made.take(1, f"x{number}")
    assert len(made._heaps[1]) < 100
    assert made.entries(1) == [(0.0, "head")]


def test_the_best_besides_some_others_is_found_even_behind_the_head() -> None:
    made = lines((1.0, "a"), (2.0, "b"), (3.0, "c"))
    assert made.best_besides(1, ()) == (1.0, "a")
    assert made.best_besides(1, ("a", "b")) == (3.0, "c")
    assert made.best_besides(1, ("a", "b", "c")) is None
    assert made.best_besides(0, ("a",)) is None


def test_members_of_a_numbered_line_are_found_by_their_place_among_the_ids() -> None:
    made = NumberedLines()
    made.add()
    for who in ("c", "a", "b", "a"):
        made.put(0, (0, who))
    assert [made.member(0, place, ()) for place in range(3)] == ["a", "b", "c"]
    assert made.member(0, 1, ("a",)) == "c"
    made.take(0, "b")
    made.take(0, "b")
    assert made.member(0, 1, ()) == "c"
