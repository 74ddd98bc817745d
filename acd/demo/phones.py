"""The agents' phones: one SIPp registers them all and answers for them all, on one socket, with one tone.

Decides how phones behave: how long they ring and talk. Must not know agents beyond their names and passwords.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from acd.demo import children
from acd.demo.audio import AGENT_HZ, tone
from acd.deploy.toolchain import ToolSet

ADDRESS = "127.0.0.3"
LOG = "times.log"
_TONE_SAMPLES = 8000


@dataclass(frozen=True, slots=True)
class Manner:
    """How phones answer, in milliseconds: each value is drawn evenly between the two bounds."""

    ring_ms: tuple[int, int] = (400, 2500)
    talk_ms: tuple[int, int] = (4000, 12000)
    scenario: str = "phone"
    """The scenario that answers."""
    registered: bool = True
    """False: Asterisk knows where the phones are."""
    log: bool = False
    """What the scenario logs is kept in the phones' folder, in ``LOG``."""


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def scenario(name: str, folder: Path, **values: int) -> str:
    """Write a scenario, its ``@{name}`` filled, into the folder where SIPp looks for its sound; give its name."""
    text = (resources.files("acd.demo") / "scenarios" / f"{name}.xml").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{{{key}}}", str(value))
    (folder / f"{name}.xml").write_text(text, encoding="utf-8")
    return f"{name}.xml"


def registrations(passwords: Mapping[str, str]) -> str:
    """Make the injection file of ``register.xml``."""
    lines = (f"{name};[authentication username={name} password={word}]" for name, word in passwords.items())
    return "\n".join(("SEQUENTIAL", *lines)) + "\n"


async def start(
    tools: ToolSet,
    folder: Path,
    sip: tuple[str, int],
    passwords: Mapping[str, str],
    manner: Manner,
    ports: tuple[int, int, int],
) -> children.Child:
    """Start the phones; they register at once if they do at all.

    Args:
        tools: where SIPp is.
        folder: for the injection files and logs.
        sip: Asterisk's address.
        passwords: by endpoint.
        manner: how they answer.
        ports: their SIP port, first and last RTP port.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    write_private(folder / "phones.csv", registrations(passwords))
    manners = {
        "ring_min": manner.ring_ms[0],
        "ring_max": manner.ring_ms[1],
        "talk_min": manner.talk_ms[0],
        "talk_max": manner.talk_ms[1],
    }
    (folder / "agent.alaw").write_bytes(tone(AGENT_HZ, _TONE_SAMPLES))
    answers = scenario(manner.scenario, folder, **manners)
    registers = ("-sf", scenario("register", folder), "-inf", "phones.csv", "-users", str(len(passwords)))
    argv = [
        *tools.argv("sipp"),
        *((*registers, "-rxsf", answers) if manner.registered else ("-sf", answers)),
        *(("-trace_logs", "-log_file", LOG) if manner.log else ()),
        *("-i", ADDRESS, "-bind_local", "-p", str(ports[0]), "-mi", ADDRESS),
        *("-min_rtp_port", str(ports[1]), "-max_rtp_port", str(ports[2])),
        *quiet("phones"),
        f"{sip[0]}:{sip[1]}",
    ]
    return await children.start("the phones (SIPp)", argv, folder / "phones.out", folder, tools.env())


def quiet(name: str) -> Iterable[str]:
    """SIPp options: no keyboard, its control port on loopback, no screen every second, errors to a file."""
    return ("-nostdin", "-ci", "127.0.0.1", "-f", "3600", "-skip_rlimit", "-trace_err", "-error_file", f"{name}.err")
