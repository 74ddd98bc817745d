"""Checks a document against its model and says what is wrong with it in an operator's words, each with its position.

Decides how pydantic's errors read, and what remains of a file with mistakes: the parts that are right go on to the
checks, so that one slip does not hide the others. Must not know what any value is for.
"""

from __future__ import annotations

import copy
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from acd.settings.fields import quoted
from acd.settings.yaml_marks import Document, Path_, Value, printable

M = TypeVar("M", bound=BaseModel)
_MAX_ROUNDS = 100
_TAGS = ("kind", "distribution")
"""Keys that tell the members of our unions apart."""
_SECRET_KEYS = {"password", "passwords", "secret", "token", "tokens", "passwd"}


def validate(document: Document, model: type[M]) -> tuple[M | None, bool]:
    """Check a document; give what is right of it (None if nothing is) and whether that is the whole.

    Mistakes go to the document. The bad parts are left out one after the other: a bad key alone where a default or the
    field's example can stand in, otherwise the entry it belongs to.
    """
    if document.value is None:
        return None, False
    value, whole = copy.deepcopy(document.value), True
    for attempt in range(_MAX_ROUNDS):
        try:
            return model.model_validate(value), whole
        except ValidationError as error:
            whole = False
            details = error.errors(include_url=False, include_context=True)
            if not attempt:
                for detail in details:
                    _report(document, model, detail, _path(model, detail))
            for detail in details:
                path = _path(model, detail)
                example = _example(model, detail)
                if example is not None:
                    _put(value, path, example)
                elif not path or not _leave_out(value, path, missing=detail["type"] == "missing"):
                    return None, False
    return None, False


def _path(model: type[BaseModel], detail: ErrorDetails) -> Path_:
    """The path in the file: without pydantic's own marks for a key and for the member of a union."""
    path: list[str | int] = []
    place: Any = model
    for part in detail["loc"]:
        if part == "[key]":
            continue
        place, tag = _below(place, part)
        if not tag:
            path.append(part)
    if detail["type"] == "union_tag_invalid":
        path.append(_tag_of(detail))
    return tuple(path)


def _tag_of(detail: ErrorDetails) -> str:
    """The key that tells the members of a union apart."""
    return str(detail.get("ctx", {}).get("discriminator", "kind")).strip("'")


def _below(place: Any, part: str | int) -> tuple[Any, bool]:
    """The type below ``place``, and whether ``part`` only chose a member of a union."""
    place = _bare(place)
    if isinstance(place, type) and issubclass(place, BaseModel):
        field = place.model_fields.get(str(part))
        return (field.annotation if field else None), False
    if get_origin(place) in {Union, UnionType}:
        for member in get_args(place):
            if any(isinstance(mark, Tag) and mark.tag == part for mark in get_args(member)[1:]):
                return member, True
            if not hasattr(member, "model_fields"):
                continue
            tags = (member.model_fields[tag] for tag in _TAGS if tag in member.model_fields)
            if any(part in get_args(tag.annotation) for tag in tags):
                return member, True
        return None, False
    arguments = get_args(place)
    if get_origin(place) is dict:
        return arguments[1], False
    return (arguments[0] if arguments else None), False


def _bare(place: Any) -> Any:
    """The type without annotations and without ``| None``."""
    if get_origin(place) is Annotated:
        return _bare(get_args(place)[0])
    if get_origin(place) in {Union, UnionType}:
        members = [m for m in get_args(place) if m is not type(None)]
        return _bare(members[0]) if len(members) == 1 else place
    return place


def _holder(model: type[BaseModel], detail: ErrorDetails) -> type[BaseModel] | None:
    """The model whose field an error is about; None below a mapping or a list."""
    place: Any = model
    for part in detail["loc"][:-1]:
        if part != "[key]":
            place, _ = _below(place, part)
    place = _bare(place)
    return place if isinstance(place, type) and issubclass(place, BaseModel) else None


def _known_keys(model: type[BaseModel], detail: ErrorDetails) -> list[str]:
    holder = _holder(model, detail)
    return [field.alias or name for name, field in holder.model_fields.items()] if holder else []


