"""From a deployment's settings to what Asterisk is told.

Must not know the syntax of the operator's files, nor Asterisk's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from acd.deploy.plan import (
    AccessCodePlan,
    ContextsPlan,
    DtmfMode,
    FallbackQueuePlan,
    PbxPlan,
    PbxTrunkPlan,
    PeerPlan,
    PhonePlan,
    RegistrationPlan,
    UserPlan,
    WayOutPlan,
)
from acd.domain.errors import DeployError
from acd.domain.flow import TransferNode
from acd.domain.plan import PEER_PREFIX
from acd.settings.values import WAY_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from acd.domain.ids import AgentId, PbxId
    from acd.settings.values import AriSettings, Gateway, OnePbx, Settings

_PJSIP = "PJSIP/"
FALLBACK_QUEUE = "acd-fallback"


def pbx_plan(settings: Settings, *, moh_dir: Path | None = None, pbx_id: str | None = None) -> PbxPlan:
    """Make the plan of Asterisk's files from settings that were loaded with their secrets.

    Of several Asterisks ``pbx_id`` names the one meant: its phones and trunks are written, and the way to the others.
    Agents whose device is no PJSIP endpoint, or who have no password, keep the phone the operator gave them.

    Raises:
        DeployError: a value cannot stand in Asterisk's configuration, or no such Asterisk is configured.
    """
    pbx, plan, here = settings.pbx, settings.plan, _which(settings, pbx_id)
    agents = [agent for agent in plan.agents.values() if agent.pbx == here.id]
    endpoints = {agent.id: agent.device.removeprefix(_PJSIP) for agent in agents if agent.device.startswith(_PJSIP)}
    secret = settings.peer_secret.reveal() if settings.peer_secret else None
    others = [other for other in settings.several if other.id != here.id]
    gateways = [gateway for gateway in pbx.gateways if plan.trunks[gateway.trunk].pbx == here.id]
    members = tuple(endpoints[agent] for agent in pbx.fallback_agents if agent in endpoints)
    trunks = (*map(_trunk, gateways), *_own_trunks(settings, here.id))
    return PbxPlan(
        phones=tuple(_phone(settings, agent, endpoint) for agent, endpoint in endpoints.items()),
        trunks=trunks,
        access_codes=tuple(AccessCodePlan(code.code, FALLBACK_QUEUE) for code in plan.access_codes.values()),
        fallback_queues=(FallbackQueuePlan(FALLBACK_QUEUE, members),),
        ari=_ari(here.ari),
        ami=UserPlan(here.ami.user, here.ami.password.reveal(), here.ami.port, here.ami.host),
        sip_port=here.sip_port,
        sip_bind=here.sip_bind,
        rtp_ports=here.rtp_ports,
        moh_dir=moh_dir,
        dead_man_s=pbx.dead_man_s,
        contexts=ContextsPlan(pbx.context_from_trunk, pbx.context_from_agents, pbx.context_fallback),
        system_name=here.id,
        peers=tuple(PeerPlan(f"{PEER_PREFIX}{other.id}", other.address, secret) for other in others),
        peer_phones=tuple((agent.id, agent.device) for agent in agents) if others else (),
        music_classes=tuple(sorted({queue.music for queue in plan.queues.values()})),
        ways_out=tuple(_from_here(settings, way, here.id) for way in _ways_out(settings)),
    )


def _from_here(settings: Settings, way: WayOutPlan, here: PbxId) -> WayOutPlan:
    """Lead a way out over the Asterisk that has the trunk."""
    there = next(
        other.id
        for other in settings.pbxs
        if way.endpoint in {trunk.endpoint for trunk in _own_trunks(settings, other.id)}
        or any(g.name == way.endpoint and settings.plan.trunks[g.trunk].pbx == other.id for g in settings.pbx.gateways)
    )
    return way if there == here else replace(way, peer=f"{PEER_PREFIX}{there}")


def _ways_out(settings: Settings) -> tuple[WayOutPlan, ...]:
    """Gather the numbers outside that flows hand callers to, by the endpoint that calls them."""
    nodes = (node for flow in settings.plan.flows.values() for node in flow.nodes.values())
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, TransferNode) and node.context.startswith(WAY_OUT):
            found.setdefault(node.context, set()).add(node.extension)
    return tuple(
        WayOutPlan(context, context.removeprefix(WAY_OUT), tuple(sorted(numbers)))
        for context, numbers in sorted(found.items())
    )


def _phone(settings: Settings, agent: AgentId, endpoint: str) -> PhonePlan:
    pbx = settings.pbx
    secret = pbx.phone_passwords.get(agent)
    revealed = secret.reveal() if secret else None
    return PhonePlan(endpoint, revealed, pbx.phone_codecs, cast("DtmfMode", pbx.phone_dtmf_mode))


def _trunk(gateway: Gateway) -> PbxTrunkPlan:
    given = gateway.registration
    registration = None
    if given is not None:
        registration = RegistrationPlan(given.server_uri, given.client_uri, given.user, given.password.reveal())
    return PbxTrunkPlan(
        endpoint=gateway.name,
        match=gateway.match,
        contact=gateway.contact,
        registration=registration,
        codecs=gateway.codecs,
        dtmf_mode=cast("DtmfMode", gateway.dtmf_mode),
    )


def _which(settings: Settings, pbx_id: str | None) -> OnePbx:
    """The only Asterisk, or the one named of several."""
    named = [one for one in settings.pbxs if pbx_id is None or one.id == pbx_id]
    if len(named) != 1:
        known = ", ".join(one.id for one in settings.several) or "there is one, without a name"
        raise DeployError(f"Say which Asterisk is meant: {known}")
    return named[0]


def _own_trunks(settings: Settings, pbx_id: PbxId) -> Iterator[PbxTrunkPlan]:
    """Give the operator's own PJSIP endpoints, which trunks name by their channels' prefix."""
    written = {gateway.name for gateway in settings.pbx.gateways}
    for trunk in [trunk for trunk in settings.plan.trunks.values() if trunk.pbx == pbx_id]:
        for prefix in trunk.channel_prefixes:
            endpoint = prefix.removeprefix(_PJSIP)
            if endpoint not in {prefix, *written}:
                yield PbxTrunkPlan(endpoint, match=())


def _ari(ari: AriSettings) -> UserPlan:
    address = urlsplit(ari.url)
    if address.hostname is None:
        raise DeployError(f"ARI's address {ari.url} names no host")
    return UserPlan(ari.user, ari.password.reveal(), address.port or 80, address.hostname)
