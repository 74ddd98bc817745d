"""Callers who do not keep to the rules, and packets that are no SIP: nothing of them is left a minute later.

``ACD_MISBEHAVING_CALLS`` says how many calls (500 by default), ``ACD_MISBEHAVING_AT_ONCE`` how many at the same time,
``ACD_MISBEHAVING_SEED`` which. ``make soak-misbehave CALLS=10000`` tells how far it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import pytest
import pytest_asyncio

from acd.demo.callers import ADDRESS as CALLERS
from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

UMUM, EARLY = "701", "702"
"""Numbers of a flow that answers at once, and of one that speaks before it does."""
CALLS = int(os.environ.get("ACD_MISBEHAVING_CALLS", "500"))
SEED = int(os.environ.get("ACD_MISBEHAVING_SEED", "1"))
AT_ONCE = int(os.environ.get("ACD_MISBEHAVING_AT_ONCE", "16"))
LEFT_S = 60.0
DEAF_S = 40.0
"""How long a caller is deaf before its port is given back; Asterisk gives up after 32 s (RFC 3261, timer H)."""
TELL_S, MANY = 10.0, 500
"""How often is told how far it is, with more calls than so many."""
AGENTS = {"agent119": 200, "agent120": 180, "agent121": 486, "agent122": 183}
"""How their phones behave: one answers, one only rings, one is busy, one plays early media and is never picked up."""


def speaks_first(queue: str) -> Yaml:
    """A flow that says something before it answers: callers get early media (183)."""
    flow = straight_to(queue)
    flow["nodes"]["sapa"] = {"kind": "play", "prompts": ["bye"], "next": "jawab"}
    return {**flow, "entry": "sapa"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.1,
        trunk_capacity=240,
        overload={"calls_per_second": "200", "burst": "400"},
        # Who is gone without a word waits no longer than this.
        queue={"music": "acd", "ring_timeout": "2s", "max_no_answer": "99", "overflow": {"after": "15s"}},
        flows={"umum": straight_to("q_umum"), "awal": speaks_first("q_umum")},
        access_codes={UMUM: {"flow": "umum"}, EARLY: {"flow": "awal"}},
    )
    async with call_centre(tmp_path_factory.mktemp("misbehaving"), wishes=wishes) as running:
        yield running


# ---------------------------------------------------------------- callers

Way = Callable[[Telephone, Random], Awaitable[None]]


class Deaf(Telephone):
    """Takes no notice of what comes: no ACK, no answer to a BYE, no sound."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Let it go by."""


async def cancel(caller: Telephone, chance: Random) -> None:
    """Give up at any moment, also in that of the answer."""
    call = caller.dial(UMUM)
    await asyncio.sleep(chance.uniform(0, 0.05))
    caller.cancel(call)
    await caller.answered(call)
    if call.status == 200:
        caller.end(call)


async def hang_up(caller: Telephone, chance: Random) -> None:
    """Hang up in any state: at once, while music plays, while a phone rings, while talking."""
    call = await _answered(caller)
    await asyncio.sleep(chance.choice([0.0, chance.uniform(0, 0.1), chance.uniform(0, 2.5)]))
    caller.end(call)


async def end_twice(caller: Telephone, chance: Random) -> None:
    """Hang up again and again."""
    call = await _answered(caller)
    await asyncio.sleep(chance.uniform(0, 0.3))
    for _ in range(3):
        caller.end(call)


async def invite_anew(caller: Telephone, chance: Random) -> None:
    """Re-INVITE faster than it can be answered, then hang up."""
    call = await _answered(caller)
    for _ in range(10):
        call.cseq += 1
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        caller._in_dialog(call, "INVITE", branch, [f"Contact: <sip:{caller.contact}>"], caller._sdp())
        await asyncio.sleep(chance.uniform(0, 0.01))
    await asyncio.sleep(chance.uniform(0, 0.5))
    caller.end(call)


async def vanish(caller: Telephone, chance: Random) -> None:
    """Be answered, and never be heard of again: no BYE, no RTP, no answer to anything."""
    await _answered(caller)
    await asyncio.sleep(chance.uniform(0, 0.3))


