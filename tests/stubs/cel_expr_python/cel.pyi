from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

class Type:
    BOOL: ClassVar[Type]
    INT: ClassVar[Type]
    STRING: ClassVar[Type]
    ERROR: ClassVar[Type]
    def name(self) -> str: ...

class Value:
    def type(self) -> Type: ...
    def value(self) -> Any: ...

class Expression:
    def eval(self, *, data: Mapping[str, Any]) -> Value: ...
    def return_type(self) -> Type: ...
    def serialize(self) -> bytes: ...

class Env:
    def compile(self, expression: str) -> Expression: ...

class CelExtensionBase: ...

class Overload:
    def __init__(
        self, name: str, /, *, return_type: Type, parameters: Sequence[Type], impl: Callable[..., Any]
    ) -> None: ...

class FunctionDecl:
    def __init__(self, name: str, overloads: Sequence[Overload]) -> None: ...

def NewEnv(  # noqa: N802 - the library's name
    *,
    variables: Mapping[str, Type],
    extensions: Sequence[CelExtensionBase] = ...,
    functions: Sequence[FunctionDecl] = ...,
) -> Env: ...
