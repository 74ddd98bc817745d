"""Logging for the whole process: one line per event, JSON or for the eye, and nobody's number or secret in it.

Everything goes through the same mask, also what libraries log through the standard module. Log events have static
names; what varies stands in keys. Channels' ids and names look like numbers and are let through.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "***"
_SECRET_KEYS = ("password", "passwd", "secret", "token", "authorization", "cookie", "credential")
_NUMBER_KEYS = ("caller", "number", "phone_number", "callerid", "msisdn")
_PLAIN_KEYS = frozenset({"timestamp", "level", "logger"})
_NUMBER = re.compile(r"(?<!\d)(?!(?<=-)0000[0-9a-f]{4}(?![0-9a-f]))\+?\d{7,}+(?!\.\d)")
"""Seven digits and more in a row, but not Asterisk's own: ids (``1763826000.12``) and names (``…-0000001a``)."""
_NAMED_SECRET = re.compile(
    r"((?:password|passwd|secret|token|authorization)[\"']?\s*[=:]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"',;&)]+",
    re.IGNORECASE,
)
_URL_SECRET = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")
_DEEPEST = 6


def mask_number(number: str) -> str:
    """Hide all but the last three characters."""
    return "•" * max(0, len(number) - 3) + number[-3:]


def mask_text(text: str) -> str:
    """Hide calling numbers, ``password=…`` and the like, and passwords in URLs within a text."""
    text = _URL_SECRET.sub(rf"\1{HIDDEN}@", text)
    text = _NAMED_SECRET.sub(rf"\1{HIDDEN}", text)
    return _NUMBER.sub(lambda found: mask_number(found.group()), text)


def mask(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: mask every value by its key and by what it looks like."""
    return {key: value if key in _PLAIN_KEYS else _masked(key, value, _DEEPEST) for key, value in event.items()}


def _masked(key: str, value: Any, depth: int) -> Any:
    lowered = key.lower()
    if any(word in lowered for word in _SECRET_KEYS):
        return value if value is None or isinstance(value, bool) else HIDDEN
    if lowered in _NUMBER_KEYS and value is not None:
        return mask_number(str(value))
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth and isinstance(value, Mapping):
        return {mask_text(str(k)): _masked(str(k), v, depth - 1) for k, v in value.items()}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_masked("", item, depth - 1) for item in value]
    return mask_text(value if isinstance(value, str) else str(value))


def configure_logging(
    style: Literal["json", "console"] = "json", level: str = "INFO", stream: TextIO | None = None
) -> None:
    """Set up structlog and the standard module for the process; a second call replaces the first.

    Args:
        style: ``json`` for machines, ``console`` for a terminal.
        level: the least level that is written, by its standard name.
        stream: where lines go, standard error when not given.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask,
                _renderer(style),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    served = logging.getLogger("aiohttp.server")
    if _without_trace not in served.filters:
        served.addFilter(_without_trace)


def _without_trace(record: logging.LogRecord) -> bool:
    """Tell of bytes that are no HTTP in a line: a trace is of no use, and it quotes what was sent."""
    kind = record.exc_info[0] if record.exc_info else None
    if kind is not None and kind.__module__ == "aiohttp.http_exceptions":
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
    return True


def _renderer(style: Literal["json", "console"]) -> Processor:
    if style == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(serializer=_json)


def _json(event: MutableMapping[str, Any], **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()
