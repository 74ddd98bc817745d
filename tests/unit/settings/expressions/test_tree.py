"""Reading the checker's syntax tree out of protobuf's wire format."""

from __future__ import annotations

from acd.settings.expressions import language, tree


def nodes(source: str) -> dict[int, tree.Node]:
    return tree.read(language.environment({"q.w": "number", "s": "text"}).compile(source).serialize())


def test_every_node_has_its_kind_type_and_place() -> None:
    found = [(n.kind, n.type, n.offset, n.name, n.text) for n in nodes("q.w > 300 && s == 'é'").values()]
    assert found == [
        ("call", "boolean", 10, "", None),
        ("call", "boolean", 4, "", None),
        ("name", "number", 1, "q.w", None),
        ("constant", "number", 6, "", None),
        ("call", "boolean", 15, "", None),
        ("name", "text", 13, "s", None),
        ("constant", "text", 18, "", "é"),
    ]


def test_a_method_has_its_object_as_first_child() -> None:
    root, *_ = tree_of = list(nodes("s.startsWith('a')").values())
    assert root.overloads == ("starts_with_string",)
    assert [child.text for child in tree_of if child.id in root.children] == [None, "a"]


def test_lists_structures_and_loops_are_told_apart() -> None:
    found = nodes("[1] == [] && {} == {} && [1.5].exists(x, x > 1.0)").values()
    assert {(n.kind, n.type) for n in found if n.kind in {"list", "struct", "loop"}} == {
        ("list", "list of number"),
        ("struct", "other"),
        ("loop", "boolean"),
    }
    assert {n.type for n in nodes("[[1.5]]").values()} == {"list of list of fraction", "list of fraction", "fraction"}
    assert {n.type for n in nodes("[1, 's']").values()} == {"list of other", "number", "text"}


def test_fixed_width_fields_are_passed_over() -> None:
    fixed64, fixed32, varint = bytes([1 << 3 | 1]) + bytes(8), bytes([2 << 3 | 5]) + bytes(4), bytes([3 << 3, 0x96, 1])
    found = list(tree._fields(fixed64 + fixed32 + varint))
    assert found == [(1, bytes(8)), (2, bytes(4)), (3, 150)]
