"""JSON Schema (draft 2020-12) of each kind of file, for editors that check YAML while it is written.

Decides how the models look to an editor. It reads YAML 1.2, where ``30`` is a number and ``true`` a boolean, while our
loader keeps text. So numbers and flags are described as an editor sees them, and a text that may look like a number (an
access code, a flow called 169) is allowed to be one. Keys are text to both. What files say about each other is beyond a
schema; ``acd check`` tells. Must not read any file.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from acd.settings.fields import DURATION_PATTERN
from acd.settings.flow_file import FlowFile
from acd.settings.prompt_files import PromptsFile
from acd.settings.sources import CONFIG_FILES

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS: dict[str, type[BaseModel]] = {
    **{name.removesuffix(".yaml"): model for name, model in CONFIG_FILES.items()},
    "prompts": PromptsFile,
    "flow": FlowFile,
}
"""File kinds: the files of config/ by name, prompts and flow."""


def schema(kind: str) -> dict[str, Any]:
    """The schema of one kind of file. Raises KeyError for a kind that is none."""
    made = describe(kind, KINDS[kind])
    if kind == "acd":
        made["required"] = ["api", "languages"]
        made["anyOf"] = [{"required": ["ari", "ami"]}, {"required": ["pbx"]}]
    return made


def describe(kind: str, model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model of files of a kind."""
    made = _tidy(model.model_json_schema(schema_generator=_Described))
    return {"$schema": _DIALECT, "title": f"acd: {kind}", **{k: v for k, v in made.items() if k != "title"}}


class _Described(GenerateJsonSchema):
    """Describes fields by the docstrings below them."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        for part in cast("type[BaseModel]", schema["cls"]).__mro__:
            if issubclass(part, BaseModel) and part is not BaseModel:
                for name, text in _docstrings(part).items():
                    made["properties"][name].setdefault("description", text)
        return made


@cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field of a class, by the field's name."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    body = cast("ast.ClassDef", tree).body
    found = {}
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = inspect.cleandoc(text)
    return found


def _tidy(node: Any) -> Any:
    """Leave out null (no value of ours is null), titles made from names, and the lines' ends in descriptions."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {k: v for k, v in node.items() if not (k == "title" and isinstance(v, str))}
    if "default" in kept and (kept["default"] is None or isinstance(kept["default"], dict)):
        del kept["default"]
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    if kept.get("pattern") == DURATION_PATTERN and "default" in kept:
        kept["default"] = f"{kept['default']:g}s"
    elif kept.get("type") == "string" and isinstance(kept.get("default"), float):
        del kept["default"]  # as a number it says nothing of the text to write
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    if isinstance(kept.get("anyOf"), list):
        choices = [c for c in kept.pop("anyOf") if c != {"type": "null"}]
        kept = {**choices[0], **kept} if len(choices) == 1 else {**kept, "anyOf": choices}
    return {k: _tidy(v) for k, v in kept.items()}
