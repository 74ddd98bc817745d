"""A caller's channel at the moment it is made, read out of the raw stream: half a millisecond before its dialplan runs.

Decides which frame tells of one. A frame cut in two by the network is passed over: this only gains time, and whoever is
missed here is told of by ARI.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_EVENT = b"Event: Newchannel\r\n"
_END = b"\r\n\r\n"
_RINGING = b"4"
"""Channel state of a caller who is not answered; a channel Asterisk dials itself is made with 0."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A caller whose channel was just made."""

    uniqueid: str
    channel: str
    exten: str
    caller: str


def glance(entry: str, on_newcomer: Callable[[Newcomer], None]) -> Callable[[bytes], None]:
    """Return what looks at everything AMI sends for callers made in the context ``entry``."""
    context = f"\r\nContext: {entry}\r\n".encode()

    def look(data: bytes) -> None:
        begin = data.find(_EVENT)
        while begin >= 0:
            end = data.find(_END, begin)
            if end < 0:
                return
            if data.find(context, begin, end) >= 0:
                newcomer = _read(data[begin:end])
                if newcomer is not None:
                    on_newcomer(newcomer)
            begin = data.find(_EVENT, end)

    return look


def _read(frame: bytes) -> Newcomer | None:
    """Look at no more of it than is needed: somebody waits for this."""
    if _header(frame, b"\r\nChannelState: ") != _RINGING:
        return None
    number = _text(frame, b"\r\nCallerIDNum: ")
    return Newcomer(
        uniqueid=_text(frame, b"\r\nUniqueid: "),
        channel=_text(frame, b"\r\nChannel: "),
        exten=_text(frame, b"\r\nExten: "),
        caller="" if number == "<unknown>" else number,
    )


def _header(frame: bytes, name: bytes) -> bytes:
    begin = frame.find(name)
    if begin < 0:
        return b""
    begin += len(name)
    end = frame.find(b"\r\n", begin)
    return frame[begin:end] if end >= 0 else frame[begin:]


def _text(frame: bytes, name: bytes) -> str:
    return _header(frame, name).decode(errors="replace")
