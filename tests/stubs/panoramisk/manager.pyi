import asyncio
import logging
from collections import deque
from typing import ClassVar

from .actions import Action
from .ami_protocol import AMIProtocol
from .message import Message

class Manager:
    defaults: ClassVar[dict[str, object]]
    loop: asyncio.AbstractEventLoop
    log: logging.Logger
    protocol: AMIProtocol | None
    authenticated: bool
    authenticated_future: asyncio.Future[Message | list[Message] | None] | None
    awaiting_actions: deque[Action]
    pinger: asyncio.TimerHandle | None
    ping_delay: float
    ping_interval: float

    def __init__(self, **config: object) -> None: ...
    def connection_made(self, f: asyncio.Task[tuple[asyncio.BaseTransport, AMIProtocol]]) -> None: ...
    def login(self, future: asyncio.Future[Message | list[Message] | None]) -> bool: ...
    def ping(self) -> None: ...
    def connect(self) -> asyncio.Task[tuple[asyncio.BaseTransport, AMIProtocol]]: ...
    def dispatch(self, event: Message) -> list[str]: ...
    def close(self) -> None: ...
    def connection_lost(self, exc: object) -> None: ...
