"""Checks nodes that ask callers something: keys used twice, input nobody can give, patterns that could take for ever.

Must not know where nodes lead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from acd.settings import talk_nodes, way_nodes
from acd.settings.flow_file import FlowFile, NodeSection
from acd.settings.names import refer
from acd.settings.sources import Sources
from acd.settings.yaml_marks import Document, Path_

_LONGEST_PATTERN = 100
_MOST_REPETITIONS = 4
_REPETITION = re.compile(r"[*+?]|\{[0-9]*,?[0-9]*\}")


def check_menu(document: Document, path: Path_, node: talk_nodes.Menu) -> None:
    """A key may mean one thing."""
    for name in ("repeat", "back"):
        key = getattr(node, name)
        if key is not None and key in node.choices:
            document.add((*path, name), f"key {key} is a choice already")
    if node.repeat is not None and node.repeat == node.back:
        document.add((*path, "back"), f"key {node.back} repeats the menu already")


def check_collect(document: Document, path: Path_, node: talk_nodes.Collect, flow: FlowFile) -> None:
    """The input asked for can be given."""
    if node.min_digits > node.max_digits:
        document.add((*path, "min_digits"), f"is more than max_digits ({node.max_digits})")
    below: Path_ = (*path, "check")
    check = node.check
    if check.pattern is not None:
        _check_pattern(document, (*below, "pattern"), check.pattern)
    if check.least is not None and check.most is not None and check.least > check.most:
        document.add((*below, "least"), f"is more than most ({check.most})")
    if check.date is not None and not node.min_digits <= len(check.date) <= node.max_digits:
        document.add((*below, "date"), f"needs {len(check.date)} digits, which min_digits and max_digits do not allow")
    given = flow.variables.get(node.variable)
    allowed = ("date", "text") if check.date is not None else ("digits", "text", "number")
    if given is not None and given not in allowed:
        document.add(
            (*path, "variable"), f"'{node.variable}' is a {given}; what is collected is {' or '.join(allowed)}"
        )


def _check_pattern(document: Document, path: Path_, pattern: str) -> None:
    if len(pattern) > _LONGEST_PATTERN:
        return document.add(path, f"is longer than {_LONGEST_PATTERN} characters")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return document.add(path, f"is no regular expression: {error}")
    # Repetitions of groups, or many in a row, can take for ever on input that almost matches.
    if re.search(r"\)\s*[*+?{]", pattern) or len(_REPETITION.findall(pattern)) > _MOST_REPETITIONS:
        return document.add(path, f"may repeat single characters only, at most {_MOST_REPETITIONS} times in a pattern")
    return None


def check_consent(document: Document, path: Path_, node: talk_nodes.Consent) -> None:
    """Yes and no are different keys."""
    if node.accept == node.refuse:
        document.add((*path, "accept"), f"key {node.accept} refuses already")


def check_survey(document: Document, path: Path_, node: talk_nodes.Survey, flow: FlowFile) -> None:
    """Questions can be answered, and their variables are numbers."""
    for name, question in node.questions.items():
        below: Path_ = (*path, "questions", name)
        if question.least > question.most:
            document.add((*below, "least"), f"is more than most ({question.most})")
        if question.variable is not None and refer(
            document, (*below, "variable"), question.variable, flow.known_variables, "variable"
        ):
            type_ = flow.types[question.variable]
            if type_ != "number":
                document.add((*below, "variable"), f"'{question.variable}' is {type_}; an answer is a number")
    if node.terminator.isdecimal():
        document.add((*path, "terminator"), "a digit cannot end a number")


def check_gate(sources: Sources, document: Document, path: Path_, node: way_nodes.Gate) -> None:
    """The lists exist."""
    for name in ("allow", "block"):
        table = getattr(node, name)
        if table is not None:
            refer(document, (*path, name), table, frozenset(sources.tables), "table")


def check_after(
    document: Document,
    path: Path_,
    after: str,
    flow: FlowFile,
    edges: Callable[[NodeSection], Iterator[tuple[Path_, str]]],
) -> None:
    """After a conversation no second one may follow: the contact has one record and one recording."""
    seen: set[str] = set()
    ahead = [after]
    while ahead:
        name = ahead.pop()
        node = flow.nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if isinstance(node, way_nodes.Queue | way_nodes.CallbackNodeSection | way_nodes.Subflow | way_nodes.Goto) and (
            not isinstance(node, way_nodes.Goto) or node.flow is not None
        ):
            document.add((*path, "after"), f"leads to '{name}': after a conversation no queue or other flow may follow")
            return
        ahead += [target for _, target in edges(node)]
