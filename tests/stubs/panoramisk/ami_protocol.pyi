import asyncio
import logging
from collections import deque
from collections.abc import Mapping

from .actions import Action
from .manager import Manager
from .message import Message

class AMIProtocol(asyncio.Protocol):
    transport: asyncio.Transport
    closed: bool
    queue: deque[str]
    responses: dict[str, Action]
    factory: Manager | None
    version: str | None
    log: logging.Logger

    def send(
        self, data: Action | Mapping[str, str | list[str]], as_list: bool | None = None
    ) -> asyncio.Future[Message | list[Message] | None]: ...
    def data_received(self, data: bytes) -> None: ...
    def handle_message(self, message: Message) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def close(self) -> None: ...
