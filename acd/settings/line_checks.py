"""Checks trunks and numbers: what stands between callers and the flows.

Decides when two lines or two numbers are the same. Must not know queues or agents.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from acd.settings.build import prefixes_of
from acd.settings.fields import quoted
from acd.settings.files import GatewaySection
from acd.settings.names import Names, refer
from acd.settings.sources import Sources
from acd.settings.surroundings import one_of
from acd.settings.yaml_marks import Document, Path_

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_MAX_PORT = 65535


def check(sources: Sources, names: Names) -> None:
    """Note every mistake of both files."""
    _check_trunks(sources, names)
    _check_access_codes(sources, names)


def _check_trunks(sources: Sources, names: Names) -> None:
    document, model = sources.trunks.document, sources.trunks.model
    if model is None:
        return
    for name, gateway in model.gateways.items():
        refer(document, ("gateways", name, "trunk"), gateway.trunk, names.trunks, "trunk")
        if gateway.register_at:
            one_of(document, ("gateways", name, "register_at"), "password")
    pbx_of = {name: trunk.pbx for name, trunk in model.trunks.items()}
    _check_addresses(document, model.gateways, pbx_of)
    claimed: list[tuple[str, str, Path_]] = [
        (f"PJSIP/{name}", gateway.trunk, ("gateways", name)) for name, gateway in model.gateways.items()
    ]
    for name, trunk in model.trunks.items():
        if not prefixes_of(name, model) and sources.trunks.whole:
            document.add(("trunks", name), "no channel can belong to it: it has neither a gateway nor channel_prefixes")
        claimed += [(p, name, ("trunks", name, "channel_prefixes", n)) for n, p in enumerate(trunk.channel_prefixes)]
    for number, (prefix, mine, path) in enumerate(claimed):
        for other, owner, _ in claimed[:number]:
            if _same_channels(prefix, other) and pbx_of.get(mine) == pbx_of.get(owner):
                document.add(path, f"{prefix} overlaps {other} of trunk '{owner}'", at_key=path[0] == "gateways")
                break


def _same_channels(one: str, other: str) -> bool:
    """Whether a channel's name can begin with both: ``PJSIP/gw1`` also begins ``PJSIP/gw1-b-00000001``."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in {"", "-", "/"}


def _check_addresses(
    document: Document, gateways: Mapping[str, GatewaySection], pbx_of: Mapping[str, str | None]
) -> None:
    seen: dict[tuple[str | None, str], str] = {}
    for name, gateway in gateways.items():
        pbx = pbx_of.get(gateway.trunk)
        for number, address in enumerate(gateway.match):
            path = ("gateways", name, "match", number)
            if not _is_address(address):
                document.add(path, f"{quoted(address)} is no address, address:port, network or host name")
            elif (pbx, address) in seen:
                document.add(path, f"{address} already belongs to gateway '{seen[pbx, address]}'")
            seen.setdefault((pbx, address), name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        host, colon, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
        if colon and not (port.isdecimal() and port.isascii() and 0 < int(port[:6]) <= _MAX_PORT):
            return False
        if re.fullmatch(r"[0-9.]+", host):
            return _is_ip(host)
        return bool(_HOST.fullmatch(host))
    return True


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _check_access_codes(sources: Sources, names: Names) -> None:
    document, model = sources.access_codes.document, sources.access_codes.model
    if model is None:
        return
    seen: dict[str, str] = {}
    for code, section in model.access_codes.items():
        path: Path_ = ("access_codes", code)
        refer(document, (*path, "flow"), section.flow, names.flows, "flow")
        for number, where in [(code, path), *((n, (*path, "also", i)) for i, n in enumerate(section.also))]:
            clash = next((n for n in seen if n.startswith(number) or number.startswith(n)), None)
            if clash is not None:
                document.add(
                    where, f"overlaps {clash}{_of(seen[clash], clash)}: one begins with the other", at_key=where == path
                )
            seen.setdefault(number, code)


def _of(code: str, number: str) -> str:
    return "" if code == number else f" (of {code})"
