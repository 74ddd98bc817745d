import asyncio
from collections.abc import Mapping

from .message import Message
from .utils import CaseInsensitiveDict

class Action(CaseInsensitiveDict):
    as_list: bool | None
    responses: list[Message]
    future: asyncio.Future[Message | list[Message] | None]

    def __init__(self, headers: Mapping[str, str | list[str]], *, as_list: bool | None = None) -> None: ...
    @property
    def id(self) -> str: ...
    @property
    def multi(self) -> bool: ...
    @property
    def completed(self) -> bool: ...
    def add_message(self, message: Message) -> bool: ...
