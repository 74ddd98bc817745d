"""Every kind of node there is in the language is exercised on a real Asterisk, with keys sent in both ways."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

from acd.domain.flow import Node
from acd.settings.flow_file import NodeSection
from tests.asterisk.test_ivr_misbehaving import CHILD, FLOWS

FOLDER = Path(__file__).parents[1] / "asterisk"
KINDS: set[str] = {
    get_args(section.model_fields["kind"].annotation)[0] for section in get_args(get_args(NodeSection)[0])
}
"""As flows name them."""
_ENGINE_SAYS = {"language": "set_language"}


def exercised() -> dict[str, list[str]]:
    """What calls of ``both_ways`` say they lead through, which they verify by the callers' records; by kind."""
    found: dict[str, list[str]] = {}
    for file in sorted(FOLDER.glob("test_*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "both_ways":
                for given in call.keywords:
                    for kind in ast.literal_eval(given.value) if given.arg == "through" else ():
                        found.setdefault(kind, []).append(f"{file.name}:{call.lineno}")
    return found


def test_every_kind_of_node_is_exercised_on_a_real_asterisk_with_keys_sent_in_both_ways() -> None:
    where = exercised()
    assert KINDS - set(where) == set(), "write a test for these with tests.ivr_caller.both_ways(..., through=...)"
    assert set(where) - KINDS == set(), "no kind of node has this name"


def test_the_flows_in_which_callers_hang_up_have_every_kind_of_node() -> None:
    assert {node["kind"] for flow in (CHILD, *FLOWS.values()) for node in flow["nodes"].values()} == KINDS


def test_the_engine_has_the_kinds_that_the_language_has() -> None:
    engine = {kind.__dataclass_fields__["kind"].default for kind in get_args(Node)}
    assert {_ENGINE_SAYS.get(kind, kind) for kind in engine} == KINDS
