"""A copy is what ``dataclasses.replace`` gives, and refuses what it cannot do right."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import pytest

from acd.domain.copies import replace
from acd.domain.ids import AgentId, ContactId
from acd.engine.state import Agent, Contact, Free, InIvr, Position


@dataclass(frozen=True, slots=True)
class Base:
    id: str
    many: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived(Base):
    more: dict[str, int] = field(default_factory=dict)
    kind: str = "derived"


def test_it_equals_what_the_library_makes() -> None:
    position = Position(flow="f", node="n")  # type: ignore[arg-type] # names of a test
    contact = Contact(ContactId("c1"), InIvr(1.0, position), "169", None, "", 1.0)
    for value, changes in (
        (contact, {"offers": 3, "last_node": "n"}),
        (contact, {}),
        (Agent(id=AgentId("a1"), work=Free(1.0)), {"missed": 2}),
        (Derived("x", (1,), {"a": 1}), {"many": (2, 3)}),
    ):
        assert replace(value, **changes) == dataclasses.replace(value, **changes)


def test_the_first_value_stays_as_it_was_and_the_copy_is_frozen_too() -> None:
    first = Derived("x")
    second = replace(first, id="y")
    assert (first.id, second.id, second.kind) == ("x", "y", "derived")
    assert second.more is first.more
    with pytest.raises(dataclasses.FrozenInstanceError):
        second.id = "z"  # type: ignore[misc]


def test_a_field_it_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="Derived has no field 'colour'"):
        replace(Derived("x"), colour="red")  # type: ignore[call-arg]


def test_a_class_that_checks_itself_is_refused_rather_than_copied_unchecked() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        n: int

        def __post_init__(self) -> None:
            assert self.n >= 0

    with pytest.raises(TypeError, match="Checked has a __post_init__"):
        replace(Checked(1), n=2)
