"""The schema an editor checks YAML against while it is written."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from acd.settings.schema import KINDS, schema
from tests.unit.settings.conftest import ROOT


class Editor(yaml.BaseLoader):
    """YAML 1.2's core schema, as editors read it: numbers and booleans are themselves, dates and 08:00 are text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape


Editor.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
Editor.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
Editor.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]*\.[0-9]+$"), list("-+0123456789."))
Editor.add_constructor("tag:yaml.org,2002:bool", lambda _, node: node.value.lower() == "true")
Editor.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
Editor.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


def as_an_editor_sees(text: str) -> Any:
    return _keys_as_text(yaml.load(text, Loader=Editor))  # noqa: S506 - a base loader with three scalar types


def _keys_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _keys_as_text(v) for k, v in value.items()}
    return [_keys_as_text(v) for v in value] if isinstance(value, list) else value


def complaints(kind: str, text: str) -> list[str]:
    return [e.message for e in Draft202012Validator(schema(kind)).iter_errors(as_an_editor_sees(text))]


SAMPLES = {
    **{p.stem: p for p in (ROOT / "config").glob("*.yaml")},
    "prompts": ROOT / "ivr_flows" / "prompts.yaml",
    "flow": ROOT / "ivr_flows" / "169.yaml",
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_file_has_a_schema_its_sample_fulfils(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))
    assert complaints(kind, SAMPLES[kind].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("agents", "agents: {a: {name: A, skills: {umum: 6}}}"),
        ("agents", "agents: {a: {name: A, skills: {umum: 1}, skill: x}}"),
        ("trunks", "trunks: {e1: {capacity: many}}"),
        ("queues", "queues: {q: {name: Q, ring_timeout: 20}}"),
        ("queues", "queues: {q: {name: Q, max_length: -1}}"),
        ("access_codes", "access_codes: {16a: {flow: x}}"),
        ("flow", "languages: [id]\nentry: a\nnodes: {a: {kind: answr, next: a}}"),
        ("flow", "languages: [id]\nentry: a\nnodes: {a: {kind: hang_up, cause: 128}}"),
        ("acd", "api: {}\nari: {password: x}\nami: {}\nlanguages: {}"),
        ("acd", "api: {}"),
    ],
)
def test_a_slip_is_seen_by_the_editor_already(kind: str, text: str) -> None:
    assert complaints(kind, text)


def test_a_number_may_stand_where_its_digits_are_meant() -> None:
    assert complaints("access_codes", "access_codes: {169: {flow: 169, also: [021169]}}") == []


def test_a_schema_knows_no_null_and_speaks_of_durations_as_they_are_written() -> None:
    made = {kind: schema(kind) for kind in KINDS}
    assert "null" not in str(made)
    assert made["queues"]["$defs"]["QueueSection"]["properties"]["ring_timeout"]["default"] == "15s"


def test_an_editor_is_told_what_stands_below_a_field_in_the_source_of_the_class_or_its_base() -> None:
    described = schema("queues")["$defs"]["QueueSection"]["properties"]
    assert described["requires"]["description"] == "Skills an agent needs, with the minimum level."
    assert described["policy"]["description"].startswith("How one of the available agents is chosen")