def _example(model: type[BaseModel], detail: ErrorDetails) -> str | None:
    """What can stand in for a required value that is missing or bad, so that its entry still takes part in checks."""
    holder = _holder(model, detail)
    field = holder.model_fields.get(str(detail["loc"][-1])) if holder and detail["loc"] else None
    return str(field.examples[0]) if field and field.is_required() and field.examples else None


def did_you_mean(word: str, known: list[str]) -> str:
    """The end of a message about an unknown word: the nearest known one, or nothing."""
    near = get_close_matches(word, known, 1)
    return f"; did you mean '{printable(near[0])}'?" if near else ""


def _report(document: Document, model: type[BaseModel], detail: ErrorDetails, path: Path_) -> None:
    at_key = detail["type"] == "extra_forbidden" or detail["loc"][-1:] == ("[key]",)
    document.add(path, _message(model, detail), at_key=at_key)


def _message(model: type[BaseModel], detail: ErrorDetails) -> str:
    context, given = detail.get("ctx", {}), detail["input"]
    match detail["type"]:
        case "acd":
            return str(context["message"])
        case "missing":
            return "is missing"
        case "union_tag_not_found":
            if not isinstance(given, dict):
                return "must be a mapping (key: value)"
            return "the node's kind is missing" if _tag_of(detail) == "kind" else f"{_tag_of(detail)} is missing"
        case "extra_forbidden":
            key = str(detail["loc"][-1])
            known = _known_keys(model, detail)
            if key in _SECRET_KEYS:
                return f"a secret does not belong in this file; use {_secret_keys(known)}"
            return f"unknown key{did_you_mean(key, known) or '; known are ' + ', '.join(known)}"
        case "literal_error" | "enum" | "union_tag_invalid":
            allowed = str(context.get("expected") or context.get("expected_tags")).replace(" or ", ", ")
            names = [name.strip("' ") for name in allowed.split(",")]
            word = given.get(_tag_of(detail)) if isinstance(given, dict) else given
            if not isinstance(word, str):
                return "must be text"
            meant = did_you_mean(word, names)
            if meant and detail["type"] == "union_tag_invalid" and _tag_of(detail) == "kind":
                return f"{quoted(word)} is not known here{meant}"  # there are too many kinds of nodes to list
            return f"{quoted(word)} is none of {', '.join(names)}{meant}"
        case kind:
            return _plain_message(kind, context, given)


def _plain_message(kind: str, context: dict[str, Any], given: Any) -> str:
    match kind:
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {quoted(str(given))}"
        case "less_than_equal":
            return f"must be at most {_number(context['le'])}, not {quoted(str(given))}"
        case "greater_than":
            return f"must be more than {_number(context['gt'])}"
        case "too_short":
            return "must not be empty: at least one is needed"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"must be a mapping (key: value), {_is(given)}"
        case "list_type" | "tuple_type":
            return f"must be a list ([a, b] or lines with -), {_is(given)}"
        case _:
            return "is not what is expected here"


def _number(value: float) -> str:
    return "86400s (a day)" if value == 86400 else f"{value:g}"  # noqa: PLR2004 - the bound of every duration


def _is(given: Any) -> str:
    if given == "":
        return "but is empty"
    return (
        f"not {'a list' if isinstance(given, list) else 'a mapping' if isinstance(given, dict) else quoted(str(given))}"
    )


def _secret_keys(known: list[str]) -> str:
    return " or ".join(k for k in known if k.endswith(("_env", "_file"))) or "the environment or a file of its own"


def _leave_out(value: Value, path: Path_, *, missing: bool) -> bool:
    """Take a bad part out of its mapping; a part already gone is fine. False when nothing would be left."""
    path = path[:-1] if missing else path
    while path and isinstance(path[-1], int):
        path = path[:-1]  # lists keep their places: a list with a bad part goes as a whole
    if not path:
        return False
    holder = _at(value, path[:-1])
    if isinstance(holder, dict):
        holder.pop(str(path[-1]), None)
    return True


def _put(value: Value, path: Path_, example: str) -> None:
    holder = _at(value, path[:-1])
    if isinstance(holder, dict):
        holder[str(path[-1])] = example


def _at(value: Value, path: Path_) -> Value | None:
    """The value at a path; None where an earlier mistake has taken it away."""
    at: Any = value
    for part in path:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            return None
    return at  # type: ignore[no-any-return] # a path leads from value to value
