"""Hypothesis strategies for the domain's values, made from their annotations."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=6),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    type(None): st.none(),
}


@cache
def values(type_: Any) -> st.SearchStrategy[Any]:
    """Make a strategy for ``type_``: dataclasses, unions, tuples, dicts, literals, enums, NewTypes, scalars."""
    if type_ in _SCALARS:
        return _SCALARS[type_]
    if hasattr(type_, "__supertype__"):
        return values(type_.__supertype__)
    if is_dataclass(type_) and isinstance(type_, type):
        hints = get_type_hints(type_)
        return st.builds(type_, **{f.name: values(hints[f.name]) for f in fields(type_)})
    if isinstance(type_, type) and issubclass(type_, Enum):
        return st.sampled_from(list(type_))
    return _generic(get_origin(type_), get_args(type_))


def _generic(origin: Any, args: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is Literal:
        return st.sampled_from(args)
    if origin in {Union, types.UnionType}:
        return st.one_of([values(a) for a in args])
    if origin is dict:
        return st.dictionaries(values(args[0]), values(args[1]), max_size=2)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return st.lists(values(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(a) for a in args))
    raise NotImplementedError(f"{origin} {args}")