async def early_media(caller: Telephone, chance: Random) -> None:
    """Send sound before the answer, then give up, go without a word, or hang up right after it."""
    call = caller.dial(EARLY)
    await asyncio.sleep(chance.uniform(0.1, 1.5))
    if caller.transport is not None and call.media[1]:
        for number in range(20):
            caller.transport.sendto(b"\x80\x08" + number.to_bytes(2, "big") + b"\0" * 8 + b"\xd5" * 160, call.media)
    match chance.randrange(3):
        case 0:
            caller.cancel(call)
            await caller.answered(call)
            if call.status == 200:
                caller.end(call)
        case 1:
            if await caller.answered(call) == 200:
                caller.end(call)
        case _:
            pass


async def never_acknowledge(caller: Telephone, chance: Random) -> None:
    """Call, and take no notice of what comes."""
    caller.dial(UMUM)
    await asyncio.sleep(chance.uniform(0, 0.3))


class Refused(Exception):  # noqa: N818 - it is no error to be refused
    """There was no room on the trunk, or too many came at once."""


async def _answered(caller: Telephone) -> PhoneCall:
    call = caller.dial(UMUM)
    if await caller.answered(call) != 200:
        raise Refused
    return call


WAYS: dict[str, tuple[Way, int]] = {
    "cancel": (cancel, 5),
    "hang_up": (hang_up, 6),
    "end_twice": (end_twice, 2),
    "invite_anew": (invite_anew, 3),
    "vanish": (vanish, 2),
    "never_acknowledge": (never_acknowledge, 2),
    "early_media": (early_media, 3),
}
"""How callers misbehave, and how many of 23 do so."""


# ---------------------------------------------------------------- packets


