"""Checks what the files say about several Asterisks: who they are, and whose phones and trunks are where.

Decides what must be said so that every call has one Asterisk. Must not know how one is reached.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.settings.files import AcdFile, AgentSection, TrunkSection
from acd.settings.names import Names, refer
from acd.settings.sources import Sources
from acd.settings.surroundings import check_ari_url, check_bind, one_of
from acd.settings.yaml_marks import Document, Path_

ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - to be refused
"""Where a server listens at every address it has."""
ONE = ("ari", "ami", "sip")
"""Sections about a single Asterisk."""


def check(sources: Sources, names: Names) -> None:
    """Note every mistake about them."""
    acd = sources.acd.model
    if acd is None:
        return
    _check_each(sources.acd.document, acd)
    if sources.agents.model is not None:
        _check_places(sources.agents.document, "agents", sources.agents.model.agents, acd)
    if sources.trunks.model is not None:
        _check_places(sources.trunks.document, "trunks", sources.trunks.model.trunks, acd)
    _check_lines(sources, acd, names)


def _check_each(document: Document, acd: AcdFile) -> None:
    one_of(document, ("peers",), "password", optional=True)
    for single in ONE:
        if acd.pbx and (single,) in document.keys:
            document.add((single,), "this stands under pbx for each of several Asterisks", at_key=True)
    if len(acd.pbx) == 1:
        document.add(("pbx",), "a single Asterisk stands under ari and ami; name two here, or none", at_key=True)
    if acd.pbx and acd.peers.lost_after <= acd.fallback.dead_man:
        text = (
            f"must be longer than fallback: dead_man ({acd.fallback.dead_man:g}s), so that who waits has left by then"
        )
        document.add(("peers", "lost_after"), text)
    for name, section in acd.pbx.items():
        path: Path_ = ("pbx", name)
        one_of(document, (*path, "ari"), "password")
        one_of(document, (*path, "ami"), "password")
        check_ari_url(document, (*path, "ari", "url"), section.ari.url)
        check_bind(document, (*path, "sip", "bind"), section.sip.bind)
        if section.address is None and section.sip.bind in ANYWHERE:
            document.add(path, f"address is missing: the others cannot call {section.sip.bind}", at_key=True)
        if section.sip.rtp_from >= section.sip.rtp_to:
            document.add((*path, "sip", "rtp_to"), f"must be above rtp_from ({section.sip.rtp_from})")


def _check_places(
    document: Document, kind: str, sections: Mapping[str, AgentSection] | Mapping[str, TrunkSection], acd: AcdFile
) -> None:
    for name, section in sections.items():
        path: Path_ = (kind, name, "pbx")
        if section.pbx is None and acd.pbx:
            document.add((kind, name), f"pbx is missing: at which of {', '.join(acd.pbx)} is it?", at_key=True)
        elif section.pbx is not None and not acd.pbx:
            document.add(path, "there is one Asterisk only: acd.yaml has no section pbx", at_key=True)
        elif section.pbx is not None:
            refer(document, path, section.pbx, frozenset(acd.pbx), "pbx")


def _check_lines(sources: Sources, acd: AcdFile, names: Names) -> None:
    """Who came in at an Asterisk is called back from there: the other leg is its channel, too."""
    trunks = sources.trunks.model
    if trunks is None or acd.callbacks is None or names.trunks is None:
        return
    out = {trunks.trunks[line.trunk].pbx for line in acd.callbacks.lines if line.trunk in trunks.trunks}
    for pbx in dict.fromkeys(trunk.pbx for trunk in trunks.trunks.values()):
        if pbx in acd.pbx and pbx not in out:
            message = f"no line goes out at '{pbx}', so nobody who called there could be called back"
            sources.acd.document.add(("callbacks", "lines"), message, at_key=True)
