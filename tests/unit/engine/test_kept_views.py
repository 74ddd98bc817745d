"""A view is made anew only where what it shows is another object than at the latest look."""

from __future__ import annotations

from acd.engine.kept_views import KeptViews


def test_what_has_not_changed_is_not_looked_at_again_and_what_is_gone_is_forgotten() -> None:
    looked: list[tuple[object, object]] = []

    def show(thing: list[int], other: object) -> str:
        looked.append((thing, other))
        return f"{thing} {other}"

    views = KeptViews[str, list[int], object, str](show)
    one, two, other = [1], [2], "o"
    assert views.look([("a", one, None), ("b", two, other)]) == ("[1] None", "[2] o")
    assert views.look([("b", two, other), ("a", one, None)]) == ("[2] o", "[1] None")
    assert looked == [(one, None), (two, other)]
    same = [1]
    assert views.look([("a", same, None), ("b", two, None)]) == ("[1] None", "[2] None")
    assert looked[2:] == [(same, None), (two, None)]
    assert views.look([("a", same, None)]) == ("[1] None",)
    assert views.look([("b", two, None), ("a", same, None)]) == ("[2] None", "[1] None")
    assert looked[4:] == [(two, None)]