def _request(number: int, chance: Random, **changes: str) -> bytes:
    parts = {
        "first": f"INVITE sip:{UMUM}@127.0.0.1 SIP/2.0",
        "via": f"Via: SIP/2.0/UDP {CALLERS}:5070;branch=z9hG4bK{chance.randrange(1 << 40):x}",
        "from": f"From: <sip:0999@{CALLERS}>;tag=t{number}",
        "to": f"To: <sip:{UMUM}@127.0.0.1>",
        "id": f"Call-ID: odd-{number}-{chance.randrange(1 << 40):x}",
        "cseq": "CSeq: 1 INVITE",
        "contact": f"Contact: <sip:0999@{CALLERS}:5070>",
        "length": "Content-Length: 0",
        **changes,
    }
    body = parts.pop("body", "")
    return ("\r\n".join(line for line in parts.values() if line) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


def odd_packets(chance: Random) -> list[bytes]:
    """Packets that are almost SIP, in the ways RFC 4475 warns of, and some that are not at all."""
    changes: list[dict[str, str]] = [
        {"id": ""},
        {"via": ""},
        {"cseq": "CSeq: 99999999999999999999 INVITE"},
        {"cseq": "CSeq: 1 OPTIONS"},
        {"cseq": "CSeq: minus one"},
        {"length": "Content-Length: -1"},
        {"length": "Content-Length: 9999"},
        {"length": "Content-Length: 5", "body": "v=0\r\nmuch more than five"},
        {"first": f"INVITE sip:{UMUM}@127.0.0.1 SIP/7.0"},
        {"first": "INVITE"},
        {"first": f"INVITE  sip:{UMUM}@127.0.0.1  SIP/2.0"},
        {"first": f"NEWMETHOD sip:{UMUM}@127.0.0.1 SIP/2.0", "cseq": "CSeq: 1 NEWMETHOD"},
        {"first": "INVITE unknown:scheme SIP/2.0"},
        {"first": f"INVITE sip:{UMUM}@127.0.0.1;lr;%00 SIP/2.0"},
        {"first": "SIP/2.0 200 OK"},
        {"first": "SIP/2.0 99999 what"},
        {"from": "From: <<<sip:>>;tag=;tag="},
        {"from": f'From: "unended <sip:0999@{CALLERS}>;tag=x'},
        {"to": "To: " + "x" * 4000},
        {"contact": "Contact: *"},
        {"contact": "\r\n".join(["Contact: <sip:a@b>"] * 200)},
        {"via": "Via: SIP/2.0/UDP [::1:5060;branch="},
        {"via": "\r\n".join(["Via: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKloop"] * 100)},
        {"max": "Max-Forwards: 0"},
        {"max": "Max-Forwards: 300000"},
        {"require": "Require: nothing-that-exists"},
        {"folded": "Subject: first\r\n \t second\r\n   third"},
        {"bytes": "Subject: \udcff\udcfe\udc80"},
        {"body": "v=0\r\no=\r\nm=audio 999999 RTP/AVP 8\r\n", "type": "Content-Type: application/sdp", "length": ""},
        {"body": "v=0\r\nm=video 0 RTP/AVP\r\nm=", "type": "Content-Type: application/sdp", "length": ""},
        {"type": "Content-Type: multipart/mixed;boundary=", "body": "--\r\n--", "length": ""},
    ]
    packets = [_request(number, chance, **change) for number, change in enumerate(changes)]
    packets += [b"", b"\0" * 200, b"\r\n" * 500, chance.randbytes(1400), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]
    whole = _request(999, chance)
    packets += [whole[: chance.randrange(len(whole))] for _ in range(20)]
    return packets


async def send_odd_packets(centre: Centre, chance: Random) -> int:
    """Send them all from the trunk's address."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(CALLERS, 0))
    packets = odd_packets(chance)
    for packet in packets:
        transport.sendto(packet, centre.site.deployment.sip)
        await asyncio.sleep(0.002)
    transport.close()
    return len(packets)


# ---------------------------------------------------------------- the claim


async def test_nothing_is_left_of_callers_who_misbehave(centre: Centre, capsys: pytest.CaptureFixture[str]) -> None:
    chance = Random(SEED)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each caller keeps a port for a while
    desks = [await centre.phone(agent, manner) for agent, manner in AGENTS.items()]
    room = asyncio.Semaphore(AT_ONCE)
    names = chance.choices(list(WAYS), [share for _, share in WAYS.values()], k=CALLS)
    gone: list[Telephone] = []
    refused: list[int] = []
    done = 0

    async def place(number: int, name: str, own: Random) -> None:
        nonlocal done
        kind = Deaf if name == "never_acknowledge" else Telephone
        async with room:
            caller = kind(f"0813{number:07d}", "", centre.site.deployment.sip, CALLERS)
            await caller.open()
            gone.append(caller)
            try:
                await WAYS[name][0](caller, own)
            except Refused:
                refused.append(number)
            if caller.transport is not None:
                if name == "vanish":
                    caller.transport.close()
                else:
                    asyncio.get_running_loop().call_later(DEAF_S, caller.transport.close)
            done += 1

    async def tell() -> None:
        while True:
            await asyncio.sleep(TELL_S)
            if CALLS <= MANY:
                continue
            with capsys.disabled():
                print(f"{done} of {CALLS} calls", flush=True)

    async def hang_up_now_and_then() -> None:
        while True:
            await asyncio.sleep(0.5)
            for desk in desks:
                for call in desk.calls:
                    if call.status == 200 and not call.over.is_set():
                        desk.end(call)

    agents = asyncio.gather(hang_up_now_and_then(), tell())
    try:
        packets = await send_odd_packets(centre, chance)
        await asyncio.gather(*(place(n, name, Random(SEED * 1_000_003 + n)) for n, name in enumerate(names)))
        packets += await send_odd_packets(centre, chance)
        seen: list[object] = []
        over = asyncio.get_running_loop().time()

        async def nothing_left() -> bool:
            status = await centre.site.api.status()
            seen[:] = [
                await centre.site.left_in_asterisk(),
                [trunk["in_use"] for trunk in status["trunks"]],
                [contact["phase"] for contact in status["contacts"]],
                [agent["id"] for agent in status["agents"] if agent["activity"] in ("offered", "talking")],
            ]
            return seen == [(0, 0), [0], [], []]

        await centre.eventually(nothing_left, lambda: f"left: {seen}", LEFT_S)
        took_s = asyncio.get_running_loop().time() - over
    finally:
        agents.cancel()
        await asyncio.gather(agents, return_exceptions=True)
        for caller in gone:
            if caller.transport is not None:
                caller.transport.close()
    assert len(refused) < CALLS / 2, "most were to misbehave"
    unanswered = [call for one in gone for call in one.calls if call.number == EARLY and call.status != 200]
    early = sum(bool(call.media[1]) for call in unanswered)
    assert early > 0, "sound was to come before the answer"
    after, call = await _calls_well(centre)
    assert (await centre.phase(after, "talking"))["agent"] == "agent119"
    after.end(call)
    with capsys.disabled():
        figures = {
            "calls": Counter(names), "refused": len(refused), "odd_packets": packets, "early_media": early,
            "left": seen, "nothing_left_after_s": round(took_s, 1),
        }  # fmt: skip
        print(json.dumps(figures))
    await centre.everybody_home()


async def _calls_well(centre: Centre) -> tuple[Telephone, PhoneCall]:
    caller = await centre.caller("08139999999", sound=False)
    return caller, await _answered(caller)
