"""More than a hundred flows that are wrong in one place: each is refused with a message that names that line."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from acd.domain.errors import ConfigError, Mistake
from acd.settings.yaml_marks import Path_, parse
from tests.fuzz.small import FLOWS, Small

FILE = "ivr_flows/utama.yaml"
GOOD = FLOWS["utama.yaml"]


def slips() -> list[tuple[str, str, str, str]]:
    """Lines ``what stands there ¦ what is made of it ¦ a part of the message ¦ a part of the line it names``.

    Without the last it names the line of the change.
    """
    rows = []
    for line in (Path(__file__).parent / "malformed.txt").read_text(encoding="utf-8").splitlines():
        old, new, part, *at = (text.encode("latin-1").decode("unicode_escape") for text in line.split(" ¦ "))
        rows.append((old, new, part, at[0] if at else ""))
    return rows


SLIPS = slips()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("small"))


def mistakes(small: Small, text: str) -> tuple[Mistake, ...]:
    with pytest.raises(ConfigError) as caught:
        small.load_with(FILE, text.encode("utf-8", "surrogatepass"))
    return caught.value.mistakes


def told(found: tuple[Mistake, ...], line: int, part: str) -> bool:
    here = [m for m in found if m.line == line and Path(m.file).name == Path(FILE).name]
    return any(part in f"{m.path}: {m.message}" for m in here)


@pytest.mark.parametrize(("old", "new", "part", "at"), SLIPS, ids=[f"{old[:25]}->{new[:25]}" for old, new, *_ in SLIPS])
def test_a_slip_is_told_with_its_line(small: Small, old: str, new: str, part: str, at: str) -> None:
    assert GOOD.count(old) == 1, old
    text = GOOD.replace(old, new)
    stands = text.index(at) if at else GOOD.index(old)
    line = text.count("\n", 0, stands) + 1
    found = mistakes(small, text)
    assert told(found, line, part), f"line {line}: {part} is none of {[str(m) for m in found]}"


# ---------------------------------------------------------------- made by rule, of every node and key

TREE: dict[str, Any] = yaml.load(GOOD, yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings only
NEEDED = {
    "answer": ["next"], "play": ["prompts", "next"], "say": ["items", "next"], "menu": ["choices", "failed"],
    "collect": ["variable", "next", "failed"], "hours": ["calendar", "open", "closed", "holiday"],
    "set_language": ["language", "next"], "queue": ["queue"], "transfer": ["context", "extension", "number", "gateway"],
    "set": ["set", "next"],
    "branch": ["cases", "otherwise"], "wait": ["seconds", "next"], "subflow": ["flow", "next"],
    "lookup": ["table", "key", "next", "missing"], "http": ["url", "next", "failed"],
    "event": ["webhook", "event", "next"],
    "consent": ["prompts", "next", "refused"], "survey": ["questions", "next"], "gate": ["next", "refused"],
    "callback": ["queue", "failed"], "record": ["next", "empty", "failed"],
    "voicemail": ["queue", "next", "empty", "failed"], "silence_check": ["next", "silent"],
}  # fmt: skip


def changed(path: Path_, value: Any) -> dict[str, Any]:
    tree = copy.deepcopy(TREE)
    at: Any = tree
    for part in path[:-1]:
        at = at[part]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return tree


def by_rule() -> Iterator[tuple[str, dict[str, Any], Path_, str]]:
    """A name, the flow, the path whose line is to be named, and a part of the message."""
    nodes: dict[str, dict[str, Any]] = TREE["nodes"]
    for name, node in nodes.items():
        for key, value in node.items():
            here: Path_ = ("nodes", name, key)
            if key in NEEDED.get(node["kind"], ()):
                yield f"{name} without {key}", changed(here, None), here, "is missing"
            if isinstance(value, str) and value in nodes and key != "flow":
                yield f"{name}.{key} to nowhere", changed(here, "nirgendwo"), here, "unknown node 'nirgendwo'"
            if key not in {"body", "items"}:
                yield f"{name}.{key} in a list in a list", changed(here, [["x"]]), here, ""
        kind = f"{node['kind']}x"
        yield f"{name} of kind {kind}", changed(("nodes", name, "kind"), kind), ("nodes", name, "kind"), kind
        yield f"{name} with a key too many", changed(("nodes", name, "zzz"), "1"), ("nodes", name, "zzz"), "unknown key"
        yield f"{name} is a text", changed(("nodes", name), "text"), ("nodes", name), "must be a mapping"


RULED = list(by_rule())


def test_there_are_more_than_a_hundred_of_each() -> None:
    assert len(SLIPS) >= 100
    assert len(RULED) >= 100
    assert {node["kind"] for node in TREE["nodes"].values()} - {"hang_up", "goto"} == set(NEEDED)


@pytest.mark.parametrize(("tree", "path", "part"), [row[1:] for row in RULED], ids=[row[0] for row in RULED])
def test_a_slip_made_by_rule_is_told_with_its_line(small: Small, tree: dict[str, Any], path: Path_, part: str) -> None:
    text = yaml.dump(tree, sort_keys=False, allow_unicode=True)
    document = parse(text.encode(), FILE)
    lines = {document.position(path)[0], document.position(path, at_key=True)[0]}
    found = mistakes(small, text)
    assert any(told(found, line, part) for line in lines), f"{lines}: {part} is none of {[str(m) for m in found]}"
